import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Store } from "../../src/ports.ts";
import { sampleCommit, sampleOutbox, sampleStep, sampleSubject, sampleTime } from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";

const now = sampleTime;

/** The part of the Store's contract about the envelopes that go out. */
export function storeMessagesContract(name: string, open: () => Promise<Store>): void {
  suite(`Store on ${name}: outbox`, () => {
    const bench = storeBench(open);
    const { newId } = bench;
    const create = (parts: Parameters<typeof sampleCommit>[1] = {}) => bench.create({}, parts);

    test("what a clock that was 30 days ahead has put off is due when the clock is right again", async () => {
      const ahead = now + 30 * 86_400_000;
      const state = sampleStep({ status: "queued", dueAt: ahead + 5_000 });
      const run = await bench.create({ updatedAt: ahead, steps: [state] });
      const row = sampleOutbox(run.id, { dueAt: ahead });
      await bench.store.saveRun(sampleCommit(run, { outbox: [row] }));
      await bench.store.claimOutbox(ahead, 60_000, 1_000);
      const claimed = await bench.store.claimOutbox(now, 60_000, 1_000);
      assert.ok(claimed.some(({ id }) => id === row.id));
      assert.ok((await bench.store.dueRuns(now, 1_000)).includes(run.id));
      const right = sampleStep({ status: "waiting", dueAt: now + 5 * 86_400_000 });
      const patient = await bench.create({ updatedAt: now, steps: [right] });
      assert.ok(!(await bench.store.dueRuns(now, 1_000)).includes(patient.id));
      await bench.store.closeOutbox([row.id]);
      assert.equal(await bench.store.leases.hold("ahead", "a", { now: ahead, leaseMs: 100 }), true);
      assert.deepEqual(await bench.store.leases.held("ahead", now), []);
      assert.equal(await bench.store.leases.hold("ahead", "b", { now, leaseMs: 100 }), true);
    });

    test("outbox rows are claimed once per lease, oldest first, until they are closed", async () => {
      const run = await create();
      const row = (attempt: number, dueAt: number) =>
        sampleOutbox(run.id, {
          id: `request-${run.id}-1-route-${attempt}`,
          subject: sampleSubject(run.id, { attempt }),
          dueAt,
        });
      // Long before what other tests leave behind.
      const t = now - 50_000_000;
      const rows = [row(1, t + 20), row(2, t + 10), row(3, t + 900)];
      await bench.store.saveRun(sampleCommit(run, { outbox: rows }));
      const claim = async (at: number, limit = 10) =>
        (await bench.store.claimOutbox(at, 100, limit)).map((each) => each.subject.attempt);
      const both = await Promise.all([claim(t + 20), claim(t + 20)]);
      assert.deepEqual(both.flat().toSorted(), [1, 2], "two relays never get the same row");
      assert.deepEqual(await claim(t + 119), []);
      const again = await bench.store.claimOutbox(t + 120, 100, 1);
      assert.deepEqual(
        again.map((each) => each.body),
        [rows[0]?.body],
      );
      assert.equal(again[0]?.tries, 2);
      await bench.store.postponeOutbox(rows[0]?.id ?? "", t + 130);
      await bench.store.postponeOutbox(rows[1]?.id ?? "", t + 125);
      assert.deepEqual(await claim(t + 130, 1), [2], "the limit leaves the later one");
      assert.deepEqual(await claim(t + 130), [1]);
      await bench.store.closeOutbox([rows[0]?.id ?? ""]);
      await bench.store.postponeOutbox(rows[0]?.id ?? "", t);
      await bench.store.saveRun(
        sampleCommit({ ...run, version: 2 }, { closeOutbox: [rows[1]?.id ?? ""], outbox: [row(2, t)] }),
      );
      assert.deepEqual(await claim(t + 899), [], "closed rows stay closed, also when written again");
      assert.deepEqual(await claim(t + 900), [3]);
    });

    test("at a start what was claimed and is open becomes due; what was never due is left alone", async () => {
      const run = await create();
      const at = now - 60_000_000;
      const row = (attempt: number, dueAt: number) =>
        sampleOutbox(run.id, {
          id: `request-${run.id}-${attempt}`,
          subject: sampleSubject(run.id, { attempt }),
          dueAt,
        });
      // The last one is created claimed, by somebody who would have sent it at once.
      const claimed = { ...row(4, at + 30_000), tries: 1 };
      await bench.store.saveRun(
        sampleCommit(run, { outbox: [row(1, at), row(2, at + 60_000), row(3, at), claimed] }),
      );
      const mine = async (time: number) => {
        const rows = await bench.store.claimOutbox(time, 30_000, 1_000);
        return rows.map(({ id }) => id).filter((id) => id.includes(run.id));
      };
      const ids = [1, 3].map((attempt) => `request-${run.id}-${attempt}`);
      assert.deepEqual((await mine(at)).toSorted(), ids);
      assert.deepEqual(await mine(at + 1), []);
      await bench.store.closeOutbox([ids[1] ?? ""]);
      await bench.store.resume(at + 2);
      assert.deepEqual((await mine(at + 2)).toSorted(), [ids[0], claimed.id]);
      await bench.store.closeOutbox([1, 2, 4].map((attempt) => `request-${run.id}-${attempt}`));
    });

    test("requests in flight are counted per agent", async () => {
      const agent = `agent-${newId()}`;
      const run = await create();
      const row = (kind: "request" | "cancel", attempt: number) =>
        sampleOutbox(run.id, { id: `${kind}-${run.id}-${attempt}`, kind, to: agent });
      await bench.store.saveRun(
        sampleCommit(run, { outbox: [row("request", 1), row("request", 2), row("cancel", 1)] }),
      );
      const waiting = async () => (await bench.store.traffic(0)).waiting[agent]?.open;
      assert.equal(await waiting(), 2);
      await bench.store.closeOutbox([`request-${run.id}-1`, `request-${run.id}-2`]);
      assert.equal(await waiting(), undefined);
    });
  });
}
