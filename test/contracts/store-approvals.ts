import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Decision } from "../../src/domain.ts";
import type { Store } from "../../src/ports.ts";
import { sampleApproval, sampleCommit, sampleStep, sampleTime } from "../fakes/sample-run.ts";
import { storeBench } from "../fakes/store-bench.ts";

const now = sampleTime;

/** The part of the Store's contract about approvals, and what is counted. */
export function storeApprovalsContract(name: string, open: () => Promise<Store>): void {
  suite(`Store on ${name}: approvals`, () => {
    const bench = storeBench(open);
    const { newId, create } = bench;

    test("an approval is stored with its run and changed with it", async () => {
      const run = await create();
      const open = sampleApproval(run.id);
      await bench.store.saveRun(sampleCommit(run, { approvals: [open] }));
      assert.deepEqual(await bench.store.approval(open.id), open);
      assert.equal(await bench.store.approval("unknown"), undefined);
      const decision = {
        by: "manager",
        verdict: "approved",
        at: now + 5,
        assurance: "clicked",
        adapter: "console",
      } as const;
      const recorded = { ...open, status: "recorded" as const, decision };
      assert.equal(await bench.store.saveRun(sampleCommit(run, { approvals: [recorded] })), "stale");
      assert.deepEqual(await bench.store.approval(open.id), open);
      await bench.store.saveRun(sampleCommit({ ...run, version: 2 }, { approvals: [recorded] }));
      assert.deepEqual(await bench.store.approvals({ run: run.id }), [recorded]);
      assert.deepEqual(await bench.store.approvals({ run: run.id, open: true }), []);
      assert.ok((await bench.store.approvals({ open: false })).some((each) => each.id === open.id));
    });

    test("what has happened to an open approval is kept; a run is due for its next reminder", async () => {
      const remindAt = [now + 10, now + 20];
      const step = sampleStep({ status: "waiting", dispatch: 0, dueAt: now + 90, remindAt });
      const run = await create({ status: "waiting", steps: [step] });
      const decision: Decision = {
        by: "helper",
        insteadOf: "manager",
        verdict: "approved",
        at: now + 5,
        assurance: "clicked",
        adapter: "console",
        brokeGlass: true,
      };
      const half = sampleApproval(run.id, {
        tier: "large",
        quorum: 2,
        decisions: [decision],
        notices: 1,
        escalatedAt: now + 6,
      });
      await bench.store.saveRun(
        sampleCommit(run, { approvals: [sampleApproval(run.id, { tier: "large" })] }),
      );
      await bench.store.saveRun(sampleCommit({ ...run, version: 2 }, { approvals: [half] }));
      assert.deepEqual(await bench.store.approval(half.id), half);
      const due = async (at: number) => (await bench.store.dueRuns(now + at, 1000)).includes(run.id);
      assert.deepEqual([await due(9), await due(10)], [false, true]);
      assert.deepEqual((await bench.store.loadRun(run.id))?.steps[0]?.remindAt, remindAt);
    });

    test("approvals are filtered by state and requester, the newest ones where there are too many", async () => {
      const requester = `person-${newId()}`;
      const made: string[] = [];
      for (const index of [0, 1, 2, 3]) {
        const run = await create({ requester });
        const status = index === 3 ? ("expired" as const) : ("open" as const);
        const approval = sampleApproval(run.id, { requester, status, createdAt: now + index });
        await bench.store.saveRun(sampleCommit(run, { approvals: [approval] }));
        made.push(approval.id);
      }
      const ids = async (o: Parameters<Store["approvals"]>[0]) =>
        (await bench.store.approvals(o)).map((each) => each.id);
      assert.deepEqual(await ids({ requester }), made);
      assert.deepEqual(await ids({ requester, open: true }), made.slice(0, 3));
      assert.deepEqual(await ids({ requester, open: true, limit: 2 }), made.slice(1, 3));
      assert.deepEqual(await ids({ requester, open: false, limit: 2 }), made.slice(3));
      assert.deepEqual(await ids({ requester: "nobody" }), []);

      const decision = {
        by: "manager",
        verdict: "approved",
        at: now,
        assurance: "clicked",
        adapter: "console",
      } as const;
      for (const brokeGlass of [{}, { brokeGlass: true as const }]) {
        const run = await create({ requester });
        const status = "decided" as const;
        const approval = sampleApproval(run.id, {
          requester,
          status,
          decision: { ...decision, ...brokeGlass },
        });
        await bench.store.saveRun(sampleCommit(run, { approvals: [approval] }));
        made.push(approval.id);
      }
      assert.deepEqual(await ids({ requester, alone: true }), made.slice(5));
    });

    test("open runs and open approvals are counted", async () => {
      const before = await bench.store.counts();
      const run = await create();
      await create({ status: "completed" });
      await create({ status: "waiting" });
      await bench.store.saveRun(sampleCommit(run, { approvals: [sampleApproval(run.id)] }));
      assert.deepEqual(await bench.store.counts(), {
        openRuns: before.openRuns + 2,
        openApprovals: before.openApprovals + 1,
      });
    });
  });
}
