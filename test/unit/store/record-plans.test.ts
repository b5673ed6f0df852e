import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { before, test } from "node:test";
import type { Database } from "../../../adapters/store/database.ts";
import { recordMigrations } from "../../../adapters/store/record-migrations.ts";
import type { RecordTables } from "../../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../../adapters/store/record-store.ts";
import { kyselyOver } from "../../../adapters/store/sqlite-dialect.ts";
import type { SqliteValue } from "../../../adapters/store/sqlite-protocol.ts";
import type { Store } from "../../../src/ports.ts";
import { sampleTime } from "../../fakes/sample-run.ts";

/** How SQLite answers what a bot asks again and again, or for its state, while very many runs wait for people. */

/** A few rows each, however many runs there are. */
const smallTables = new Set(["leases", "instances", "chains", "kept_values", "freezes"]);
const database = new DatabaseSync(":memory:");
let asked: { readonly sql: string; readonly parameters: readonly SqliteValue[] }[] = [];
let store: Store;

before(async () => {
  recordMigrations.flatMap(({ statements }) => statements).forEach((each) => database.exec(each));
  const db = kyselyOver<RecordTables>((sql, parameters) => {
    asked.push({ sql, parameters });
    const statement = database.prepare(sql);
    return Promise.resolve(
      statement.columns().length > 0
        ? { rows: statement.all(...parameters), changes: null }
        : { rows: [], changes: Number(statement.run(...parameters).changes) },
    );
  });
  const recorded: Database<RecordTables> = {
    engine: "sqlite",
    read: (work) => work(db),
    unit: (work) => work(db),
    // Then it is made statement by statement.
    batch: () => Promise.resolve("refused"),
    purge: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const recordKey = new Uint8Array(32).fill(7);
  const clock = { now: () => sampleTime };
  store = await openRecordStore({ database: recorded, recordKey, clock, writer: "bot-1" });
});

const questions: Readonly<Record<string, () => Promise<unknown>>> = {
  "sweeper: runs that are due": () => store.dueRuns(sampleTime, 1_000),
  "sweeper: runs in progress, runs that wait for their turn": () => store.progress(),
  "sweeper: whose turn it is": () => store.heldRuns(200),
  "outbox: messages that are due": () => store.claimOutbox(sampleTime, 30_000, 64),
  "presenter: cards that changed": () => store.staleCards(sampleTime, 100),
  "dispatcher: who has what to do": () => store.instances.assigned(),
  "register: leases": async () => {
    await store.leases.hold("bot:1", "1", { now: sampleTime, leaseMs: 10_000 });
    await store.leases.held("bot:", sampleTime);
  },
  "freezes: the newest": () => store.freezes.newest(),
  "status: open runs and approvals": () => store.counts(),
  "status: what agents have to answer": () => store.traffic(sampleTime),
  "start: definitions of open runs": () => store.openWorkflows(),
  "undos that need a person": () => store.listRuns({ stuck: true, limit: 50 }),
};

for (const [name, ask] of Object.entries(questions)) {
  test(`${name}: by index`, async () => {
    asked = [];
    await ask();
    assert.ok(asked.length > 0);
    for (const { sql, parameters } of asked) {
      assert.deepEqual(fullScans(sql, parameters), [], sql);
    }
  });
}

test("a question without an index is noticed", () => {
  assert.deepEqual(fullScans("select id from runs where workflow_id = 'x'", []), ["SCAN runs"]);
});

/** The steps of SQLite's plan that look at every row of a table that grows with the runs. */
function fullScans(sql: string, parameters: readonly SqliteValue[]): readonly string[] {
  const plan = database.prepare(`explain query plan ${sql}`).all(...parameters);
  return plan.flatMap(({ detail }) => {
    const step = String(detail);
    const [, table = "", index] = /^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?/.exec(step) ?? [];
    const isTable = database.prepare("select 1 from sqlite_master where name = ?").get(table) !== undefined;
    return isTable && !smallTables.has(table) && !isPartial(index) ? [step] : [];
  });
}
function isPartial(index: string | undefined): boolean {
  const found = database.prepare("select sql from sqlite_master where name = ?").get(index ?? "");
  return / where /.test(String(found?.["sql"]));
}
