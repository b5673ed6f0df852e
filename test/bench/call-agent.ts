// The called side of the agent call, in a process of its own: one agent with one skill, on SQLite.
import path from "node:path";
import { z } from "zod";
import companyConfig from "../../countersign.config.ts";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { type AgentStoreTables, agentStoreMigrations } from "../../adapters/store/agent-store-tables.ts";
import { noBooks } from "../../adapters/store/books-database.ts";
import { journalMigration } from "../../adapters/store/journal-store.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { readSettings } from "../../src/config.ts";
import { defineAgent, skill } from "../../src/define-agent.ts";
import { createAgentHost } from "../../src/link/host.ts";
import { noModels } from "../../src/link/remote-model.ts";
import { systemTimers } from "../../src/link/timers.ts";
import type { AgentStore } from "../../src/ports.ts";
import { type Identity, openIdentity } from "../../src/processes/identity.ts";
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

/** A participant as its process has it: own database, own keys, own connection. */
export async function openParticipant(
  id: string,
): Promise<{ readonly store: AgentStore; readonly identity: Identity; close(): Promise<void> }> {
  const settings = readSettings(process.env);
  const database = await openDatabase<AgentStoreTables>({
    name: id,
    folder: path.join(settings.data, id),
    migrations: [journalMigration, ...agentStoreMigrations],
  });
  const clock = systemClock;
  const store = openAgentStore({ database, books: noBooks, agent: id, clock, writer: incarnation(id) });
  const identity = await openIdentity({
    settings,
    config: companyConfig,
    id,
    memory: store,
    journal: (entries) => store.appendJournal(entries),
    onFatal(error) {
      throw error;
    },
    clock,
    log: silentLogger,
    signal: new AbortController().signal,
  });
  return {
    store,
    identity,
    async close() {
      await identity.close();
      await database.close();
    },
  };
}

if (import.meta.main) {
  const { store, identity } = await openParticipant(echoAgent.id);
  const host = createAgentHost({
    definition: echoAgent,
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
  await host.start();
  process.send?.({ ready: true });
  process.on("disconnect", () => process.exit());
}
