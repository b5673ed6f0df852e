// The called side of the agent call, in a process of its own: one agent with one skill. node call-agent.ts durable|memory
import path from "node:path";
import { z } from "zod";
import companyConfig from "../../countersign.config.ts";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { type AgentStoreTables, agentStoreMigrations } from "../../adapters/store/agent-store-tables.ts";
import { noBooks } from "../../adapters/store/books-database.ts";
import { journalMigration } from "../../adapters/store/journal-store.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { readSettings } from "../../src/config.ts";
import { type AgentDefinition, defineAgent, skill } from "../../src/define-agent.ts";
import type { Json } from "../../src/domain.ts";
import { createAgentHost } from "../../src/link/host.ts";
import { noModels } from "../../src/link/remote-model.ts";
import type { ResumeMemory } from "../../src/link/resume-point.ts";
import { systemTimers } from "../../src/link/timers.ts";
import type { AgentStore } from "../../src/ports.ts";
import { type Identity, openIdentity } from "../../src/processes/identity.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { incarnation, randomIds, systemClock } from "../../src/processes/system.ts";
import { silentLogger } from "../fakes/silent-logger.ts";

/** Answers what it is asked, so that a call costs the way there and back and nothing else. */
export const echoAgent = defineAgent({
  id: "inventory",
  description: "answers what it is asked",
  skills: {
    echo: skill({
      effect: "read",
      input: z.object({ text: z.string() }),
      output: z.object({ text: z.string() }),
      run: async (_context, input) => input,
    }),
  },
});

export interface Participant {
  readonly identity: Identity;
  /** Undefined when nothing of it is durable. */
  readonly store: AgentStore | undefined;
  close(): Promise<void>;
}

/** Who a participant is, with own keys and connections. */
export function openIdentityOf(
  id: string,
  memory: ResumeMemory,
  journal: (entries: readonly JournalEntry[]) => Promise<void>,
): Promise<Identity> {
  return openIdentity({
    settings: readSettings(process.env),
    config: companyConfig,
    id,
    memory,
    journal,
    onFatal(error) {
      throw error;
    },
    clock: systemClock,
    log: silentLogger,
    signal: new AbortController().signal,
  });
}

/** A participant as its process has it; its database is a real one or none at all. */
export async function openParticipant(id: string, o: { readonly durable: boolean }): Promise<Participant> {
  if (!o.durable) {
    const values = new Map<string, string>();
    const memory = {
      getValue: async (key: string) => values.get(key),
      setValue: async (key: string, value: string) => void values.set(key, value),
    };
    const identity = await openIdentityOf(id, memory, async () => undefined);
    return { identity, store: undefined, close: () => identity.close() };
  }
  const database = await openDatabase<AgentStoreTables>({
    name: id,
    folder: path.join(readSettings(process.env).data, id),
    migrations: [journalMigration, ...agentStoreMigrations],
  });
  const options = { database, books: noBooks, agent: id, clock: systemClock, writer: incarnation(id) };
  const store = openAgentStore(options);
  const identity = await openIdentityOf(id, store, (entries) => store.appendJournal(entries));
  return {
    store,
    identity,
    async close() {
      await identity.close();
      await database.close();
    },
  };
}

/** Answers requests as the agent does, and writes nothing down. */
function echo({ identity: { link } }: Participant): Promise<void> {
  return link.start(async ({ from, subject, body }) => {
    const { input } = body as { input: Json };
    const expiresAt = Date.now() + 60_000;
    await link.send({ to: from, kind: "result", subject, body: { output: input }, expiresAt });
  });
}

/** Hosts an agent's skills as in production. */
export function serve(
  { identity }: Participant,
  store: AgentStore,
  definition: AgentDefinition,
): Promise<void> {
  const host = createAgentHost({
    definition,
    store,
    trust: identity.trust,
    keys: identity.keys,
    link: identity.link,
    suppliers: {
      open() {
        throw new Error("no suppliers here");
      },
    },
    models: noModels,
    clock: systemClock,
    ids: randomIds,
    log: silentLogger,
    timers: systemTimers,
  });
  return host.start();
}

if (import.meta.main) {
  const participant = await openParticipant(echoAgent.id, { durable: process.argv[2] === "durable" });
  await (participant.store === undefined
    ? echo(participant)
    : serve(participant, participant.store, echoAgent));
  process.send?.({ ready: true });
  process.on("disconnect", () => process.exit());
}
