import { existsSync } from "node:fs";
import path from "node:path";
import { AtClient, AtError, type AtKeys } from "@atsign/atsdk";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import {
  installedCompanyKey,
  instanceAtKeysPath,
  type InstanceKeyPairs,
  keyFolderOf,
  readInstanceKeys,
} from "../keys.ts";
import { createAtLink } from "../link/at-link.ts";
import { watchRefusals } from "../link/refusal-watch.ts";
import { createRefusalJournal, type RefusalJournal } from "../link/refusal-journal.ts";
import type { ResumeMemory } from "../link/resume-point.ts";
import { systemTimers } from "../link/timers.ts";
import type { AgentLink } from "../link-port.ts";
import type { Clock, Logger } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import { assertPolicyInForce } from "../trust/policy-in-force.ts";
import { trustFolderReader } from "../trust/trust-files.ts";
import { openTrust, type TrustStore } from "../trust/trust-store.ts";
import { atAddress } from "./at-place.ts";
import { readPrivateAtKeys } from "./private-at-keys.ts";
import { followedCompany, followTrust, pullTrust } from "./public-trust.ts";

export interface Identity {
  readonly atSign: AtSign;
  readonly keys: InstanceKeyPairs;
  readonly trust: TrustStore;
  readonly link: AgentLink;
  close(): Promise<void>;
}

interface IdentityOptions {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  /** The key folder's name: an agent's id, "bot" or "gateway". */
  readonly id: string;
  /** Default "main". */
  readonly instance?: string;
  /** A person's machine: its own atSign, and where its keys lie. Only the signed policy counts there. */
  readonly device?: { readonly atSign: AtSign; readonly folder: string; readonly atKeysFile: string };
  /** The process's own database: highest serials and the resume point. */
  readonly memory: ResumeMemory;
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  /** Requests handled at a time. */
  readonly concurrency?: number;
  /** Told when nothing can be received any more: the process must end, so that another takes its place. */
  readonly onFatal: (error: AppError) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Who waits for an atServer says so as often. */
const sayAgainMs = 30_000;

/**
 * One participant's atSign, instance keys, trust and sealed link. Waits for the atServer until `signal` aborts, so
 * that processes may start in any order; a person's machine does not, and fails with "at-server-away". Refuses a start
 * whose configured policy is not the signed one.
 */
export async function openIdentity(o: IdentityOptions): Promise<Identity> {
  const { log } = o;
  const refusals = createRefusalJournal({ journal: o.journal, timers: systemTimers, log });
  try {
    const opened = await open(o, refusals);
    return {
      ...opened,
      async close() {
        await opened.close();
        await refusals.close();
      },
    };
  } catch (error) {
    const code = codeOf(error);
    // Keys that others could have read are as much worth a line as a forged paper.
    if (code.startsWith("trust-") || code === "key-file-open") {
      refusals.note({ peer: null, code });
    }
    await refusals.close();
    throw error;
  }
}

async function open(o: IdentityOptions, refusals: RefusalJournal): Promise<Identity> {
  const { settings, id, log, clock, memory, device } = o;
  const atSign = device?.atSign ?? o.config.atSignOf(id);
  const folder = device?.folder ?? keyFolderOf(settings.data, id);
  const instance = o.instance ?? "main";
  const keys = await instanceKeys(folder, instance);
  const companyKey = await installedCompanyKey(folder);
  const company = await followedCompany(settings.data);
  const connect = async (): Promise<AtClient> => {
    const address = atAddress(settings);
    const waiting = setInterval(() => log.warn({ atSign }, "at-server-awaited"), sayAgainMs);
    try {
      return await AtClient.open({
        atSign,
        // Keys that may do no more than an instance needs: the atSign's own are for its key-holder, or the person, alone.
        keys: await (device === undefined
          ? enrolledKeys(folder, instance)
          : readPrivateAtKeys(device.atKeysFile)),
        ...address,
        // Processes start in any order; a person is told, and may try again.
        retry: device === undefined,
        signal: o.signal,
        ...watchRefusals(memory, (refusal) => refusals.note(refusal)),
      });
    } catch (error) {
      throw device !== undefined && isAway(error) ? noServer(atSign, error) : error;
    } finally {
      clearInterval(waiting);
    }
  };
  // Where papers come over the network, the newest are there before anything is decided by them.
  const early = company === undefined ? undefined : await connect();
  const following = early && company && { client: early, data: settings.data, company, companyKey };
  if (following !== undefined) {
    await pullTrust(following).catch((error: unknown) =>
      log.warn({ code: codeOf(error) }, "trust-not-followed"),
    );
  }
  const trust = await openTrust({
    companyKey,
    load: trustFolderReader(path.join(settings.data, "trust"), () => clock.now()),
    memory,
    clock,
    onRefused({ code, message }) {
      log.error({ code, message }, "trust-refused");
      refusals.note({ peer: null, code });
    },
  });
  if (device === undefined) {
    assertPolicyInForce(o.config.policy, trust.policy);
  }
  const client = early ?? (await connect());
  const link = createAtLink({
    transport: client,
    keys,
    trust,
    memory: instance === "main" ? memory : memoryOf(instance, memory),
    clock,
    timers: systemTimers,
    log,
    journal: o.journal,
    onRefused: ({ from, code }) => refusals.note({ peer: from, code }),
    onFatal: o.onFatal,
    ...(o.concurrency === undefined ? {} : { concurrency: o.concurrency }),
  });
  const follower = following && followTrust({ ...following, timers: systemTimers, clock, log });
  return {
    atSign,
    keys,
    trust,
    link,
    async close() {
      await client.close();
      await follower?.stop();
    },
  };
}

/** Each instance receives what is meant for it, and goes on where it was: apart from the others of the same books. */
function memoryOf(instance: string, memory: ResumeMemory): ResumeMemory {
  return {
    getValue: (key) => memory.getValue(`${key}:${instance}`),
    setValue: (key, value) => memory.setValue(`${key}:${instance}`, value),
  };
}

/** Of our errors and the SDK's. */
function codeOf(error: unknown): string {
  return error instanceof AppError || error instanceof AtError ? error.code : "";
}

/** Nobody answers there: the atDirectory, or the atServer. */
function isAway(error: unknown): error is AtError {
  return error instanceof AtError && ["connect-failed", "timeout", "closed"].includes(error.code);
}

function noServer(atSign: AtSign, cause: AtError): AppError {
  const message = `the atServer of ${atSign} does not answer (${cause.message}): try again later`;
  return new AppError("at-server-away", message, { retryable: true, cause });
}

async function enrolledKeys(folder: string, instance: string): Promise<AtKeys> {
  const file = instanceAtKeysPath(folder, instance);
  return existsSync(file) ? readPrivateAtKeys(file) : Promise.reject(keysMissing(folder, instance));
}

/** The private keys of one instance; says how to make them when they are missing. */
export async function instanceKeys(folder: string, instance: string): Promise<InstanceKeyPairs> {
  const keys = await readInstanceKeys(folder, instance);
  if (keys === undefined) {
    throw keysMissing(folder, instance);
  }
  return keys;
}

function keysMissing(folder: string, instance: string): AppError {
  return new AppError(
    "keys-missing",
    `${folder} holds no keys of instance "${instance}": run "countersign setup" first, or "countersign keys enroll TOKEN"`,
  );
}
