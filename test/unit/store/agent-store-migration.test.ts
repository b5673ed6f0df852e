import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { type AgentStoreTables, agentStoreMigrations } from "../../../adapters/store/agent-store-tables.ts";
import { openAgentStore } from "../../../adapters/store/agent-store.ts";
import { noBooks } from "../../../adapters/store/books-database.ts";
import { journalMigration } from "../../../adapters/store/journal-store.ts";
import { openDatabase } from "../../../adapters/store/open-database.ts";

test("messages that the first version left open are sent by the next", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-agents-"));
  const open = (steps: number) =>
    openDatabase<AgentStoreTables>({
      name: "books",
      folder,
      migrations: [journalMigration, ...agentStoreMigrations.slice(0, steps)],
    });
  const old = await open(1);
  await old.unit((tx) =>
    sql`insert into agent_outbox values ('supply', 'result-r-1-s-1', 'bot', 'result', 'r', 1, 's', 1, '{}',
      500, 900, 3, 9000, 1)`.execute(tx),
  );
  await old.close();

  const database = await open(agentStoreMigrations.length);
  const clock = { now: () => 1_000 };
  const store = openAgentStore({ database, books: noBooks, agent: "supply", clock, writer: "supply-1" });
  const [row] = await store.claimOutbox(1_000, 50, 10);
  assert.deepEqual([row?.id, row?.tries, row?.body], ["result-r-1-s-1", 4, {}]);
  await database.close();
  rmSync(folder, { recursive: true });
});
