import path from "node:path";
import type { Settings } from "../config.ts";
import type { AtSign } from "../domain.ts";
import { systemTimers } from "../link/timers.ts";
import { startAtSandbox } from "../sandbox/at-server/start-at-sandbox.ts";
import { wholesalerCatalogues } from "../sandbox/company/catalogues.ts";
import { startWholesalers } from "../sandbox/wholesalers/start-wholesalers.ts";
import { writeCramSecrets } from "./cram-secrets.ts";
import type { Running } from "./serve.ts";
import { logServerRefusals } from "./server-refusals.ts";
import { processLogger } from "./system.ts";

/** What other processes need to reach the sandbox. */
export interface SandboxInfo {
  readonly directory: { readonly host: string; readonly port: number };
  readonly caFile: string;
  readonly world: Readonly<Record<string, string>>;
  readonly mailbox: string;
}

/** The outside world of a laptop: atDirectory, atServers, five wholesalers and a mailbox service, all on loopback. */
export async function startSandbox(
  settings: Settings,
  atSigns: readonly AtSign[],
): Promise<Running & { readonly info: SandboxInfo & Record<string, unknown> }> {
  const folder = path.join(settings.data, "sandbox");
  const { host, name, ports } = settings.sandbox;
  const refusals = logServerRefusals(processLogger(settings, "sandbox"), systemTimers);
  const at = await startAtSandbox({
    dataDir: path.join(folder, "at"),
    host,
    atSigns,
    onRefused: refusals.onRefused,
    ...(name === undefined ? {} : { publicHost: name }),
    ...(ports.directory === undefined ? {} : { directoryPort: ports.directory }),
  });
  writeCramSecrets(settings, at.cramSecrets);
  const world = await startWholesalers({
    dataDir: path.join(folder, "world"),
    catalogues: wholesalerCatalogues(),
    host,
    ports,
    ...(name === undefined ? {} : { publicHost: name }),
  });
  return {
    info: {
      directory: at.directory,
      caFile: at.caFile,
      world: world.endpoints,
      mailbox: world.mailbox,
    },
    async stop() {
      await Promise.all([world.close(), at.close()]);
      await refusals.close();
    },
  };
}
