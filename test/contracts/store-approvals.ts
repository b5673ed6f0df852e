import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Store } from "../../src/ports.ts";
import { sampleApproval, sampleCommit, sampleRun, sampleTime } from "../fakes/sample-run.ts";

const now = sampleTime;

/** The part of the Store's contract about approvals, and what is counted. */
export function storeApprovalsContract(name: string, open: () => Promise<Store>): void {
  suite(`Store on ${name}: approvals`, () => {
    let store: Store;
    let lastId = 0;
    const newId = (): string => {
      lastId += 1;
      return `run${lastId}`;
    };
    /** Creates a run with the changes given and returns it as stored. */
    const create = async (change: Parameters<typeof sampleRun>[1] = {}) => {
      const id = newId();
      await store.createRun(sampleCommit(sampleRun(id, change)), `key-${id}`);
      const run = await store.loadRun(id);
      assert.ok(run !== undefined);
      return run;
    };
    before(async () => {
      store = await open();
    });
    after(() => store.close());

    test("an approval is stored with its run and changed with it", async () => {
      const run = await create();
      const open = sampleApproval(run.id);
      await store.saveRun(sampleCommit(run, { approvals: [open] }));
      assert.deepEqual(await store.approval(open.id), open);
      assert.equal(await store.approval("unknown"), undefined);
      const decision = {
        by: "manager",
        verdict: "approved",
        at: now + 5,
        assurance: "clicked",
        adapter: "console",
      } as const;
      const recorded = { ...open, status: "recorded" as const, decision };
      assert.equal(await store.saveRun(sampleCommit(run, { approvals: [recorded] })), "stale");
      assert.deepEqual(await store.approval(open.id), open);
      await store.saveRun(sampleCommit({ ...run, version: 2 }, { approvals: [recorded] }));
      assert.deepEqual(await store.approvals({ run: run.id }), [recorded]);
      assert.deepEqual(await store.approvals({ run: run.id, open: true }), []);
      assert.ok((await store.approvals({ open: false })).some((each) => each.id === open.id));
    });

    test("approvals are filtered by state and requester, the newest ones where there are too many", async () => {
      const requester = `person-${newId()}`;
      const made: string[] = [];
      for (const index of [0, 1, 2, 3]) {
        const run = await create({ requester });
        const status = index === 3 ? ("expired" as const) : ("open" as const);
        const approval = sampleApproval(run.id, { requester, status, createdAt: now + index });
        await store.saveRun(sampleCommit(run, { approvals: [approval] }));
        made.push(approval.id);
      }
      const ids = async (o: Parameters<Store["approvals"]>[0]) =>
        (await store.approvals(o)).map((each) => each.id);
      assert.deepEqual(await ids({ requester }), made);
      assert.deepEqual(await ids({ requester, open: true }), made.slice(0, 3));
      assert.deepEqual(await ids({ requester, open: true, limit: 2 }), made.slice(1, 3));
      assert.deepEqual(await ids({ requester, open: false, limit: 2 }), made.slice(3));
      assert.deepEqual(await ids({ requester: "nobody" }), []);
    });

    test("open runs and open approvals are counted", async () => {
      const before = await store.counts();
      const run = await create();
      await create({ status: "completed" });
      await create({ status: "waiting" });
      await store.saveRun(sampleCommit(run, { approvals: [sampleApproval(run.id)] }));
      assert.deepEqual(await store.counts(), {
        openRuns: before.openRuns + 2,
        openApprovals: before.openApprovals + 1,
      });
    });
  });
}
