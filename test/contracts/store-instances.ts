import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Store } from "../../src/ports.ts";
import { sampleCommit, sampleOutbox, sampleSubject, sampleTime } from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";

/** The part of the Store's contract about who is there and who does what. */
export function storeInstancesContract(name: string, open: () => Promise<Store>): void {
  suite(`Store on ${name}: instances`, () => {
    const bench = storeBench(open);
    const instances = () => bench.store.instances;
    const rowOf = (run: string, change: Parameters<typeof sampleOutbox>[1] = {}) =>
      sampleOutbox(run, { id: `request-${run}`, dueAt: sampleTime + 9_000_000, ...change });

    test("the token of a step rises whenever it is given to another instance, and only then", async () => {
      const run = await bench.create();
      const row = rowOf(run.id);
      await bench.store.saveRun(sampleCommit(run, { outbox: [row] }));
      const given = async (instance: string) => (await instances().assign(row, instance))?.token;
      assert.equal(await instances().assignment(row.subject), undefined);
      assert.deepEqual(
        [await given("a"), await given("a"), await given("b"), await given("b"), await given("a")],
        [1, 1, 2, 2, 3],
      );
      assert.deepEqual(await instances().assignment(row.subject), { instance: "a", token: 3 });
      const next = { ...row, id: `${row.id}-2`, subject: { ...row.subject, attempt: 2 } };
      await bench.store.saveRun(sampleCommit({ ...run, version: 2 }, { outbox: [next] }));
      assert.equal((await instances().assign(next, "b"))?.token, 4, "whatever the attempt");
      const both = await Promise.all(["c", "d"].map((instance) => instances().assign(next, instance)));
      assert.deepEqual(both.map((each) => each?.token).toSorted(), [5, 6]);
      const claimed = await bench.store.claimOutbox(sampleTime + 9_000_000, 1_000, 1_000);
      const last = await instances().assignment(row.subject);
      const found = claimed.find(({ id }) => id === next.id);
      assert.deepEqual({ instance: found?.instance, token: found?.fencing }, { ...last });
      await bench.store.closeOutbox([row.id, next.id]);
      assert.equal(await instances().assign(next, "e"), undefined, "nothing is left to be done");
    });

    test("an agent's limit holds whoever gives: at a time, and in a minute", async () => {
      const agent = `agent-${bench.newId()}`;
      const run = await bench.create();
      const rows = Array.from({ length: 6 }, (_, n) =>
        rowOf(run.id, {
          id: `request-${run.id}-${n}`,
          to: agent,
          subject: sampleSubject(run.id, { attempt: n + 1 }),
        }),
      );
      await bench.store.saveRun(sampleCommit(run, { outbox: rows }));
      const give = (n: number, now: number, held = true) => {
        const bounded = { limit: { inFlight: 2, perMinute: 3 }, now, held };
        return instances().assignWithin(bounded, rows[n] ?? sampleOutbox(run.id), "a");
      };
      const answers = await Promise.all(rows.map((_, n) => give(n, sampleTime)));
      const given = answers.flatMap((each, n) => (each !== undefined && "token" in each ? [n] : []));
      assert.equal(given.length, 2, "of six at once");
      assert.ok(answers.every((each) => each !== undefined && ("token" in each || each.waitMs === "full")));
      const mine = (await instances().assigned()).filter((each) => each.agent === agent);
      assert.equal(mine.length, 2);
      await bench.store.closeOutbox(mine.map(({ id }) => id));
      const others = rows.map((_, n) => n).filter((n) => !given.includes(n));
      const [third = 0, fourth = 0, fifth = 0] = others;
      assert.ok("token" in ((await give(third, sampleTime + 20_000)) ?? {}));
      assert.deepEqual(await give(fourth, sampleTime + 30_000), { waitMs: 30_000 });
      assert.ok("token" in ((await give(fourth, sampleTime + 30_000, false)) ?? {}), "people wait for it");
      assert.deepEqual(await give(fifth, sampleTime + 30_000), { waitMs: "full" });
      await bench.store.closeOutbox(rows.map(({ id }) => id));
    });

    test("a commit gives its new messages to instances, but takes no step from a later one", async () => {
      const run = await bench.create();
      const given = { instance: "a", fencing: 1 };
      const first = rowOf(run.id, given);
      await bench.store.saveRun(sampleCommit(run, { outbox: [first] }));
      assert.deepEqual(await instances().assignment(first.subject), { instance: "a", token: 1 });
      await instances().assign(first, "b");
      const late = rowOf(run.id, {
        ...given,
        id: `${first.id}-2`,
        subject: sampleSubject(run.id, { attempt: 2 }),
      });
      await bench.store.saveRun(sampleCommit({ ...run, version: 2 }, { outbox: [late] }));
      assert.deepEqual(await instances().assignment(first.subject), { instance: "b", token: 2 });
      await bench.store.closeOutbox([first.id, late.id]);
    });

    test("what an instance says after its step was given to another is fenced, and nothing of it is kept", async () => {
      const run = await bench.create();
      const row = rowOf(run.id, { instance: "a", fencing: 1 });
      await bench.store.saveRun(sampleCommit(run, { outbox: [row] }));
      await instances().assign(row, "b");
      const inbox = { sender: "@cs-a", kind: "result", subject: row.subject } as const;
      const answer = sampleCommit({ ...run, version: 2 }, { inbox });
      const both = { ...answer, closeOutbox: [row.id] };
      assert.equal(await bench.store.saveRun({ ...both, fencing: 1 }), "fenced");
      assert.equal((await bench.store.loadRun(run.id))?.version, 2);
      assert.equal(await bench.store.saveRun({ ...both, fencing: 2 }), "saved");
      assert.equal(await bench.store.saveRun({ ...both, fencing: 2 }), "duplicate");
    });

    test("what an instance has is known, and due when it is gone", async () => {
      const agent = `agent-${bench.newId()}`;
      const run = await bench.create();
      const rows = ["a", "a", "b"].map((instance, n) =>
        rowOf(run.id, { id: `request-${run.id}-${n}`, to: agent, instance, fencing: 1 }),
      );
      await bench.store.saveRun(sampleCommit(run, { outbox: [...rows, rowOf(run.id, { to: agent })] }));
      const mine = async () =>
        (await instances().assigned())
          .flatMap((each) => (each.agent === agent ? [each.instance] : []))
          .toSorted();
      assert.deepEqual(await mine(), ["a", "a", "b"]);
      await bench.store.closeOutbox([rows[0]?.id ?? ""]);
      assert.deepEqual(await mine(), ["a", "b"]);
      const now = sampleTime - 70_000_000;
      await instances().release(agent, "a", now);
      const due = await bench.store.claimOutbox(now, 1, 1_000);
      assert.deepEqual(
        due.filter(({ to }) => to === agent).map(({ id }) => id),
        [rows[1]?.id],
      );
      await bench.store.closeOutbox([...rows.map(({ id }) => id), `request-${run.id}`]);
    });

    test("instances are kept until they are dropped", async () => {
      const agent = `agent-${bench.newId()}`;
      const mine = async () => (await instances().kept()).filter((each) => each.agent === agent);
      await instances().keep({ agent, instance: "a", announcement: "1" });
      await instances().keep({ agent, instance: "b", announcement: "2" });
      await instances().keep({ agent, instance: "a", announcement: "3" });
      await instances().drop(agent, "b");
      await instances().drop(agent, "c");
      assert.deepEqual(await mine(), [{ agent, instance: "a", announcement: "3" }]);
    });
  });
}
