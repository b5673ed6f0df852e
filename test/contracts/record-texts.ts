import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { sql } from "kysely";
import type { Database } from "../../adapters/store/database.ts";
import { brokenMs } from "../../adapters/store/record-outbox.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import type { Store } from "../../src/ports.ts";
import { sampleCommit, sampleOutbox, sampleRun, sampleTime } from "../fakes/sample-run.ts";

/** A request whose body is a text of its step, as nearly all are: the text is written once. */
export function recordTextsContract(name: string, open: () => Promise<Database<RecordTables>>): void {
  suite(`Record on ${name}: requests that are texts`, () => {
    let database: Database<RecordTables>;
    let store: Store;
    const body = { skill: "route", input: { text: "x".repeat(1_000) } };
    before(async () => {
      database = await open();
      store = await openRecordStore({
        database,
        recordKey: new Uint8Array(32).fill(7),
        clock: { now: () => sampleTime },
        writer: "bot-1",
      });
      const text = { run: "run1", revision: 1, step: "route", name: "input:1", value: body };
      const outbox = [sampleOutbox("run1", { body }), sampleOutbox("run1", { id: "other", body: "other" })];
      await store.createRun(sampleCommit(sampleRun("run1"), { contents: [text], outbox }), "key1");
    });
    after(() => store.close());
    const change = (set: string) =>
      database.unit((tx) => sql.raw(`update contents set ${set} where run = 'run1'`).execute(tx));
    const bodies = async (now: number) =>
      (await store.claimOutbox(now, 10, 10)).map((row) => row.body).toSorted();

    test("the row holds the text's name alone", async () => {
      const rows = await database.read((db) => db.selectFrom("outbox").select("body").execute());
      assert.ok(rows.every((row) => row.body.length < 100));
    });

    test("it is claimed with the text, and put aside while that was altered", async () => {
      assert.deepEqual(await bodies(sampleTime), [body, "other"].toSorted());
      await change("name = 'input:2'");
      assert.deepEqual(await bodies(sampleTime + 10), ["other"]);
      assert.deepEqual(await bodies(sampleTime + 20), ["other"]);
      await change("name = 'input:1', step = 'x'");
      assert.deepEqual(await bodies(sampleTime + 10 + brokenMs), ["other"]);
      await change("step = 'route'");
      assert.deepEqual(await bodies(sampleTime + 20 + 2 * brokenMs), [body, "other"].toSorted());
    });
  });
}
