import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { openBooks } from "../../adapters/store/books-database.ts";
import type { TestBooks } from "../fakes/test-books.ts";

const day = 24 * 3_600_000;

/** What an AgentStore forgets after 30 days; run on each engine. */
export function agentPruneContract(name: string, open: () => Promise<TestBooks>): void {
  suite(`AgentStore on ${name}, after 30 days`, () => {
    test("finished requests go with their replies; open, younger and other agents' ones stay", async (t) => {
      const world = await open();
      t.after(() => world.close());
      let now = 1_000;
      const storeOf = (agent: string) =>
        openAgentStore({
          database: world.database,
          books: openBooks(world.database),
          agent,
          clock: { now: () => now },
          writer: `${agent}-1`,
        });
      const store = storeOf("inventory");
      const other = storeOf("supply");
      const subject = (run: string) => ({ run, revision: 1, step: "reserve", attempt: 1 });
      const inbox = (run: string) => ({ sender: "@cs-bot", kind: "request" as const, subject: subject(run) });
      const reply = (run: string) => ({
        id: `result-${run}`,
        to: "bot",
        kind: "result" as const,
        subject: subject(run),
        body: { output: run },
        dueAt: now,
        tries: 0,
        expiresAt: now + 1,
      });
      const finish = async (at: typeof store, run: string, closed: boolean) => {
        const lease = await at.acquireLease("main");
        const work = async () => ({ reply: reply(run), journal: [] });
        assert.equal(await at.perform({ inbox: inbox(run), lease, token: 1, work }), "done");
        if (closed) {
          await at.closeOutbox([`result-${run}`]);
        }
      };
      for (let index = 0; index < 205; index += 1) {
        await finish(store, `old${index}`, true);
      }
      await finish(store, "undelivered", false);
      await finish(other, "old0", true);
      await store.setValue("serial", "7");
      now += 5 * day;
      await finish(store, "young", true);
      assert.equal(await store.prune(1_000 + 30 * day), 0, "not before");
      assert.equal(await store.prune(1_001 + 30 * day), 205);
      const rows = async (table: "agent_inbox" | "agent_outbox") =>
        (await world.database.read((db) => db.selectFrom(table).selectAll().execute())).length;
      assert.deepEqual([await rows("agent_inbox"), await rows("agent_outbox")], [3, 3]);
      const asked = { now, instance: "main", token: 1 };
      assert.equal(await store.replyAgain(inbox("old1"), asked), undefined);
      for (const run of ["undelivered", "young"]) {
        assert.deepEqual((await store.replyAgain(inbox(run), asked))?.body, { output: run });
      }
      assert.deepEqual((await other.replyAgain(inbox("old0"), asked))?.body, { output: "old0" });
      assert.equal(await store.getValue("serial"), "7");
    });
  });
}
