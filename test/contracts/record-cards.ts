import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Database } from "../../adapters/store/database.ts";
import { readJournal } from "../../adapters/store/journal-store.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { rowsOf } from "../../adapters/store/record-commit.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import { RunKeys } from "../../adapters/store/run-keys.ts";
import { sql } from "kysely";
import type { Store } from "../../src/ports.ts";
import { sampleCommit, sampleRun, sampleTime } from "../fakes/sample-run.ts";
import type { DatabasePlace } from "./database.ts";

const recordKey = new Uint8Array(32).fill(7);
const clock = { now: () => sampleTime };
const lease = 1_000;

/** What the record on SQL must do about cards beyond the port: seal their places, take over those of earlier versions. */
export function recordCardsContract(name: string, place: () => Promise<DatabasePlace>): void {
  const openIn = async (at: DatabasePlace, migrations = recordMigrations) =>
    openDatabase<RecordTables>({ ...at, name: "record", migrations });
  const openStore = (database: Database<RecordTables>, writer = "bot-1"): Promise<Store> =>
    openRecordStore({ database, recordKey, clock, writer });
  const change = (database: Database<RecordTables>, statement: string) =>
    database.unit((tx) => sql.raw(statement).execute(tx));

  suite(`Record on ${name}: cards`, () => {
    test("cards of a record that had one place each are taken over, with their messages", async () => {
      const at = await place();
      const before = recordMigrations.findIndex((each) => each.name === "record-2");
      const old = await openIn(at, recordMigrations.slice(0, before));
      const { key, row: runKey } = new RunKeys(recordKey, old, clock).create("run1");
      const made = rowsOf(sampleCommit(sampleRun("run1")), {
        key,
        now: sampleTime,
        created: { requestKey: "request-1", runKey },
      });
      assert.ok(made.created !== null);
      const { paused: _, held: __, ...run1 } = made.created.run; // that version knew neither
      const message = key.seal(
        { table: "cards", row: "progress-run1", column: "message", version: 1 },
        "terminal:run1|progress-run1",
      );
      const row = sql`insert into cards (key, run, version, shown_version, message, retry_at) values`;
      await old.unit(async (tx) => {
        await tx.insertInto("run_keys").values(runKey).execute();
        await tx
          .insertInto("runs")
          .values({ ...run1 } as RecordTables["runs"])
          .execute();
        await sql`${row} ('progress-run1', 'run1', 4, 3, ${message}, 0)`.execute(tx);
        await sql`${row} ('approval-run1', 'run1', 1, 0, null, 7)`.execute(tx);
      });
      await old.close();

      const database = await openIn(at);
      const store = await openStore(database, "bot-2");
      const card = { copy: 0, run: "run1", thread: sampleRun("run1").thread, barred: false };
      const approval = { ...card, key: "approval-run1", version: 1, shownVersion: 0, message: null };
      const progress = {
        ...card,
        key: "progress-run1",
        version: 4,
        shownVersion: 3,
        message: "terminal:run1|progress-run1",
      };
      assert.deepEqual(await store.staleCards(sampleTime, 10), [approval, progress]);
      assert.deepEqual(await store.staleCards(6, 10), [progress]);
      const run = await store.loadRun("run1");
      assert.ok(run !== undefined);
      await store.saveRun(sampleCommit(run, { cards: [{ key: "progress-run1" }] }));
      await store.cardShown({ ...progress, version: 5 }, progress.message);
      assert.deepEqual(await store.cards("progress-run1"), [{ ...progress, version: 5, shownVersion: 5 }]);
      await store.close();
    });

    test("a copy's place cannot be changed: it is drawn nowhere, the others are", async () => {
      const database = await openIn(await place());
      const store = await openStore(database);
      const threads = ["console:run1", "slack:T1/C1", "slack:T1/C2"] as const;
      const cards = [
        { key: "approval-run1", threads },
        { key: "approval-other", threads },
      ];
      await store.createRun(sampleCommit(sampleRun("run1"), { cards }), "request-1");
      const standing = async () => (await store.cards("approval-run1")).map(({ thread }) => thread);
      const altered = async (copy: number, set: string) => {
        await change(database, "create table spare as select * from cards");
        await change(database, `update cards set ${set} where key = 'approval-run1' and copy = ${copy}`);
        const left = await standing();
        await change(database, "delete from cards");
        await change(database, "insert into cards select * from spare");
        await change(database, "drop table spare");
        return left;
      };
      const placeOf = (key: string, copy: number) =>
        `(select c.place from cards c where c.key = '${key}' and c.copy = ${copy})`;
      const [own, first, second] = threads;
      assert.deepEqual(await altered(1, `place = ${placeOf("approval-run1", 2)}`), [own, second]);
      assert.deepEqual(await altered(1, `place = ${placeOf("approval-other", 1)}`), [own, second]);
      assert.deepEqual(await altered(1, "place = null"), [own, second]);
      assert.deepEqual(await altered(0, `place = ${placeOf("approval-run1", 1)}`), [first, second]);
      assert.deepEqual(await altered(2, "copy = 3"), [own, first]);
      assert.deepEqual(await standing(), threads);
      const alarms: unknown[] = [];
      for await (const record of readJournal(database)) {
        alarms.push(record.facts["row"]);
      }
      assert.deepEqual(alarms, ["approval-run1/1", "approval-run1", "approval-run1/3"]);
      await store.close();
    });

    test("a copy cannot be led to the message of another copy", async () => {
      const database = await openIn(await place());
      const store = await openStore(database);
      const cards = [{ key: "approval-run1", threads: ["console:run1", "slack:T1/C1"] as const }];
      await store.createRun(sampleCommit(sampleRun("run1"), { cards }), "request-1");
      for (const card of await store.cards("approval-run1")) {
        await store.cardShown(card, `message ${card.copy}`);
      }
      await change(
        database,
        "update cards set message = (select c.message from cards c where c.copy = 1) where copy = 0",
      );
      assert.deepEqual(
        (await store.cards("approval-run1")).map(({ message }) => message),
        ["message 1"],
      );
      await store.close();
    });

    test("at a start postings are over where no other bot can be about them, else when their time ends", async () => {
      const database = await openIn(await place());
      const store = await openStore(database);
      const cards = [{ key: "approval-run1" }, { key: "progress-run1" }];
      await store.createRun(sampleCommit(sampleRun("run1"), { cards }), "request-1");
      const [begun] = await store.cards("approval-run1");
      const [fresh] = await store.cards("progress-run1");
      assert.ok(begun !== undefined && fresh !== undefined);
      assert.equal(await store.beginPost(begun, sampleTime, lease), "first");
      await store.resume(sampleTime + 1);
      const taken = database.engine === "sqlite" ? "again" : "taken";
      assert.equal(await store.beginPost(begun, sampleTime + 1, lease), taken);
      assert.equal(await store.beginPost(begun, sampleTime + 1 + lease, lease), "again");
      assert.equal(await store.beginPost(fresh, sampleTime + 1, lease), "first");
      await store.close();
    });
  });
}
