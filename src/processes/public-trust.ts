import { mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { AtClient } from "@atsign/atsdk";
import { z } from "zod";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AtSign } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import { atKeysPath, keyFolderOf } from "../keys.ts";
import type { Timers } from "../link/timers.ts";
import type { Clock, Logger } from "../ports.ts";
import { adoptPapers } from "../trust/adopt-papers.ts";
import { instanceGrants } from "../trust/instance-papers.ts";
import {
  type AgentGrant,
  atSignSchema,
  type Sealed,
  sealedAgentGrantSchema,
} from "../trust/trust-documents.ts";
import { publicRecords, publishTrust, readTrustFolder } from "../trust/trust-files.ts";
import type { AtAddress } from "./at-place.ts";
import { readPrivateAtKeys } from "./private-at-keys.ts";

/** Papers of trust as public records, for machines that do not share a folder with the company's. */

const namespace = "countersign";
/** With the time in which processes see what is new in their folder: five seconds at most. */
const followMs = 2_500;

/** Puts the folder's papers on the company's atSign. Needs the company's own atProtocol keys. */
export async function publishCompanyTrust(
  settings: Settings,
  config: CompanyConfig,
  address: AtAddress,
): Promise<void> {
  const { atSign } = config.company;
  const keys = await readPrivateAtKeys(atKeysPath(keyFolderOf(settings.data, "company"), atSign));
  const client = await AtClient.open({ atSign, keys, ...address });
  try {
    await publishTrust(await readTrustFolder(path.join(settings.data, "trust")), (name, value) =>
      client.put({ kind: "public", name, namespace }, value),
    );
  } finally {
    await client.close();
  }
}

/** Puts the grants of an agent's instances on its own atSign. */
export async function publishInstanceGrants(client: AtClient, data: string, atSign: AtSign): Promise<void> {
  const papers = await instanceGrants(data, atSign);
  await client.put({ kind: "public", name: publicRecords.instanceGrants, namespace }, JSON.stringify(papers));
}

/** The agents' grants that the company's atSign shows everybody; believed by nobody yet. */
export async function publishedAgentGrants(
  client: Pick<AtClient, "atSign" | "get">,
  company: AtSign,
): Promise<readonly Sealed<AgentGrant>[]> {
  const text = await client.get(publicRecord(publicRecords.agentGrants, company, client.atSign));
  return z.array(sealedAgentGrantSchema).safeParse(JSON.parse(text ?? "[]")).data ?? [];
}

function publicRecord(name: string, sharedBy: AtSign, me: string) {
  return { kind: "public", name, namespace, ...(sharedBy === me ? {} : { sharedBy }) } as const;
}

export interface PullOptions {
  readonly client: Pick<AtClient, "atSign" | "get">;
  /** The data folder. */
  readonly data: string;
  readonly company: AtSign;
  readonly companyKey: string;
}

/** Fetches what the company and its agents published; gives how many papers were newer than those here. */
export async function pullTrust({ client, data, company, companyKey }: PullOptions): Promise<number> {
  const folder = path.join(data, "trust");
  const get = (name: string, sharedBy: AtSign) => client.get(publicRecord(name, sharedBy, client.atSign));
  const [document, agentGrants, mains] = await Promise.all([
    get(publicRecords.document, company),
    get(publicRecords.agentGrants, company),
    get(publicRecords.instanceGrants, company),
  ]);
  const first = await adoptPapers(folder, companyKey, { document, agentGrants, instanceGrants: [mains] });
  // An agent whose atServer is away must not keep the others' papers from being seen.
  const own = await Promise.allSettled(
    first.atSigns.map((atSign) => get(publicRecords.instanceGrants, atSign)),
  );
  const second = await adoptPapers(folder, companyKey, {
    document: undefined,
    agentGrants: undefined,
    instanceGrants: own.map((each) => (each.status === "fulfilled" ? each.value : undefined)),
  });
  return first.adopted + second.adopted;
}

/** Has the processes of a machine follow what the company publishes: its folder is not the company's own. */
export async function followCompany(data: string, company: AtSign): Promise<void> {
  await mkdir(path.join(data, "trust"), { recursive: true });
  await writeFile(followFile(data), `${company}\n`);
}
/** Whose papers this data folder follows; undefined: its own. */
export async function followedCompany(data: string): Promise<AtSign | undefined> {
  const text = await readFile(followFile(data), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      return undefined;
    }
    throw error;
  });
  return text === undefined ? undefined : atSignSchema.parse(text.trim());
}

export interface FollowOptions extends PullOptions {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Pulls every few seconds, until stopped: revocations and rotations are seen here within five seconds. Of all that
 * share a folder one pulls at a time.
 */
export function followTrust(o: FollowOptions): { stop(): Promise<void> } {
  const file = followFile(o.data);
  const pullInTurn = async (): Promise<number> => {
    const now = o.clock.now();
    const { mtimeMs } = await stat(file);
    if (Math.abs(now - mtimeMs) < followMs / 2) {
      return 0;
    }
    await utimes(file, now / 1000, now / 1000);
    return pullTrust(o);
  };
  let cancel = (): void => undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      const adopted = await pullInTurn();
      if (adopted > 0) {
        o.log.info({ adopted }, "trust-followed");
      }
    } catch (error) {
      o.log.warn({ code: toErrorInfo(error).code }, "trust-not-followed");
    }
    if (!stopped) {
      cancel = o.timers.after(followMs, () => {
        working = look();
      });
    }
  };
  let working = look();
  return {
    async stop() {
      stopped = true;
      cancel();
      await working;
    },
  };
}

/** Its time says when somebody pulled last. */
function followFile(data: string): string {
  return path.join(data, "trust", "follows");
}
