import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { sql } from "kysely";
import type { Database } from "../../adapters/store/database.ts";
import { readJournal } from "../../adapters/store/journal-store.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import type { Store } from "../../src/ports.ts";
import {
  sampleApproval,
  sampleCommit,
  sampleOutbox,
  sampleRun,
  sampleStep,
  sampleTime,
} from "../fakes/sample-run.ts";
import { recordTextsContract } from "./record-texts.ts";

const clock = { now: () => sampleTime };
const broken = { code: "sealed-broken" };
const day = 24 * 3_600_000;

/** Who can write to the database but has no key: what they change is refused, what they spoil spoils nothing else. */
export function recordTamperContract(name: string, open: () => Promise<Database<RecordTables>>): void {
  recordTextsContract(name, open);

  suite(`Record on ${name}, altered by others`, () => {
    let database: Database<RecordTables>;
    let store: Store;
    const change = (statement: string) => database.unit((tx) => sql.raw(statement).execute(tx));
    /** Alters a row, looks, and puts it back. */
    const altered = async (table: string, where: string, set: string, look: () => Promise<void>) => {
      await change(`create table spare as select * from ${table}`);
      await change(`update ${table} set ${set} where ${where}`);
      await look();
      await change(`delete from ${table}`);
      await change(`insert into ${table} select * from spare`);
      await change("drop table spare");
    };
    const alarms = async () => {
      const rows: unknown[] = [];
      for await (const record of readJournal(database)) {
        if (record.kind === "alarm") {
          rows.push(`${record.facts["code"]} ${record.facts["table"]} ${record.facts["row"]}`);
        }
      }
      return rows;
    };
    const runs = async () => (await store.listRuns({ limit: 10 })).map((run) => run.id).toSorted();
    before(async () => {
      database = await open();
      store = await openRecordStore({
        database,
        recordKey: new Uint8Array(32).fill(7),
        clock,
        writer: "bot-1",
      });
      for (const [id, requester] of [
        ["mine", "employee"],
        ["other", "manager"],
      ] as const) {
        const run = sampleRun(id, {
          requester,
          status: "waiting",
          steps: [sampleStep({ status: "waiting" })],
        });
        const content = { run: id, revision: 1, step: "route" };
        await store.createRun(
          sampleCommit(run, {
            contents: [
              { ...content, name: "request", value: `request of ${requester}` },
              { ...content, name: "question:1", value: "Which?" },
            ],
            approvals: [sampleApproval(id, { requester })],
            cards: [{ key: `progress-${id}` }],
            outbox: [sampleOutbox(id)],
          }),
          `key-${id}`,
        );
      }
      const [card] = await store.cards("progress-other");
      assert.ok(card !== undefined);
      await store.cardShown(card, "terminal:other|progress-other");
    });
    after(() => store.close());

    test("another requester: the run, its approval and its cards are refused", async () => {
      await altered("runs", "id = 'mine'", "requester = 'manager'", async () => {
        await assert.rejects(store.loadRun("mine"), broken);
        await assert.rejects(store.approval("approval-mine"), broken);
        assert.deepEqual(await store.cards("progress-mine"), []);
        assert.deepEqual(await store.listRuns({ limit: 10, person: "employee" }), []);
        assert.deepEqual(await runs(), ["other"]);
        assert.deepEqual(
          (await store.approvals({ open: true })).map((each) => each.id),
          ["approval-other"],
        );
      });
      assert.deepEqual(await runs(), ["mine", "other"]);
      const raised = await alarms();
      assert.ok(raised.includes("sealed-broken runs mine"), String(raised));
      assert.equal(new Set(raised).size, raised.length, "an alarm is raised once");
    });

    test("another thread: no card goes there, and nobody there can answer", async () => {
      await altered("runs", "id = 'mine'", "thread = 'console:other'", async () => {
        await assert.rejects(store.loadRun("mine"), broken);
        const shown = await store.staleCards(sampleTime, 10);
        assert.deepEqual(
          shown.filter((card) => card.run === "mine"),
          [],
        );
        const answering = await store.waitingInThread("console:other");
        assert.equal(answering?.id, "other", "the one that is really there");
      });
      assert.equal((await store.waitingInThread("console:mine"))?.id, "mine");
    });

    test("an identity moved from another run does not open", async () => {
      const whole = "(select identity from runs r where r.id = 'other')";
      await altered("runs", "id = 'mine'", `requester = 'manager', identity = ${whole}`, async () => {
        await assert.rejects(store.loadRun("mine"), broken);
      });
    });

    test("a request key that points to another run tells nobody of it", async () => {
      await altered("requests", "key = 'key-mine'", "run = 'other'", async () => {
        await assert.rejects(store.createRun(sampleCommit(sampleRun("third")), "key-mine"), broken);
        await assert.rejects(store.requestRun("key-mine"), broken);
      });
      assert.equal(await store.requestRun("key-mine"), "mine");
    });

    test("nobody else takes a message back: its key that was made nobody's is an alarm, not a refusal", async () => {
      const again = () => store.createRun(sampleCommit(sampleRun("late")), "key-mine");
      await altered("requests", "key = 'key-mine'", "run = ''", async () => {
        await assert.rejects(again(), { code: "sealed-broken" });
      });
      await store.withdrawRequest("key-back", "employee");
      const stolen = "run = '', withdrawn = (select withdrawn from spare where key = 'key-back')";
      await altered("requests", "key = 'key-mine'", stolen, async () => {
        await assert.rejects(again(), { code: "sealed-broken" });
      });
      assert.deepEqual(await again(), { created: false, run: "mine" });
    });

    test("nothing of what is up for approval can be changed", async () => {
      for (const set of [
        "plan_hash = 'cd'",
        "run = 'other'",
        "revision = 2",
        "step = 'other'",
        "action = 'other'",
        "expires_at = expires_at + 1",
        "created_at = created_at + 1",
        "identity = (select identity from approvals a where a.id = 'approval-other')",
      ]) {
        await altered("approvals", "id = 'approval-mine'", set, async () => {
          await assert.rejects(store.approval("approval-mine"), broken, set);
          assert.deepEqual(await store.approvals({ run: "mine" }), []);
        });
      }
      assert.equal((await store.approval("approval-mine"))?.requester, "employee");
    });

    test("a card cannot be led to another message; it is put aside, the others are drawn", async () => {
      const whole = "(select message from cards c where c.key = 'progress-other')";
      await change("update cards set version = 2");
      await altered("cards", "key = 'progress-mine'", `message = ${whole}`, async () => {
        const keys = async (at: number) => (await store.staleCards(at, 10)).map((card) => card.key);
        assert.deepEqual(await keys(sampleTime), ["progress-other"]);
        await change(`update cards set message = null where key = 'progress-mine'`);
        assert.deepEqual(await keys(sampleTime), ["progress-other"], "an hour long");
        assert.deepEqual((await keys(sampleTime + 3_600_000)).toSorted(), [
          "progress-mine",
          "progress-other",
        ]);
      });
    });

    test("a message goes to nobody else, and is about nothing else", async () => {
      for (const set of [
        "recipient = 'crm'",
        "kind = 'cancel'",
        "revision = 2",
        "step = 'x'",
        "attempt = 2",
      ]) {
        await altered("outbox", "run = 'mine'", set, async () => {
          const claimed = await store.claimOutbox(sampleTime, 10, 10);
          assert.deepEqual(
            claimed.map((row) => row.subject.run),
            ["other"],
            set,
          );
        });
      }
      assert.equal((await store.claimOutbox(sampleTime, 10, 10)).length, 2);
    });

    test("an erased run is in no list and spoils none", async () => {
      await altered("run_keys", "run = 'mine'", "run = 'gone'", async () => {
        const fresh = await openRecordStore({
          database,
          recordKey: new Uint8Array(32).fill(7),
          clock,
          writer: "bot-2",
        });
        await assert.rejects(fresh.loadRun("mine"), { code: "erased" });
        assert.deepEqual(
          (await fresh.listRuns({ limit: 10 })).map((run) => run.id),
          ["other"],
        );
        assert.deepEqual(
          [...(await fresh.requestTexts(["mine", "other"]))],
          [["other", "request of manager"]],
        );
        assert.deepEqual(
          (await fresh.approvals({})).map((each) => each.id),
          ["approval-other"],
        );
      });
    });
  });

  suite(`Record on ${name}, after 30 days`, () => {
    let now = sampleTime;
    let store: Store;
    let database: Database<RecordTables>;
    before(async () => {
      database = await open();
      const recordKey = new Uint8Array(32).fill(7);
      store = await openRecordStore({ database, recordKey, clock: { now: () => now }, writer: "bot-1" });
    });
    after(() => store.close());
    const rows = async (
      table: "outbox" | "inbox" | "kept_values" | "requests" | "runs" | "journal" | "contents",
    ) => (await database.read((db) => db.selectFrom(table).selectAll().execute())).length;

    test("what is done is deleted; what is open, lasts or is younger stays", async () => {
      const subject = (attempt: number) => ({ run: "run1", revision: 1, step: "route", attempt });
      const message = (attempt: number) => ({
        id: `request-${attempt}`,
        to: "router",
        kind: "request" as const,
        subject: subject(attempt),
        body: "text",
        dueAt: now,
        tries: 0,
        expiresAt: now + 1,
      });
      const many = Array.from({ length: 450 }, (_, index) => message(index));
      await store.createRun(
        sampleCommit(sampleRun("run1"), {
          outbox: many,
          contents: [{ run: "run1", revision: 1, step: "route", name: "request", value: "text" }],
          journal: [{ kind: "request", run: "run1", facts: {} }],
        }),
        "key-1",
      );
      await store.closeOutbox(many.slice(2).map((row) => row.id));
      const receive = async (version: number) => {
        const run = { ...sampleRun("run1"), version };
        const inbox = { sender: "router", kind: "result" as const, subject: subject(version) };
        assert.equal(await store.saveRun(sampleCommit(run, { inbox })), "saved");
      };
      await receive(1);
      await store.setValue("session", "old", { passing: true });
      await store.withdrawRequest("key-old", "employee");
      await store.setValue("serial", "7");
      assert.equal(await store.prune(now + 30 * day), 0, "not before");
      now += 29 * day;
      await store.closeOutbox(["request-1"]);
      await receive(2);
      await store.setValue("young", "1", { passing: true });
      await store.withdrawRequest("key-young", "employee");
      assert.equal(await store.prune(sampleTime + 30 * day + 1), 448 + 1 + 1 + 1);
      assert.deepEqual([await rows("outbox"), await rows("inbox"), await rows("kept_values")], [2, 1, 2]);
      assert.equal(await rows("requests"), 2, "the run's and the young one");
      assert.equal(await store.getValue("session"), undefined);
      assert.equal(await store.getValue("serial"), "7");
      assert.equal(await store.getValue("young"), "1");
      assert.deepEqual([await rows("runs"), await rows("contents"), await rows("journal")], [1, 1, 1]);
      assert.equal((await store.claimOutbox(now, 10, 10)).length, 1, "what is open is still sent");
    });
  });
}
