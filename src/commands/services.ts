import { copyFile, rename } from "node:fs/promises";
import path from "node:path";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { loadAgents } from "../load.ts";
import { makeRuntimeFolder } from "../processes/runtime-folder.ts";
import { serve } from "../processes/serve.ts";
import { tell } from "./output.ts";

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
