import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { StepJob, StepQueue } from "../../src/ports.ts";

/** What every StepQueue must do; run on each implementation. */
export function stepQueueContract(name: string, open: () => Promise<StepQueue>): void {
  suite(`StepQueue on ${name}`, () => {
    let queue: StepQueue;
    const seen: StepJob[] = [];
    const failing = new Set<string>();
    let waiting: { count: number; resolve: () => void } | undefined;
    const job = (run: string, dispatch = 1): StepJob => ({
      run,
      revision: 1,
      step: "route",
      attempt: 1,
      dispatch,
      ready: true,
    });
    /** Resolves when `count` jobs in all have reached the handler. */
    const reached = (count: number) =>
      new Promise<void>((resolve) => {
        waiting = { count, resolve };
        if (seen.length >= count) {
          resolve();
        }
      });
    before(async () => {
      queue = await open();
      await queue.work(async (each) => {
        seen.push(each);
        if (waiting !== undefined && seen.length >= waiting.count) {
          waiting.resolve();
        }
        if (failing.has(each.run)) {
          await Promise.reject(new Error("handler failed on purpose"));
        }
      });
    });
    after(() => queue.close());

    test("hands a job with all its ids to the handler", async () => {
      const before = seen.length;
      await queue.add(job("R1"));
      await reached(before + 1);
      assert.deepEqual(seen.at(-1), job("R1"));
    });
    test("hands over many that are added at once, each once", async () => {
      const before = seen.length;
      const runs = Array.from({ length: 120 }, (_, index) => `many${index}`);
      await Promise.all(runs.map((run) => queue.add(job(run))));
      await reached(before + 120);
      assert.deepEqual(
        seen
          .slice(before)
          .map((each) => each.run)
          .sort(),
        [...runs].sort(),
      );
    });
    test("one that fails among others does not keep them from the handler", async () => {
      const before = seen.length;
      failing.add("broken");
      await Promise.all(["good1", "broken", "good2"].map((run) => queue.add(job(run))));
      await reached(before + 3);
      failing.delete("broken");
      assert.deepEqual(
        seen.slice(before).map((each) => each.run),
        ["good1", "broken", "good2"],
      );
    });
    test("adding a waiting job again does not double it", async () => {
      const before = seen.length;
      await Promise.all([1, 2].map(() => queue.add(job("twice"), { delayMs: 150 })));
      await queue.add(job("later"), { delayMs: 400 });
      await reached(before + 2);
      assert.deepEqual(
        seen.slice(before).map((each) => each.run),
        ["twice", "later"],
      );
    });
    test("a failed job comes back under the next dispatch", async () => {
      const before = seen.length;
      failing.add("broken");
      await queue.add(job("broken", 1));
      await reached(before + 1);
      failing.delete("broken");
      await queue.add(job("broken", 2));
      await reached(before + 2);
      assert.deepEqual(
        seen.slice(before).map((each) => each.dispatch),
        [1, 2],
      );
    });
  });
}
