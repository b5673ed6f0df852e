import { copyFile, rename } from "node:fs/promises";
import path from "node:path";
import { toAtSign } from "@atsign/atsdk";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { loadAgents } from "../load.ts";
import { activateAtSign } from "../processes/activate-at-sign.ts";
import { makeRuntimeFolder } from "../processes/runtime-folder.ts";
import { serve } from "../processes/serve.ts";
import { answer, answerJson, tell } from "./output.ts";

/** The processes of the product, each started on its own as production and containers do. */

export function bot(settings: Settings, config: CompanyConfig): Promise<void> {
  return serve(async (fatal) => {
    makeRuntimeFolder(settings.runtime);
    return (await import("../processes/bot.ts")).startBot(settings, config, fatal);
  });
}
export function gateway(settings: Settings, config: CompanyConfig): Promise<void> {
  return serve(async (fatal) => {
    makeRuntimeFolder(settings.runtime);
    return (await import("../processes/gateway.ts")).startGateway(settings, config, fatal);
  });
}
export function agents(
  settings: Settings,
  config: CompanyConfig,
  which: { readonly names: readonly string[]; readonly instance?: string },
): Promise<void> {
  return serve(async (fatal) => {
    makeRuntimeFolder(settings.runtime);
    return (await import("../processes/agents.ts")).startAgents(settings, config, which, fatal);
  });
}

/** Without atSigns the demo's whole outside world; with them just those atServers, activated, with key files. */
export async function sandbox(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly atsigns?: string; readonly keys?: string; readonly profile: string; readonly json?: boolean },
): Promise<void> {
  if (o.profile !== "default") {
    throw new AppError("usage", `--profile ${o.profile}: this version knows the profile "default" only`);
  }
  if (o.atsigns === undefined) {
    await serve(async () => {
      const { startSandbox } = await import("../processes/sandbox.ts");
      const { allAtSigns } = await import("../processes/setup.ts");
      makeRuntimeFolder(settings.runtime);
      return startSandbox(settings, allAtSigns(config, await loadAgents()));
    });
    return;
  }
  const atSigns = o.atsigns.split(",").map((name) => toAtSign(name.trim()));
  if (o.keys === undefined) {
    throw new AppError("usage", "--atsigns needs --keys FOLDER: where the key files are written");
  }
  const keyFolder = path.resolve(o.keys);
  await serve(async () => {
    const { startAtSandbox } = await import("../sandbox/at-server/start-at-sandbox.ts");
    const server = await startAtSandbox({
      dataDir: path.join(settings.data, "sandbox", "at"),
      host: settings.sandbox.host,
      atSigns,
    });
    const { directory, caFile, ca } = server;
    for (const atSign of atSigns) {
      const file = path.join(keyFolder, `${atSign}_key.atKeys`);
      await activateAtSign({ atSign, file, cramSecret: server.cramSecrets[atSign], directory, ca });
    }
    const info = {
      type: "ready",
      host: directory.host,
      port: directory.port,
      ca: caFile,
      keys: keyFolder,
      cram: server.cramSecrets,
    };
    if (o.json === true) {
      answerJson(info);
    } else {
      answer(`atDirectory ${directory.host}:${directory.port}, CA ${caFile}, keys in ${keyFolder}`);
    }
    return { info, stop: () => server.close() };
  });
}

/**
 * One-shot key set-up for containers: makes and activates what is missing, signs trust, leaves everybody the
 * certificate of the atServers' authority beside it, and ends.
 */
export async function setup(settings: Settings, config: CompanyConfig): Promise<void> {
  const { setUpCompany } = await import("../processes/setup.ts");
  const { readPeople } = await import("../processes/company-books.ts");
  const { signedAsDemo } = await import("../processes/company-kind.ts");
  if (settings.atDirectory === undefined || settings.atCaFile === undefined) {
    throw new AppError("bad-setting", "setup needs COUNTERSIGN_AT_DIRECTORY and COUNTERSIGN_AT_CA_FILE");
  }
  const demo = (await signedAsDemo(settings)) ?? !settings.production;
  await setUpCompany({
    settings,
    config,
    agents: await loadAgents(),
    people: await readPeople(settings, demo),
    place: { directory: settings.atDirectory, caFile: settings.atCaFile },
    demo,
  });
  const copy = path.join(settings.data, "trust", "at-ca.pem");
  await copyFile(settings.atCaFile, `${copy}.new`);
  await rename(`${copy}.new`, copy);
  tell("keys, grants, trust document and the atServers' authority are in place");
}
