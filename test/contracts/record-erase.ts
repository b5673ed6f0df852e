import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Database } from "../../adapters/store/database.ts";
import { eraseRuns, namedRuns, runsToErase } from "../../adapters/store/erase-runs.ts";
import { readJournal } from "../../adapters/store/journal-store.ts";
import { openJournalText } from "../../adapters/store/record-journal.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import { sampleCommit, sampleRun, sampleTime } from "../fakes/sample-run.ts";
import { verifyDatabase } from "../fakes/verify-database.ts";

const said = "please order for Jane Example";
const time = { at: sampleTime };
const clock = { now: () => time.at };
const recordKey = new Uint8Array(32).fill(7);

/** What is said in a run is gone once it is erased, everywhere and for every bot, and the journal stays whole. */
export function recordEraseContract(name: string, open: () => Promise<Database<RecordTables>>): void {
  suite(`Record on ${name}, erased`, () => {
    let database: Database<RecordTables>;
    let store: Awaited<ReturnType<typeof openRecordStore>>;
    const openStore = (writer: string) => openRecordStore({ database, recordKey, clock, writer });
    const place = () => ({ database, keys: store.keys, clock, writer: "bot-1" });
    const records = async () => {
      const all = [];
      for await (const record of readJournal(database)) {
        all.push(record);
      }
      return all;
    };
    const texts = async (run: string | null) => {
      const found = (await records()).filter((each) => each.run === run && each.body !== null);
      return Promise.all(found.map((record) => openJournalText(store.keys, record)));
    };

    before(async () => {
      database = await open();
      store = await openStore("bot-1");
      for (const [id, status, requester] of [
        ["done-1", "completed", "employee"],
        ["done-2", "cancelled", "employee"],
        ["done-3", "failed", "manager"],
        ["under-way", "running", "employee"],
      ] as const) {
        const run = sampleRun(id, { status, requester });
        const contents = [{ run: id, revision: 1, step: "route", name: "request", value: said }];
        const journal = [{ kind: "request" as const, run: id, facts: {}, body: said }];
        await store.createRun(sampleCommit(run, { contents, journal }), `request-${id}`);
      }
    });
    after(() => database.close());

    test("a run that has not ended is not erased", async () => {
      await assert.rejects(namedRuns(database, { run: "under-way" }), { code: "run-open" });
      await assert.rejects(namedRuns(database, { person: "employee" }), {
        code: "run-open",
        message: /under-way/,
      });
      assert.deepEqual(await runsToErase(database, { person: "employee" }), ["done-1", "done-2"]);
      assert.deepEqual(await runsToErase(database, { run: "under-way" }), []);
      assert.deepEqual(await runsToErase(database, { endedBefore: 0 }), []);
    });

    test("who names a run or a person wrongly is told that nothing was erased", async () => {
      await assert.rejects(namedRuns(database, { run: "done-l" }), {
        code: "not-found",
        message: /"done-l"/,
      });
      await assert.rejects(namedRuns(database, { person: "nobody" }), { code: "not-found" });
      assert.deepEqual(await namedRuns(database, { person: "manager" }), ["done-3"]);
    });

    test("its texts cannot be opened any more; others can; the journal verifies and says what was done", async () => {
      const other = await openStore("bot-2");
      assert.equal((await other.contents("done-1"))[0]?.value, said);
      assert.deepEqual(await texts("done-1"), [said]);
      const count = (await records()).length;
      await eraseRuns(place(), await runsToErase(database, { run: "done-1" }), {
        by: "admin",
        reason: "asked for by Jane Example",
      });
      assert.deepEqual(await store.contents("done-1"), []);
      await assert.rejects(store.loadRun("done-1"), { code: "erased" });
      assert.deepEqual(await texts("done-1"), [null]);
      assert.deepEqual(await texts("done-2"), [said]);
      assert.equal((await verifyDatabase(database)).ok, true);
      const added = (await records()).slice(count).filter(({ writer }) => writer === "bot-1");
      assert.deepEqual(
        added.map(({ kind, run, facts }) => [kind, run, facts]),
        [
          ["erasure", "done-1", { by: "admin", what: "texts" }],
          ["erasure", null, { by: "admin", runs: 1 }],
        ],
      );
      assert.deepEqual((await texts(null)).at(-1), { reason: "asked for by Jane Example" });
      // Another bot has the key at hand for a minute at most.
      time.at += 60_000;
      await assert.rejects(other.loadRun("done-1"), { code: "erased" });
      assert.equal((await other.listRuns({ limit: 10 })).length, 3);
    });

    test("erasing again changes nothing; lists and the remaining runs go on", async () => {
      const count = (await records()).length;
      assert.deepEqual(await runsToErase(database, { run: "done-1" }), []);
      assert.deepEqual(await runsToErase(database, { run: "done-1" }, { also: true }), ["done-1"]);
      await eraseRuns(place(), [], { by: "admin", reason: "again" });
      assert.equal((await records()).length, count);
      await store.appendJournal([{ kind: "step", run: "done-2", facts: {}, body: "still" }]);
      assert.deepEqual(await texts("done-2"), [said, "still"]);
    });

    test("runs that ended long ago are found by time", async () => {
      const until = time.at + 1;
      assert.deepEqual(await runsToErase(database, { endedBefore: until }), ["done-2", "done-3"]);
      assert.deepEqual(await runsToErase(database, { endedBefore: until }, { limit: 1 }), ["done-2"]);
    });
  });
}
