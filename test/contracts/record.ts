import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { sql } from "kysely";
import type { Database } from "../../adapters/store/database.ts";
import { readChainHeads, readJournal, readJournalAfter } from "../../adapters/store/journal-store.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { type RecordTables, sealedColumns } from "../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import { type CheckpointStatement, extendsHeads } from "../../src/journal.ts";
import type { Store } from "../../src/ports.ts";
import {
  sampleApproval,
  sampleCommit,
  sampleOutbox,
  sampleRun,
  sampleStep,
  sampleTime,
} from "../fakes/sample-run.ts";
import { verifyDatabase } from "../fakes/verify-database.ts";
import type { DatabasePlace } from "./database.ts";
import { recordCardsContract } from "./record-cards.ts";
import { recordEraseContract } from "./record-erase.ts";
import { recordTamperContract } from "./record-tamper.ts";
import { freezeEntry, sampleFreezeRow } from "./store-freezes.ts";
import { storeContract } from "./store.ts";

const recordKey = new Uint8Array(32).fill(7);
const clock = { now: () => sampleTime };
const canary = "Kanarienvogel";

/** What the record on SQL must do beyond the port: seal, chain, refuse what was altered. */
export function recordContract(name: string, place: () => Promise<DatabasePlace>): void {
  const openIn = async (at: DatabasePlace) =>
    openDatabase<RecordTables>({ ...at, name: "record", migrations: recordMigrations });

  storeContract(name, async () =>
    openRecordStore({ database: await openIn(await place()), recordKey, clock, writer: "bot-1" }),
  );

  recordTamperContract(name, () => place().then(openIn));
  recordCardsContract(name, place);
  recordEraseContract(name, () => place().then(openIn));

  suite(`Record on ${name}`, () => {
    let database: Database<RecordTables>;
    let store: Store;
    const error = { code: "stopped", message: canary, retryable: false };
    const commit = sampleCommit(
      sampleRun("run1", { error, steps: [sampleStep({ error })], thread: "console:1" }),
      {
        contents: [
          { run: "run1", revision: 1, step: "route", name: "request", value: { [canary]: canary } },
          { run: "run1", revision: 1, step: "route", name: "output", value: canary },
        ],
        outbox: [sampleOutbox("run1", { body: { text: canary } })],
        approvals: [sampleApproval("run1")],
        cards: [{ key: "progress-run1", threads: ["console:1", `console:${canary}`] }],
        journal: [
          { kind: "request", run: "run1", facts: { step: "route" }, body: { text: canary } },
          { kind: "refusal", run: null, facts: { code: "x" }, body: canary },
          { kind: "step", run: "run1", facts: { step: "route" } },
        ],
      },
    );
    const openStore = (key = recordKey, writer = "bot-1") =>
      openRecordStore({ database, recordKey: key, clock, writer });
    const change = (statement: string) => database.unit((tx) => sql.raw(statement).execute(tx));
    const verify = async (...checkpoints: readonly CheckpointStatement[]) =>
      verifyDatabase(database, checkpoints);
    const checkpoint = async (): Promise<CheckpointStatement> => ({
      tag: "countersign/checkpoint/1",
      heads: await readChainHeads(database),
      at: new Date(sampleTime).toISOString(),
    });
    before(async () => {
      database = await openIn(await place());
      store = await openStore();
      await store.withdrawRequest("request-taken-back", canary);
      await store.createRun(commit, "request-1");
      await store.freezes.save(sampleFreezeRow(canary), [freezeEntry]);
      await store.papers.save("standing", { id: "s1", version: 1, value: canary }, []);
      for (const card of await store.cards("progress-run1")) {
        await store.cardShown(card, `message-${canary}`);
      }
      for (let index = 0; index < 5; index += 1) {
        await store.appendJournal([{ kind: "step", run: "run1", facts: { index } }]);
      }
    });
    after(() => database.close());

    test("no business text lies in any table, and every content column is sealed", async () => {
      const tables = await database.read((db) => db.introspection.getTables());
      assert.ok(tables.length >= 10);
      for (const table of tables) {
        const rows = await database.read((db) =>
          sql<Record<string, unknown>>`select * from ${sql.table(table.name)}`.execute(db),
        );
        for (const row of rows.rows) {
          for (const [column, cell] of Object.entries(row)) {
            const text = cell instanceof Uint8Array ? Buffer.from(cell).toString("latin1") : String(cell);
            assert.ok(!text.includes(canary), `${table.name}.${column}`);
          }
        }
      }
      const columns = Object.entries(sealedColumns).flatMap(([table, names]) =>
        names.map((column) => ({ table, column })),
      );
      for (const { table, column } of columns) {
        const rows = await database.read((db) =>
          sql<{
            sealed: Uint8Array | null;
          }>`select ${sql.ref(column)} as sealed from ${sql.table(table)}`.execute(db),
        );
        assert.ok(
          rows.rows.some((row) => row.sealed !== null && row.sealed[0] === 1),
          `${table}.${column}`,
        );
      }
    });

    test("what agents were asked and have not answered, since when, and what was heard of whom", async () => {
      const run = await store.loadRun("run1");
      assert.ok(run !== undefined);
      const { to, subject } = sampleOutbox("run1");
      const waiting = { [to]: { open: 1, since: sampleTime } };
      assert.deepEqual(await store.traffic(0), { waiting, heard: {} });
      for (const [index, kind] of (["result", "error", "error"] as const).entries()) {
        const next = { ...run, version: run.version + index };
        const inbox = { sender: "@cs-supply", kind, subject: { ...subject, attempt: index } };
        await store.saveRun(sampleCommit(next, { inbox }));
      }
      const heard = { "@cs-supply": { at: sampleTime, errors: 2 } };
      assert.deepEqual((await store.traffic(sampleTime)).heard, heard);
      assert.deepEqual((await store.traffic(sampleTime + 1)).heard, {});
    });

    test("another store on the same record reads everything with the key, and nothing without", async () => {
      const second = await openStore(recordKey, "bot-2");
      assert.deepEqual(await second.loadRun("run1"), await store.loadRun("run1"));
      assert.deepEqual(
        (await second.contents("run1")).map((each) => each.value),
        [canary, { [canary]: canary }],
      );
      await assert.rejects(openStore(new Uint8Array(32).fill(8)), {
        code: "sealed-broken",
        message: /run_keys/,
      });
      await assert.rejects(openStore(new Uint8Array(31)), { code: "bad-record-key" });
    });

    test("a sealed value moved to another row or version does not open, and the error names the row", async () => {
      const moved = `update contents set value = (select value from contents c where c.name = 'output') where name = 'request'`;
      const { rows } = await database.read((db) =>
        sql<{ value: Uint8Array }>`select value from contents where name = 'request'`.execute(db),
      );
      await change(moved);
      await assert.rejects(store.contents("run1"), (broken: Error & { code: string }) => {
        assert.equal(broken.code, "sealed-broken");
        assert.match(broken.message, /"contents", row "run1\/1\/route\/request"/);
        assert.ok(!broken.message.includes(canary));
        return true;
      });
      await database.unit((tx) =>
        sql`update contents set value = ${rows[0]?.value} where name = 'request'`.execute(tx),
      );
      await change("update runs set version = version + 1");
      await assert.rejects(store.loadRun("run1"), { code: "sealed-broken" });
      await change("update runs set version = version - 1");
      assert.ok((await store.loadRun("run1")) !== undefined);
    });

    test("an outbox row that cannot be opened is put aside with an alarm; the others are sent", async () => {
      await store.createRun(sampleCommit(sampleRun("run2"), { outbox: [sampleOutbox("run2")] }), "request-2");
      const keep = await database.read((db) =>
        db.selectFrom("outbox").select("body").where("run", "=", "run1").executeTakeFirstOrThrow(),
      );
      await change(
        "update outbox set body = (select body from outbox o where o.run = 'run2') where run = 'run1'",
      );
      const claimed = await store.claimOutbox(sampleTime, 10, 10);
      assert.deepEqual(
        claimed.map((row) => row.subject.run),
        ["run2"],
      );
      let alarms = 0;
      for await (const record of readJournal(database)) {
        alarms += record.kind === "alarm" && record.facts["row"] === "request-run1-1-route-1" ? 1 : 0;
      }
      assert.equal(alarms, 1);
      await database.unit((tx) =>
        tx.updateTable("outbox").set({ body: keep.body }).where("run", "=", "run1").execute(),
      );
      const again = await store.claimOutbox(sampleTime + 3_600_000, 10, 10);
      assert.ok(again.some((row) => row.subject.run === "run1"));
    });

    test("destroying a run's key erases what it said and leaves the journal whole", async () => {
      const second = await openStore(recordKey, "bot-3");
      await second.createRun(
        sampleCommit(sampleRun("run3"), {
          contents: [{ run: "run3", revision: 1, step: "route", name: "request", value: canary }],
          journal: [{ kind: "request", run: "run3", facts: {}, body: canary }],
        }),
        "request-3",
      );
      await change("delete from run_keys where run = 'run3'");
      const later = await openStore(recordKey, "bot-3-later");
      await assert.rejects(later.contents("run3"), { code: "erased" });
      assert.equal((await verify()).ok, true);
    });

    test("two writers' chains are verified side by side, and what is not witnessed is counted", async () => {
      const second = await openStore(recordKey, "bot-4");
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? store : second).appendJournal([
            { kind: "step", run: null, facts: { index } },
            { kind: "step", run: null, facts: { index }, body: "text" },
          ]),
        ),
      );
      const witnessed = await checkpoint();
      await second.appendJournal([{ kind: "step", run: null, facts: {} }]);
      const report = await verify(witnessed);
      assert.deepEqual(report, { ok: true, records: report.records, firstBad: null, unwitnessed: 1 });
      assert.equal((await verify()).unwitnessed, report.records);
      // What a witness is given, page by page, is an exact extension of what it signed before.
      const now = await checkpoint();
      const before = now.heads.filter((head) => head.writer === "bot-1").map((head) => ({ ...head, seq: 0 }));
      const all = await readJournalAfter(database, before, 10_000);
      assert.equal(all.length, report.records);
      assert.deepEqual(extendsHeads([], now.heads, all), { ok: true });
      assert.deepEqual(await readJournalAfter(database, before, 7), all.slice(0, 7));
      const rest = await readJournalAfter(database, witnessed.heads, 10);
      assert.deepEqual(extendsHeads(witnessed.heads, now.heads, rest), { ok: true });
      assert.equal(rest.length, 1);
    });

    test("the journal holds what commits that came at once say, and nothing of those that were refused", async () => {
      const { records } = await verify();
      const made = await Promise.all(
        Array.from({ length: 30 }, (_, index) => {
          const run = `burst${index}`;
          const journal = [{ kind: "request", run, facts: { index }, body: canary }] as const;
          return store.createRun({ ...sampleCommit(sampleRun(run)), journal }, `burst-${index % 20}`);
        }),
      );
      assert.equal(made.filter(({ created }) => created).length, 20);
      assert.deepEqual(await verify(), {
        ok: true,
        records: records + 20,
        firstBad: null,
        unwitnessed: records + 20,
      });
    });

    test("tampering is named by writer and number", async () => {
      const witnessed = await checkpoint();
      for (const table of ["journal", "chains"]) {
        await change(`create table spare_${table} as select * from ${table}`);
      }
      /** Alters the journal, looks, and puts everything back. */
      const after = async (...statements: string[]) => {
        for (const statement of statements) {
          await change(statement);
        }
        const { firstBad } = await verify(witnessed);
        for (const table of ["journal", "chains"]) {
          await change(`delete from ${table}`);
          await change(`insert into ${table} select * from spare_${table}`);
        }
        return firstBad;
      };
      const last = Number(witnessed.heads.find((head) => head.writer === "bot-1")?.seq);
      const bad = (seq: number, problem: string) => ({ writer: "bot-1", seq, problem });
      const at = (seq: number) => `where writer = 'bot-1' and seq = ${seq}`;
      assert.equal(await after(), null);
      assert.deepEqual(await after(`update journal set facts = '{"index":9}' ${at(4)}`), bad(4, "altered"));
      assert.deepEqual(await after(`update journal set facts = 'not JSON' ${at(4)}`), bad(4, "altered"));
      assert.deepEqual(await after(`update journal set kind = 'other' ${at(2)}`), bad(2, "altered"));
      assert.deepEqual(await after(`update journal set at = at + 1 ${at(last)}`), bad(last, "altered"));
      assert.deepEqual(await after(`update journal set run = 'run9' ${at(1)}`), bad(1, "altered"));
      const swapped = `(select j.body from journal j ${at(2).replaceAll(/writer|seq/g, "j.$&")})`;
      assert.deepEqual(await after(`update journal set body = ${swapped} ${at(1)}`), bad(1, "altered"));
      assert.deepEqual(await after(`update journal set body = null ${at(1)}`), bad(1, "altered"));
      assert.deepEqual(await after(`delete from journal ${at(3)}`), bad(3, "missing"));
      assert.deepEqual(await after(`delete from journal ${at(1)}`), bad(1, "missing"));
      assert.deepEqual(await after(`delete from journal ${at(last)}`), bad(last, "tail-missing"));
      const cut = [
        `delete from journal ${at(last)}`,
        `update chains set seq = ${last - 1}, hash = (select hash from journal ${at(last - 1)}) where writer = 'bot-1'`,
      ];
      assert.deepEqual(await after(...cut), bad(last, "tail-missing"), "only the witness knows");
      const gone = ["journal", "chains"].map((name) => `delete from ${name} where writer = 'bot-1'`);
      assert.deepEqual(await after(...gone), bad(1, "tail-missing"), "a whole chain removed");
    });
  });
}
