import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openAgentStore } from "../../../adapters/store/agent-store.ts";
import { openBooks } from "../../../adapters/store/books-database.ts";
import type { Database } from "../../../adapters/store/database.ts";
import { eraseRuns, eraseTexts } from "../../../adapters/store/erase-runs.ts";
import { openRecordStore } from "../../../adapters/store/record-store.ts";
import type { RecordTables } from "../../../adapters/store/record-schema.ts";
import { readSettings } from "../../../src/config.ts";
import type { BooksTables } from "../../../src/processes/company-books.ts";
import { databasePlace, openPlace } from "../../../src/processes/databases.ts";
import { sampleOutbox, sampleCommit, sampleRun, sampleTime } from "../../fakes/sample-run.ts";
import { verifyDatabase } from "../../fakes/verify-database.ts";

const clock = { now: () => sampleTime };
const canary = "CANARY-Jane-Example-4711";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "cs-erase-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function place<S>(name: "record" | "books"): Promise<Database<S>> {
  return openPlace<S>(databasePlace(readSettings({ COUNTERSIGN_DATA: folder }), name));
}
/** Names of the files below the folder that contain these bytes. */
function filesWith(bytes: Uint8Array): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter(
      (name) =>
        /\.db(-wal|-shm)?$/.test(name) && readFileSync(path.join(folder, name)).includes(Buffer.from(bytes)),
    )
    .toSorted();
}

test("no byte of a destroyed key is left in the record's files, and what it sealed is gone", async () => {
  const database = await place<RecordTables>("record");
  const store = await openRecordStore({
    database,
    recordKey: new Uint8Array(32).fill(7),
    clock,
    writer: "b-1",
  });
  for (let index = 0; index < 40; index += 1) {
    const run = sampleRun(`run${index}`, { status: "completed" });
    const contents = [
      { run: run.id, revision: 1, step: "route", name: "request", value: canary.repeat(100) },
    ];
    await store.createRun({ ...sampleCommit(run), contents }, `request-${index}`);
  }
  const found = await database.read((db) =>
    db
      .selectFrom("run_keys")
      .innerJoin("contents", "contents.run", "run_keys.run")
      .select(["wrapped", "value"])
      .where("run_keys.run", "=", "run7")
      .executeTakeFirstOrThrow(),
  );
  assert.ok(filesWith(found.wrapped).length > 0, "it is there before");
  const o = { by: "admin", reason: "r" };
  const killed = eraseRuns(
    { database: dying(database), keys: store.keys, clock, writer: "b-1" },
    ["run7"],
    o,
  );
  await assert.rejects(killed, /killed/);
  assert.ok(filesWith(found.wrapped).length > 0, "deleted, but not gone");
  // Whoever calls it again finishes it, though there is no run left to erase.
  await eraseRuns({ database, keys: store.keys, clock, writer: "b-1" }, [], o);
  assert.deepEqual([filesWith(found.wrapped), filesWith(found.value)], [[], []]);
  assert.equal((await store.contents("run8")).length, 1);
  // Beside work that goes on.
  const work = Array.from({ length: 50 }, (_, index) => store.setValue(`key${index}`, "value"));
  await Promise.all([...work, database.purge([]), store.setValue("last", "value")]);
  assert.equal(await store.getValue("last"), "value");
  assert.equal((await verifyDatabase(database)).ok, true);
  await database.close();
  await assert.rejects(database.purge([]), { code: "data-unavailable" });
  assert.deepEqual(filesWith(Buffer.from(canary)), []);
});

/** A process that is killed before it rewrites the database's files. */
function dying<T extends object>(database: T): T {
  return new Proxy(database, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      const member = typeof value === "function" ? (value.bind(target) as unknown) : value;
      return name === "purge" ? () => Promise.reject(new Error("killed")) : member;
    },
  });
}

test("no agent's stored reply and no activity tells what was said; accounts and the other runs stay", async () => {
  const database = await place<BooksTables>("books");
  const books = openBooks(database);
  const store = openAgentStore({ database, books, agent: "crm", clock, writer: "crm-1" });
  const lease = await store.acquireLease("main");
  for (const run of ["run1", "run2"]) {
    const text = `${canary}-${run}`;
    const subject = { run, revision: 1, step: "crm", attempt: 1 };
    await store.perform({
      lease,
      inbox: { sender: "@cs-bot", kind: "request", subject },
      token: 1,
      work: async (unit) => {
        await unit.insert("activities", {
          id: `${run}-1-order`,
          run,
          customer: "",
          status: "ordered",
          text,
          projectedDelivery: "",
          quoteTotal: "",
          currency: "USD",
          at: "2026-01-05T09:00:00.000Z",
        });
        return {
          reply: sampleOutbox(run, { id: `result-${run}`, kind: "result", subject, body: { output: text } }),
          journal: [{ kind: "effect", run, facts: { skill: "record" } }],
        };
      },
    });
  }
  const [one, two] = ["run1", "run2"].map((run) => Buffer.from(`${canary}-${run}`));
  assert.ok(one !== undefined && two !== undefined);
  assert.ok(filesWith(one).length > 0);
  const at = { database, books: true, clock, writer: "books-1" };
  assert.equal(await eraseTexts(at, { runs: ["run1"] }, "admin"), 2);
  assert.deepEqual(filesWith(one), []);
  assert.ok(filesWith(two).length > 0);
  // A late duplicate is known still, and not done again.
  const inbox = {
    sender: "@cs-bot",
    kind: "request" as const,
    subject: { run: "run1", revision: 1, step: "crm", attempt: 1 },
  };
  const work = () => Promise.reject(new Error("done again"));
  assert.equal(await store.perform({ lease, inbox, token: 1, work }), "duplicate");
  assert.equal(await eraseTexts(at, { runs: ["run1"] }, "admin"), 0);
  const before = Date.parse("2026-01-05T09:00:00.001Z");
  for (const which of [{ before }, { runs: ["run2"] }]) {
    const killed = eraseTexts({ ...at, database: dying(database) }, which, "retention");
    await assert.rejects(killed, /killed/);
    assert.ok(filesWith(two).length > 0, "deleted, but not gone");
    // Whatever call comes next finishes it, though nothing is left to delete.
    assert.equal(await eraseTexts(at, { before }, "retention"), 0);
    const left = await database.read((db) => db.selectFrom("agent_values").selectAll().execute());
    assert.deepEqual(left, []);
  }
  assert.deepEqual(filesWith(two), []);
  assert.deepEqual(
    (await books.reader.find("activities")).map(({ run, text }) => [run, text]),
    [
      ["run1", "(erased)"],
      ["run2", "(erased)"],
    ],
  );
  assert.equal((await verifyDatabase(database)).ok, true);
  await database.close();
});
