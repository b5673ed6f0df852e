import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Approval, Decision, Run } from "../../src/domain.ts";
import type { Store } from "../../src/ports.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import {
  sampleApproval,
  sampleCommit,
  sampleOutbox,
  sampleRun,
  sampleStep,
  sampleSubject,
  sampleTime,
} from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";

const now = sampleTime;

/**
 * The part of the Store's contract about nothing getting lost on the way: rows with every property they can have come
 * back as they were written. `Required` makes whoever adds a property give it here too.
 */
export function storeWholeRowsContract(name: string, open: () => Promise<Store>): void {
  suite(`Store on ${name}: whole rows`, () => {
    const bench = storeBench(open);

    test("a run comes back with everything that was changed of it, and with what was changed back", async () => {
      const run = await bench.create();
      const changed: Required<Run> = {
        ...run,
        workflow: { id: "order-parts", version: 2, structure: "cd".repeat(32) },
        revision: 3,
        status: "compensating",
        reason: "requested",
        updatedAt: now + 77,
        paused: true,
        held: true,
        steps: [sampleStep({ id: "route", status: "completed", attempt: 2, dispatch: 3, endedAt: now + 5 })],
      };
      const { paused: _, held: __, ...resumed } = changed;
      const failing = { ...changed, error: { code: "late", message: "No answer.", retryable: true } };
      for (const each of [changed, resumed, failing, resumed]) {
        const version = (await bench.store.loadRun(run.id))?.version ?? 0;
        assert.equal(await bench.store.saveRun(sampleCommit({ ...each, version })), "saved");
        assert.deepEqual(await bench.store.loadRun(run.id), { ...each, version: version + 1 });
      }
    });

    test("a run that rests from its beginning comes back so", async () => {
      const run = await bench.create({ paused: true, held: true });
      assert.deepEqual([run.paused, run.held], [true, true]);
    });

    test("a message comes back with everything that was written of it", async () => {
      const run = await bench.create();
      const at = now - 90_000_000; // long before what other tests leave behind
      const row: Required<OutboxRow> = {
        ...sampleOutbox(run.id, { subject: sampleSubject(run.id, { attempt: 4 }), dueAt: at }),
        instance: "one",
        fencing: 3,
        requester: "employee",
      };
      assert.equal(await bench.store.saveRun(sampleCommit(run, { outbox: [row] })), "saved");
      assert.deepEqual(await bench.store.claimOutbox(at, 100, 10), [{ ...row, dueAt: at + 100, tries: 1 }]);
    });

    test("an approval comes back with everything that was written of it, also when it was changed", async () => {
      const run = sampleRun(bench.newId());
      const decision: Required<Decision> = {
        by: "deputy",
        insteadOf: "manager",
        verdict: "approved",
        at: now + 9,
        assurance: "clicked",
        adapter: "console",
        signedAt: "@deputy/main",
        brokeGlass: true,
        standing: "standing1",
      };
      const opened: Required<Approval> = {
        ...sampleApproval(run.id, { tier: "large", quorum: 2, notices: 1 }),
        editors: ["manager"],
      };
      const decided: Required<Approval> = {
        ...opened,
        status: "decided",
        decisions: [decision, { ...decision, by: "manager" }],
        notices: 2,
        escalatedAt: now + 5,
        decision,
      };
      await bench.store.createRun(sampleCommit(run, { approvals: [opened] }), `key-${run.id}`);
      assert.deepEqual(await bench.store.approval(opened.id), opened);
      await bench.store.saveRun(sampleCommit({ ...run, version: 1 }, { approvals: [decided] }));
      assert.deepEqual(await bench.store.approval(opened.id), decided);
    });
  });
}
