import path from "node:path";
import { AtClient } from "@atsign/atsdk";
import { openAgentStore } from "../../../adapters/store/agent-store.ts";
import type { BooksAccess } from "../../../adapters/store/books-database.ts";
import type { Database } from "../../../adapters/store/database.ts";
import { tlsTransport } from "../../../src/atsdk/transport.ts";
import { type InstanceKeyPairs, installedCompanyKey, keyFolderOf } from "../../../src/keys.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import { systemTimers } from "../../../src/link/timers.ts";
import type { AgentLink, AgentStore } from "../../../src/ports.ts";
import { instanceKeys } from "../../../src/processes/identity.ts";
import { incarnation, systemClock } from "../../../src/processes/system.ts";
import { readTrustFolder } from "../../../src/trust/trust-files.ts";
import { openTrust, type TrustStore } from "../../../src/trust/trust-store.ts";
import { judge } from "./judgement.ts";
import { type MailboxTables, openMailboxDatabase } from "./mailbox-database.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { atKeysOf } from "./mailbox-keys.ts";

/** What a participant is told at its start, as JSON on its command line. */
export interface ParticipantSettings {
  readonly folder: string;
  readonly seed: number;
  /** The first message's number and the one behind the last. */
  readonly from: number;
  readonly until: number;
  readonly directory: { readonly host: string; readonly port: number };
  readonly ca: string;
  /** Where to connect instead of each atServer's own port. */
  readonly ports: Readonly<Record<number, number>>;
}
export interface Participant {
  readonly database: Database<MailboxTables>;
  readonly store: AgentStore;
  readonly trust: TrustStore;
  readonly keys: InstanceKeyPairs;
  readonly link: AgentLink;
  /** Messages refused, by code. */
  readonly refused: Map<string, number>;
}

/** One side as its process has it: own database, keys, grants and connection, all real. */
export async function openParticipant(
  role: "bot" | "supply",
  settings: ParticipantSettings,
  books: Pick<BooksAccess, "reader" | "within">,
): Promise<Participant> {
  const { folder, directory, ca, ports } = settings;
  const database = await openMailboxDatabase(folder, role);
  const clock = systemClock;
  const store = openAgentStore({ database, books, agent: role, clock, writer: incarnation(role) });
  const keyFolder = keyFolderOf(folder, role);
  const keys = await instanceKeys(keyFolder, "main");
  const trust = await openTrust({
    companyKey: await installedCompanyKey(keyFolder),
    load: () => readTrustFolder(path.join(folder, "trust")),
    memory: store,
    clock,
  });
  const atSign = `@cs-${role}` as const;
  const transport = await AtClient.open({
    atSign,
    keys: atKeysOf[atSign],
    directory,
    ca,
    retry: true,
    transport: (o) => tlsTransport({ ...o, port: ports[o.port] ?? o.port }),
  });
  const refused = new Map<string, number>();
  const link = createAtLink({
    transport,
    keys,
    trust,
    memory: store,
    clock,
    timers: systemTimers,
    log: silentLogger,
    journal: (entries) => store.appendJournal(entries),
    onRefused: ({ code }) => refused.set(code, (refused.get(code) ?? 0) + 1),
    onFatal(error) {
      throw error;
    },
  });
  return { database, store, trust, keys, link, refused };
}

/** Says, whenever asked, what the database holds and what was refused. */
export function tellJudgement(database: Database<MailboxTables>, refused: ReadonlyMap<string, number>): void {
  process.on("message", () => {
    void judge(database).then((judged) => process.send?.({ judged, refused: Object.fromEntries(refused) }));
  });
}

export function readParticipantSettings(): ParticipantSettings {
  return JSON.parse(process.argv[2] ?? "") as ParticipantSettings;
}
