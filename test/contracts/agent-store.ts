import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { noBooks, openBooks } from "../../adapters/store/books-database.ts";
import { readJournal } from "../../adapters/store/journal-store.ts";
import type { StoredJournalRecord } from "../../src/journal.ts";
import type { AgentStore, Books } from "../../src/ports.ts";
import { key, reply } from "../fakes/sample-reply.ts";
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
        return { reply: reply(run, due), journal: [{ kind: "effect", run, facts: { id } }] };
      },
    });

    test("perform keeps change, reply, inbox key and journal together, once", async () => {
      const store = storeOf("once");
      const fencing = await store.acquireLease("main");
      assert.equal(await store.perform({ ...work("EUR", "run1"), fencing }), "done");
      assert.equal(await store.perform({ ...work("GBP", "run1"), fencing }), "duplicate");
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
      const fencing = await store.acquireLease("main");
      const { inbox, work: good } = work("CHF", "run2");
      const failing = async (books: Books) => {
        await good(books);
        throw new Error("on purpose");
      };
      await assert.rejects(store.perform({ inbox, fencing, work: failing }), /on purpose/);
      assert.equal(
        (await rates()).some(({ id }) => id === "CHF"),
        false,
      );
      assert.deepEqual(await store.claimOutbox(1_000, 50, 10), []);
      assert.deepEqual(await journalOf("failing-1"), []);
      assert.equal(await store.replyAgain(inbox, 0), undefined);
      assert.equal(await store.perform({ inbox, fencing, work: good }), "done");
    });

    test("of the same request arriving at once, one is done", async () => {
      const store = storeOf("racing");
      const fencing = await store.acquireLease("main");
      const ids = ["DKK", "NOK", "SEK", "PLN"];
      const results = await Promise.all(ids.map((id) => store.perform({ ...work(id, "run3"), fencing })));
      assert.deepEqual(results.toSorted(), ["done", "duplicate", "duplicate", "duplicate"]);
      assert.equal((await rates()).filter(({ id }) => ids.includes(id)).length, 1);
    });

    test("a new instance sends at once what an earlier one had claimed", async () => {
      const store = storeOf("heir");
      const fencing = await store.acquireLease("main");
      await store.perform({ ...work("HRK", "run9"), fencing });
      assert.equal((await store.claimOutbox(9_000, 30_000, 10)).length, 1);
      assert.deepEqual(await store.claimOutbox(9_001, 30_000, 10), []);
      await store.acquireLease("main");
      assert.equal((await store.claimOutbox(9_001, 30_000, 10)).length, 1);
    });

    test("a later lease fences the earlier instance off", async () => {
      const store = storeOf("fenced");
      const first = await store.acquireLease("main");
      const second = await store.acquireLease("other");
      assert.ok(second > first);
      await assert.rejects(store.perform({ ...work("AUD", "run4"), fencing: first }), { code: "fenced" });
      await assert.rejects(store.perform({ ...work("AUD", "run4"), fencing: second + 1 }), {
        code: "fenced",
      });
      await assert.rejects(
        store.transact(first, async () => assert.fail("must not run")),
        { code: "fenced" },
      );
      assert.equal(
        (await rates()).some(({ id }) => id === "AUD"),
        false,
      );
      assert.equal(await store.perform({ ...work("AUD", "run4"), fencing: second }), "done");
      assert.ok((await storeOf("unfenced").acquireLease("main")) >= 1, "leases are each agent's own");
      await assert.rejects(
        storeOf("leaseless").transact(1, async () => undefined),
        { code: "fenced" },
      );
    });

    test("units of one agent never see half of each other", async () => {
      const store = storeOf("serial");
      const fencing = await store.acquireLease("main");
      // Each reads what there is and adds one more: without order two would see the same.
      const ids = ["r1", "r2", "r3", "r4", "r5", "r6"];
      const seen = await Promise.all(
        ids.map((run) =>
          store.transact(fencing, async (books) => {
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
      const fencing = await store.acquireLease("main");
      await store.perform({ ...work("HUF", "run6"), fencing });
      const other = { ...work("CZK", "run6"), inbox: { ...key("run6"), sender: "@other" } };
      await assert.rejects(store.perform({ ...other, fencing }), { code: "exists" });
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
      const fencing = await store.acquireLease("main");
      await assert.rejects(store.books.find("people"), { code: "no-books" });
      await assert.rejects(store.perform({ ...work("ISK", "run8"), fencing }), { code: "no-books" });
      const answer = async () => ({ reply: reply("run8", 1), journal: [] });
      assert.equal(await store.perform({ inbox: key("run8"), fencing, work: answer }), "done");
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
        await assert.rejects(first.perform({ ...work("RON", "run9"), fencing: old }), { code: "fenced" });
        assert.equal(await second.perform({ ...work("RON", "run9"), fencing: current }), "done");
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
