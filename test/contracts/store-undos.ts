import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Store } from "../../src/ports.ts";
import { undoAlarmAttempt, undoFailedCode } from "../../src/step-errors.ts";
import { sampleCommit, sampleStep, sampleTime } from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";

/** The part of the Store's contract about undos that need a person. */
export function storeUndosContract(name: string, open: () => Promise<Store>): void {
  suite(`Store on ${name}: undos`, () => {
    const bench = storeBench(open);

    test("runs of which an undo needs a person are found: refused for good, or failed many times", async () => {
      const person = `person-${bench.newId()}`;
      const error = { code: undoFailedCode, message: "closed", retryable: false };
      const steps = [
        [sampleStep({ status: "failed", error, dueAt: null })],
        [sampleStep({ status: "compensating", attempt: undoAlarmAttempt })],
        [sampleStep({ status: "compensating", attempt: undoAlarmAttempt - 1 })],
      ];
      const made = [];
      for (const [index, each] of steps.entries()) {
        const createdAt = sampleTime + index;
        made.push(await bench.create({ requester: person, status: "compensating", steps: each, createdAt }));
      }
      const ids = async () =>
        (await bench.store.listRuns({ limit: 10, person, stuck: true })).map((run) => run.id);
      assert.deepEqual(await ids(), [made[1]?.id, made[0]?.id]);
      const [first, second] = made;
      assert.ok(first && second);
      const undone = [sampleStep({ status: "compensated", dueAt: null })];
      const saved = await bench.store.saveRun(sampleCommit({ ...first, status: "cancelled", steps: undone }));
      assert.equal(saved, "saved");
      assert.deepEqual(await ids(), [second.id]);
    });
  });
}
