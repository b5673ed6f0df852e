import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { noBooks, openBooks } from "../../adapters/store/books-database.ts";
import { readJournal } from "../../adapters/store/journal-store.ts";
import type { StoredJournalRecord } from "../../src/journal.ts";
import type { AgentStore, Books } from "../../src/ports.ts";
import { fenceOf, key, reply } from "../fakes/sample-reply.ts";
import type { TestBooks } from "../fakes/test-books.ts";

const clock = { now: () => 1_000 };

/** What an AgentStore must do; run on each engine. */
export function agentStoreContract(name: string, open: () => Promise<TestBooks>): void {
  suite(`AgentStore on ${name}`, () => {
    let world: TestBooks;
    before(async () => {
      world = await open();
    });
    after(() => world.close());

    const storeOf = (agent: string, writer = `${agent}-1`): AgentStore =>
      openAgentStore({ database: world.database, books: openBooks(world.database), agent, clock, writer });
    const rates = () => openBooks(world.database).reader.find("rates");
    const journalOf = async (writer: string) => {
      const records: StoredJournalRecord[] = [];
      for await (const record of readJournal(world.database)) {
        records.push(record);
      }
      return records.filter((each) => each.writer === writer);
    };
    /** Work that inserts one row, answers and leaves one journal entry. */
    const work = (id: string, run: string, due = 100) => ({
      inbox: key(run),
      work: async (books: Books) => {
        await books.insert("rates", { id, rate: "2", asOf: "2026-01-31" });
        return { reply: reply(run, due), journal: [{ kind: "effect" as const, run, facts: { id } }] };
      },
    });

    test("perform keeps change, reply, inbox key and journal together, once", async () => {
      const store = storeOf("once");
      const lease = await store.acquireLease("main");
      assert.equal(await store.perform({ ...work("EUR", "run1"), lease, token: 1 }), "done");
      assert.equal(await store.perform({ ...work("GBP", "run1"), lease, token: 1 }), "duplicate");
      assert.deepEqual(
        (await rates()).map(({ id }) => id),
        ["EUR"],
      );
      assert.deepEqual(await store.claimOutbox(100, 50, 10), [{ ...reply("run1", 150), tries: 1 }]);
      const journal = await journalOf("once-1");
      assert.deepEqual(
        journal.map(({ kind, facts }) => ({ kind, facts })),
        [{ kind: "effect", facts: { id: "EUR" } }],
      );
    });

    test("when work fails, nothing of it stays and the request may come again", async () => {
      const store = storeOf("failing");
      const lease = await store.acquireLease("main");
      const { inbox, work: good } = work("CHF", "run2");
      const failing = async (books: Books) => {
        await good(books);
        throw new Error("on purpose");
      };
      await assert.rejects(store.perform({ inbox, lease, token: 1, work: failing }), /on purpose/);
      assert.equal(
        (await rates()).some(({ id }) => id === "CHF"),
        false,
      );
      assert.deepEqual(await store.claimOutbox(1_000, 50, 10), []);
      assert.deepEqual(await journalOf("failing-1"), []);
      assert.equal(await store.replyAgain(inbox, { now: 0, instance: "main", token: 1 }), undefined);
      assert.equal(await store.perform({ inbox, lease, token: 1, work: good }), "done");
    });

    test("of the same request arriving at once, one is done", async () => {
      const store = storeOf("racing");
      const lease = await store.acquireLease("main");
      const ids = ["DKK", "NOK", "SEK", "PLN"];
      const results = await Promise.all(
        ids.map((id) => store.perform({ ...work(id, "run3"), lease, token: 1 })),
      );
      assert.deepEqual(results.toSorted(), ["done", "duplicate", "duplicate", "duplicate"]);
      assert.equal((await rates()).filter(({ id }) => ids.includes(id)).length, 1);
    });

    test("a new instance sends at once what an earlier one had claimed", async () => {
      const store = storeOf("heir");
      const lease = await store.acquireLease("main");
      await store.perform({ ...work("HRK", "run9"), lease, token: 1 });
      assert.equal((await store.claimOutbox(9_000, 30_000, 10)).length, 1);
      assert.deepEqual(await store.claimOutbox(9_001, 30_000, 10), []);
      await store.acquireLease("main");
      assert.equal((await store.claimOutbox(9_001, 30_000, 10)).length, 1);
    });

    test("a later lease of an instance refuses what its earlier process does; other instances go on", async () => {
      const store = storeOf("fenced");
      const first = await store.acquireLease("main");
      const other = await store.acquireLease("b");
      const second = await store.acquireLease("main");
      assert.ok(first.number < other.number && other.number < second.number);
      for (const lease of [first, { ...second, number: second.number + 1 }]) {
        await assert.rejects(store.perform({ ...work("AUD", "run4"), lease, token: 1 }), { code: "fenced" });
        await assert.rejects(
          store.transact(lease, fenceOf("run4"), async () => assert.fail("must not run")),
          { code: "fenced" },
        );
      }
      assert.equal(
        (await rates()).some(({ id }) => id === "AUD"),
        false,
      );
      assert.equal(await store.perform({ ...work("AUD", "run4"), lease: second, token: 1 }), "done");
      assert.equal(await store.perform({ ...work("BRL", "run40"), lease: other, token: 1 }), "done");
      assert.equal(await store.perform({ ...work("BRL", "run4"), lease: other, token: 1 }), "duplicate");
      const { number } = await storeOf("unfenced").acquireLease("main");
      assert.equal(number, 1, "leases are each agent's own");
      await assert.rejects(
        storeOf("leaseless").transact(second, fenceOf("run4"), async () => undefined),
        { code: "fenced" },
      );
    });

    test("a step that was taken over is refused to whoever had it before, and only that step", async () => {
      const store = storeOf("moved");
      const a = await store.acquireLease("a");
      const b = await store.acquireLease("b");
      await store.takeOver(b, fenceOf("run11", 2));
      await store.takeOver(b, fenceOf("run11", 2));
      const late = work("BGN", "run11");
      await assert.rejects(store.perform({ ...late, lease: a, token: 1 }), { code: "fenced" });
      await assert.rejects(store.takeOver(a, fenceOf("run11")), { code: "fenced" });
      await assert.rejects(
        store.transact(a, fenceOf("run11"), async () => assert.fail("must not run")),
        { code: "fenced" },
      );
      const stranger = { ...late.inbox, sender: "@other" };
      await store.transact(a, { inbox: stranger, token: 1 }, async () => undefined);
      assert.equal(await store.perform({ ...work("MXN", "run12"), lease: a, token: 1 }), "done");
      const nextAttempt = { ...late.inbox.subject, attempt: 2 };
      await assert.rejects(
        store.transact(
          a,
          { inbox: { ...late.inbox, subject: nextAttempt }, token: 1 },
          async () => undefined,
        ),
        { code: "fenced" },
        "a further attempt is the same effect",
      );
      assert.equal(await store.perform({ ...late, lease: b, token: 2 }), "done");
      await store.takeOver(a, fenceOf("run11", 3));
      await assert.rejects(
        store.transact(b, fenceOf("run11", 2), async () => assert.fail("must not run")),
        { code: "fenced" },
      );
    });

    test("units of one agent never see half of each other", async () => {
      const store = storeOf("serial");
      const lease = await store.acquireLease("main");
      // Each reads what there is and adds one more: without order two would see the same.
      const ids = ["r1", "r2", "r3", "r4", "r5", "r6"];
      const seen = await Promise.all(
        ids.map((run) =>
          store.transact(lease, fenceOf(run), async (books) => {
            const held = await books.find("reservations", { part: "serial" });
            await books.insert("reservations", {
              id: `${run}-1-serial`,
              run,
              part: "serial",
              quantity: "1",
              status: "held",
            });
            return held.length;
          }),
        ),
      );
      assert.deepEqual(seen.toSorted(), [0, 1, 2, 3, 4, 5]);
    });

    test("the books outside a unit are for reading", async () => {
      const insert = storeOf("reading").books.insert("rates", { id: "JPY", rate: "1", asOf: "2026-01-31" });
      await assert.rejects(insert, { code: "read-only" });
    });

    test("a stored reply is never replaced by the answer to another request", async () => {
      const store = storeOf("clashing");
      const lease = await store.acquireLease("main");
      await store.perform({ ...work("HUF", "run6"), lease, token: 1 });
      const other = { ...work("CZK", "run6"), inbox: { ...key("run6"), sender: "@other" } };
      await assert.rejects(store.perform({ ...other, lease, token: 1 }), { code: "exists" });
      assert.equal(
        (await rates()).some(({ id }) => id === "CZK"),
        false,
      );
    });

    test("values are kept by agent and key", async () => {
      const store = storeOf("keeping");
      assert.equal(await store.getValue("serial"), undefined);
      await store.setValue("serial", "1");
      await store.setValue("serial", "2");
      await storeOf("keeping-too").setValue("serial", "9");
      assert.equal(await store.getValue("serial"), "2");
    });

    test("entries outside a unit extend the same chain", async () => {
      const store = storeOf("noting");
      await store.appendJournal([{ kind: "alarm", run: null, facts: { code: "x" } }]);
      await store.appendJournal([{ kind: "refusal", run: "run7", facts: {}, body: { why: "y" } }]);
      const journal = await journalOf("noting-1");
      assert.deepEqual(
        journal.map(({ seq, kind, run }) => [seq, kind, run]),
        [
          [1, "alarm", null],
          [2, "refusal", "run7"],
        ],
      );
      assert.equal(journal[1]?.prev, journal[0]?.hash);
    });

    test("without books every use of them fails, the rest works", async () => {
      const store = openAgentStore({
        database: world.database,
        books: noBooks,
        agent: "gateway",
        clock,
        writer: "gateway-1",
      });
      const lease = await store.acquireLease("main");
      await assert.rejects(store.books.find("people"), { code: "no-books" });
      await assert.rejects(store.perform({ ...work("ISK", "run8"), lease, token: 1 }), { code: "no-books" });
      const answer = async () => ({ reply: reply("run8", 1), journal: [] });
      assert.equal(await store.perform({ inbox: key("run8"), lease, token: 1, work: answer }), "done");
    });

    test("a second process on the same database competes by lease", async (t) => {
      if (world.again === undefined) {
        t.skip("this engine's databases have one owner");
        return;
      }
      const other = await world.again();
      try {
        const options = { agent: "moving", clock, writer: "moving-2" };
        const second = openAgentStore({ ...options, database: other, books: openBooks(other) });
        const first = storeOf("moving");
        const old = await first.acquireLease("main");
        const current = await second.acquireLease("main");
        await assert.rejects(first.perform({ ...work("RON", "run9"), lease: old, token: 1 }), {
          code: "fenced",
        });
        const b = await first.acquireLease("b");
        const both = await Promise.all([
          first.perform({ ...work("RON", "run9"), lease: b, token: 2 }),
          second.perform({ ...work("RON", "run9"), lease: current, token: 1 }).catch(({ code }) => code),
        ]);
        assert.equal(both.filter((each) => each === "done").length, 1, `one effect: ${both.join()}`);
        const claims = await Promise.all([
          first.claimOutbox(500, 50, 10),
          second.claimOutbox(500, 50, 10),
          first.claimOutbox(500, 50, 10),
        ]);
        assert.equal(claims.flat().length, 1);
      } finally {
        await other.close();
      }
    });
  });
}
