import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { activate, AtClient, generateAtKeys } from "@atsign/atsdk";
import type { ReadyLine } from "../conformance/ready-line.ts";
import { withSandboxCommand } from "../conformance/run-profile.ts";
import { runOptions } from "../run-options.ts";
import { cases, type World } from "./cases.ts";
import { cClient, javaClient, type OtherClient, pythonClient } from "./clients.ts";

/**
 * `npm run interop -- [--python DIR] [--java CLASSPATH] [--c PREFIX] [--authority FOLDER]`: other clients against our
 * sandbox and our SDK. With `--authority` the sandbox's certificates come from the `ca.pem` and `ca.key` there, which
 * are made when missing: a client with a list of its own is built with that `ca.pem`.
 */
const values = runOptions(
  "interop",
  "Other clients against our sandbox and our SDK; those not given are not run.",
)
  .option("--python <dir>", "folder of at_python")
  .option("--java <classpath>", "of at_java, compiled")
  .option("--c <prefix>", "where at_c is installed")
  .option("--authority <folder>", "with ca.pem and ca.key for the sandbox; made when missing")
  .parse()
  .opts<{ python?: string; java?: string; c?: string; authority?: string }>();
const given: readonly OtherClient[] = [
  ...(values.python === undefined ? [] : [pythonClient(path.resolve(values.python))]),
  ...(values.java === undefined ? [] : [javaClient(values.java)]),
  ...(values.c === undefined ? [] : [cClient(path.resolve(values.c))]),
];
const authorityFiles = ["ca.pem", "ca.key"];
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Copies the authority between the given folder and the sandbox's. */
function copyAuthority(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of authorityFiles) copyFileSync(path.join(from, name), path.join(to, name));
}

/** A client of ours with a new atSign, twice: as it is, and writing for older clients. */
async function ours(ready: ReadyLine, ca: string): Promise<Pick<World, "us" | "usForOlder">> {
  const atSign = "@ours";
  const keys = await generateAtKeys();
  const options = { atSign, keys, directory: ready, ca };
  await activate({ ...options, cramSecret: ready.cram[atSign] ?? "" });
  const us = await AtClient.open(options);
  return { us, usForOlder: await AtClient.open({ ...options, compatibility: { zeroIv: true } }) };
}

/** Runs all cases with one client and prints a line for each; how many failed. */
async function proveClient(client: OtherClient, world: Omit<World, "client" | "them">): Promise<number> {
  const them = client.start(world.place);
  let failed = 0;
  for (const { name, unable, run } of cases) {
    const reason = unable?.(client);
    if (reason !== undefined) {
      say(`${client.name.padEnd(8)} -      ${name} (${reason})`);
      continue;
    }
    try {
      await run({ ...world, client, them });
      say(`${client.name.padEnd(8)} ok     ${name}`);
    } catch (error) {
      failed += 1;
      say(
        `${client.name.padEnd(8)} FAILED ${name}\n${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  await them.end();
  return failed;
}

const folder = mkdtempSync(path.join(tmpdir(), "countersign-interop-"));
const sandboxFolder = path.join(folder, "data", "at-servers");
const authority = values.authority === undefined ? undefined : path.resolve(values.authority);
if (authority !== undefined && existsSync(path.join(authority, "ca.pem")))
  copyAuthority(authority, sandboxFolder);
const atSigns = ["@ours", ...given.map(({ name }) => `@${name}`)].join(",");
try {
  await withSandboxCommand({ atSigns, profile: "default", folder, isNew: true }, async (ready) => {
    if (authority !== undefined) copyAuthority(sandboxFolder, authority);
    const ca = readFileSync(ready.ca, "utf8");
    const { us, usForOlder } = await ours(ready, ca);
    for (const client of given) {
      const atSign = `@${client.name}`;
      const place = {
        folder: path.join(folder, client.name),
        atSign,
        directory: ready,
        caFile: ready.ca,
        ca,
      };
      mkdirSync(place.folder);
      const cramSecret = ready.cram[atSign] ?? "";
      if ((await proveClient(client, { place, cramSecret, us, usForOlder })) > 0) process.exitCode = 1;
    }
    await Promise.all([us.close(), usForOlder.close()]);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const name of ["python", "java", "c"] as const)
  if (values[name] === undefined) say(`${name.padEnd(8)} not run: give --${name}`);
