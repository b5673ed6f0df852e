import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { activate, generateAtKeys, type HostAndPort, writeAtKeysFile } from "@atsign/atsdk";
import { Driver } from "./driver.ts";

/** Where one client keeps its files, and the sandbox that it is to find. */
export interface Place {
  readonly folder: string;
  readonly atSign: string;
  readonly directory: HostAndPort;
  readonly caFile: string;
  readonly ca: string;
}

export interface OtherClient {
  readonly name: "python" | "java" | "c";
  /** What the client is good for, as its version has it. */
  readonly can: {
    readonly activate: boolean;
    /** Encrypts notifications itself; otherwise it sends texts as they are. */
    readonly sealsNotifications: boolean;
    /** Reads stored values with an initialisation vector of their own; otherwise only those with the legacy one. */
    readonly readsIv: boolean;
  };
  start(place: Place): Driver;
}

const here = import.meta.dirname;

export function keyFile(place: Place): string {
  return path.join(place.folder, ".atsign", "keys", `${place.atSign}_key.atKeys`);
}

const addressOf = ({ atSign, directory }: Place) => [atSign, directory.host, String(directory.port)];

/** at_python: `repository` is its folder; PYTHON names the interpreter that has what it needs. */
export function pythonClient(repository: string): OtherClient {
  return {
    name: "python",
    can: { activate: true, sealsNotifications: true, readsIv: false },
    start: (place) =>
      new Driver(process.env["PYTHON"] ?? "python3", [path.join(here, "driver.py"), ...addressOf(place)], {
        PYTHONPATH: repository,
        PYTHONUTF8: "1",
        PYTHONDONTWRITEBYTECODE: "1",
        SSL_CERT_FILE: place.caFile,
        HOME: place.folder,
      }),
  };
}

/** at_java: `classPath` has the compiled client and what it needs. */
export function javaClient(classPath: string): OtherClient {
  return {
    name: "java",
    can: { activate: true, sealsNotifications: false, readsIv: false },
    start: (place) => {
      const store = path.join(place.folder, "trusted.p12");
      const password = "changeit";
      const from = ["-noprompt", "-alias", "sandbox", "-file", place.caFile];
      const to = ["-keystore", store, "-storepass", password];
      execFileSync("keytool", ["-importcert", ...from, ...to], { stdio: "ignore" });
      const settings = {
        "file.encoding": "UTF-8",
        "stdout.encoding": "UTF-8",
        "user.home": place.folder,
        "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStorePassword": password,
      };
      const options = Object.entries(settings).map(([key, value]) => `-D${key}=${value}`);
      const source = path.join(here, "Driver.java");
      return new Driver("java", [...options, "-cp", classPath, source, ...addressOf(place)], {});
    },
  };
}

/** at_c: `prefix` is where it was installed, built with the sandbox's authority in its list. It cannot activate. */
export function cClient(prefix: string): OtherClient {
  return {
    name: "c",
    can: { activate: false, sealsNotifications: true, readsIv: true },
    start: (place) => {
      const program = path.join(place.folder, "driver");
      const lib = path.join(prefix, "lib");
      const names = ["atclient", "atchops", "atlogger", "cjson", "uuid4-static", "mbedtls", "mbedx509"];
      const libraries = [...names, "mbedcrypto", "everest", "p256m"].map((name) => `-l${name}`);
      const source = [path.join(here, "driver.c"), `-I${path.join(prefix, "include")}`];
      const linked = [`-L${lib}`, ...libraries, `-Wl,-rpath,${lib}`];
      execFileSync("cc", ["-o", program, ...source, ...linked], { stdio: ["ignore", "ignore", "inherit"] });
      return new Driver(program, addressOf(place), {});
    },
  };
}

/** For clients that cannot activate themselves: our SDK does it and writes the key file they read. */
export async function activateFor(place: Place, cramSecret: string): Promise<void> {
  const keys = await generateAtKeys();
  mkdirSync(path.dirname(keyFile(place)), { recursive: true });
  await writeAtKeysFile(keyFile(place), keys);
  const { atSign, directory, ca } = place;
  await activate({ atSign, cramSecret, directory, ca, keys });
}
