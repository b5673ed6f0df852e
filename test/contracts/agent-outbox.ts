import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { openBooks } from "../../adapters/store/books-database.ts";
import type { AgentStore } from "../../src/ports.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import { key, reply, replyId } from "../fakes/sample-reply.ts";
import type { TestBooks } from "../fakes/test-books.ts";

const clock = { now: () => 1_000 };

/** What an AgentStore does with messages to send; run on each engine. */
export function agentOutboxContract(name: string, open: () => Promise<TestBooks>): void {
  suite(`AgentStore on ${name}: outbox`, () => {
    let world: TestBooks;
    before(async () => {
      world = await open();
    });
    after(() => world.close());

    const storeOf = (agent: string): AgentStore =>
      openAgentStore({
        database: world.database,
        books: openBooks(world.database),
        agent,
        clock,
        writer: `${agent}-1`,
      });

    test("the outbox gives each due row to one sender, oldest first, until it is closed", async () => {
      const store = storeOf("sending");
      const lease = await store.acquireLease("main");
      for (const [run, due] of [
        ["b", 300],
        ["a", 200],
        ["c", 900],
      ] as const) {
        await store.perform({
          inbox: key(run),
          lease,
          token: 1,
          work: async () => ({ reply: reply(run, due), journal: [] }),
        });
      }
      const ids = (rows: readonly OutboxRow[]) => rows.map(({ subject }) => subject.run);
      const tries = (rows: readonly OutboxRow[]) => rows.map((row) => row.tries);
      assert.deepEqual(await storeOf("elsewhere").claimOutbox(9_999, 50, 10), []);
      const first = await store.claimOutbox(300, 50, 1);
      assert.deepEqual([ids(first), tries(first)], [["a"], [1]]);
      const claims = await Promise.all([1, 2, 3].map(() => store.claimOutbox(301, 50, 10)));
      assert.deepEqual(claims.map(ids).toSorted(), [[], [], ["b"]]);
      // A claim that ends without a word is given out again.
      const second = await store.claimOutbox(350, 50, 10);
      assert.deepEqual([ids(second), tries(second)], [["a"], [2]]);
      await store.postponeOutbox(replyId("a"), 700);
      await store.closeOutbox([replyId("b")]);
      assert.deepEqual(await store.claimOutbox(699, 50, 10), []);
      const again = await store.claimOutbox(700, 50, 10);
      assert.deepEqual(
        again.map((row) => [row.subject.run, row.tries]),
        [["a", 3]],
        "each claim is a try, a postponement is none",
      );
      await store.closeOutbox([]);
      await store.closeOutbox([replyId("a"), "unknown"]);
      await store.postponeOutbox(replyId("a"), 0);
      assert.deepEqual(ids(await store.claimOutbox(5_000, 50, 10)), ["c"]);
    });

    test("a reply may be stored claimed; the next instance has it at once, but none that is not due yet", async () => {
      const store = storeOf("claimed");
      const lease = await store.acquireLease("main");
      const now = clock.now();
      const rows = [
        { ...reply("mine", now + 30_000), tries: 1 },
        { ...reply("closed", now + 30_000), tries: 1 },
        reply("later", now + 30_000),
      ];
      for (const row of rows) {
        const answer = async () => ({ reply: row, journal: [] });
        await store.perform({ inbox: key(row.subject.run), lease, token: 1, work: answer });
      }
      await store.closeOutbox([replyId("closed")]);
      assert.deepEqual(await store.claimOutbox(now + 29_999, 50, 10), []);
      await store.acquireLease("next");
      const again = await store.claimOutbox(now, 50, 10);
      assert.deepEqual(
        again.map(({ id, tries }) => [id, tries]),
        [[replyId("mine"), 2]],
      );
      await store.closeOutbox([replyId("mine")]);
      const rest = await store.claimOutbox(now + 30_000, 50, 10);
      assert.deepEqual(
        rest.map(({ id, tries }) => [id, tries]),
        [[replyId("later"), 1]],
      );
    });

    test("the reply to a finished request can be had again after it was closed", async () => {
      const store = storeOf("replying");
      const lease = await store.acquireLease("main");
      const work = async () => ({ reply: reply("run5", 100), journal: [] });
      await store.perform({ inbox: key("run5"), lease, token: 1, work });
      await store.claimOutbox(1_000, 50, 10);
      await store.closeOutbox([replyId("run5")]);
      assert.deepEqual(await store.claimOutbox(9_000, 50, 10), []);
      const asked = { now: 2_000, instance: "b", token: 2 };
      assert.deepEqual(
        await store.replyAgain(key("run5"), asked),
        { ...reply("run5", 2_000), instance: "b", fencing: 2 },
        "tries start anew, for the instance that asks",
      );
      assert.deepEqual(await store.claimOutbox(2_000, 50, 10), [
        { ...reply("run5", 2_050), instance: "b", fencing: 2, tries: 1 },
      ]);
      const late = await store.replyAgain(key("run5"), { now: 3_000, instance: "a", token: 1 });
      assert.deepEqual([late?.instance, late?.fencing], ["a", 2], "a token never falls");
      assert.equal(await store.replyAgain({ ...key("run5"), kind: "cancel" }, asked), undefined);
      assert.equal(await storeOf("replying-not").replyAgain(key("run5"), asked), undefined);
    });
  });
}
