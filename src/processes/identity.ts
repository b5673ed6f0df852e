import { readFileSync } from "node:fs";
import path from "node:path";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import { atKeysPath, installedCompanyKey, type InstanceKeyPairs, readInstanceKeys } from "../keys.ts";
import { createAtLink } from "../link/at-link.ts";
import type { ResumeMemory } from "../link/resume-point.ts";
import { systemTimers } from "../link/timers.ts";
import type { AgentLink, Clock, Logger } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import { readTrustFolder } from "../trust/trust-files.ts";
import { openTrust, type TrustStore } from "../trust/trust-store.ts";

export interface Identity {
  readonly atSign: AtSign;
  readonly keys: InstanceKeyPairs;
  readonly trust: TrustStore;
  readonly link: AgentLink;
  close(): Promise<void>;
}

/**
 * One participant's atSign, instance keys, trust and sealed link. Waits for the atServer until `signal` aborts, so
 * that processes may start in any order.
 */
export async function openIdentity(o: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  /** The key folder's name: an agent's id, "bot" or "gateway". */
  readonly id: string;
  /** The process's own database: highest serials and the resume point. */
  readonly memory: ResumeMemory;
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<Identity> {
  const { settings, id, log, clock, memory } = o;
  const atSign = o.config.atSignOf(id);
  const folder = path.join(settings.data, "keys", id);
  const keys = await instanceKeys(folder, "main");
  const trust = await openTrust({
    companyKey: await installedCompanyKey(folder),
    load: () => readTrustFolder(path.join(settings.data, "trust")),
    memory,
    clock,
    onRefused: (error) => log.error({ code: error.code, message: error.message }, "trust-refused"),
  });
  if (settings.atDirectory === undefined) {
    throw new AppError(
      "bad-setting",
      "setting COUNTERSIGN_AT_DIRECTORY: expected the atDirectory's host:port",
    );
  }
  const client = await AtClient.open({
    atSign,
    keys: await readAtKeysFile(atKeysPath(folder, atSign)),
    directory: settings.atDirectory,
    ...(settings.atCaFile === undefined ? {} : { ca: readFileSync(settings.atCaFile, "utf8") }),
    retry: true,
    signal: o.signal,
  });
  const link = createAtLink({
    transport: client,
    keys,
    trust,
    memory,
    clock,
    timers: systemTimers,
    log,
    journal: o.journal,
  });
  return { atSign, keys, trust, link, close: () => client.close() };
}

/** The private keys of one instance; says how to make them when they are missing. */
export async function instanceKeys(folder: string, instance: string): Promise<InstanceKeyPairs> {
  const keys = await readInstanceKeys(folder, instance);
  if (keys === undefined) {
    throw new AppError(
      "keys-missing",
      `${folder} holds no keys of instance "${instance}": run "countersign setup" first`,
    );
  }
  return keys;
}
