import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type AtKeys, generateAtKeys, readAtKeysFile, toAtSign, writeAtKeysFile } from "@atsign/atsdk";
import { makeFolder } from "../../adapters/store/make-folder.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { serve } from "../processes/serve.ts";
import { answer, answerJson } from "./output.ts";

/** The one profile whose data go with the process. */
const disposable = "disposable-atsign";

/** Apart from the demo's own atServers, whose keys must not change. */
const folderIn = (data: string) => path.join(data, "at-servers");

interface SandboxOptions {
  readonly atsigns?: string;
  readonly keys?: string;
  readonly profile: string;
  readonly join?: string;
  readonly json?: boolean;
}

/** Without atSigns the demo's whole outside world; with them just an atDirectory and those atServers. */
export function sandbox(settings: Settings, config: CompanyConfig, o: SandboxOptions): Promise<void> {
  return o.atsigns === undefined ? demoWorld(settings, config) : atServers(settings, o.atsigns, o);
}

function demoWorld(settings: Settings, config: CompanyConfig): Promise<void> {
  return serve(async () => {
    const { startSandbox } = await import("../processes/sandbox.ts");
    const { allAtSigns } = await import("../processes/setup.ts");
    const { makeRuntimeFolder } = await import("../processes/runtime-folder.ts");
    const { loadAgents } = await import("../load.ts");
    makeRuntimeFolder(settings.runtime);
    const { people } = await import("../sandbox/company/customers.ts");
    const deciders = people.filter(({ roles }) => /manager|admin/.test(roles));
    // So that countersigning can be tried: nobody has their keys until "inbox new" makes them.
    return startSandbox(settings, [
      ...allAtSigns(config, await loadAgents()),
      ...deciders.map(({ id }) => config.atSignOf(id)),
    ]);
  });
}

/** With a key folder the atSigns are ready for use: their keys are in it, made when missing, and known to the servers. */
async function atServers(settings: Settings, list: string, o: SandboxOptions): Promise<void> {
  const { profileBehaviour } = await import("../sandbox/at-server/behaviour.ts");
  const behaviour = profileBehaviour(o.profile);
  const atSigns = list.split(",").map((name) => atSignIn(name.trim(), list));
  if (new Set(atSigns).size < atSigns.length)
    throw new AppError("usage", `--atsigns ${list}: names an atSign twice`);
  const keyFolder = o.keys === undefined ? undefined : path.resolve(o.keys);
  await serve(async () => {
    const { startAtSandbox } = await import("../sandbox/at-server/start-at-sandbox.ts");
    const keys = keyFolder === undefined ? undefined : await keysIn(keyFolder, atSigns);
    const temporary =
      o.profile === disposable ? await mkdtemp(path.join(os.tmpdir(), "countersign-at-")) : undefined;
    const { host, name, ports } = settings.sandbox;
    const server = await startAtSandbox({
      dataDir: temporary ?? folderIn(settings.data),
      host,
      ...(name === undefined ? {} : { publicHost: name }),
      ...(ports["directory"] === undefined ? {} : { directoryPort: ports["directory"] }),
      atSigns,
      behaviour,
      ...(keys === undefined ? {} : { keys }),
      ...(o.join === undefined ? {} : { join: folderIn(path.resolve(o.join)) }),
    });
    const { directory, caFile, cramSecrets, addresses } = server;
    const info = {
      type: "ready",
      ...directory,
      directory,
      ca: caFile,
      ...(keyFolder === undefined ? {} : { keys: keyFolder }),
      profile: o.profile,
      atSigns: addresses,
    };
    if (o.json === true) {
      answerJson({ ...info, cram: cramSecrets });
    } else {
      answer(`atDirectory ${directory.host}:${directory.port}, CA ${caFile}, keys in ${keyFolder ?? "none"}`);
    }
    return {
      info,
      async stop() {
        await server.close();
        if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
      },
    };
  });
}

function atSignIn(name: string, list: string): string {
  try {
    return toAtSign(name);
  } catch (error) {
    // What it says names the atSign and what was expected.
    throw new AppError("usage", `--atsigns ${list}: ${error instanceof Error ? error.message : name}`);
  }
}

/** Reads the atSigns' key files and makes those that are missing. */
async function keysIn(folder: string, atSigns: readonly string[]): Promise<Record<string, AtKeys>> {
  makeFolder(folder);
  const entries = atSigns.map(async (atSign) => {
    const file = path.join(folder, `${atSign}_key.atKeys`);
    if (existsSync(file)) return [atSign, await readAtKeysFile(file)] as const;
    const keys = await generateAtKeys();
    await writeAtKeysFile(file, keys);
    return [atSign, keys] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
