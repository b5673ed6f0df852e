import assert from "node:assert/strict";
import { test } from "node:test";
import { createDesk } from "../../src/desk.ts";
import type { Person, Role, Run } from "../../src/domain.ts";
import { loadRunView } from "../../src/run-view.ts";
import type { ContentFilter } from "../../src/record-types.ts";
import { MemoryStore } from "../fakes/memory-store.ts";
import { sampleApproval, sampleCommit, sampleRun, sampleTime } from "../fakes/sample-run.ts";

const person = (id: string, role: Role): Person => ({
  id,
  name: id,
  roles: [role],
  active: true,
  accounts: [],
});

/** A record with one run and one open approval for each requester given, oldest first. */
async function office(requesters: readonly string[]) {
  const store = new MemoryStore();
  const company = {
    people: [person("employee", "employee"), person("other", "employee"), person("manager", "manager")],
  };
  for (const [index, requester] of requesters.entries()) {
    const id = `run${index}`;
    const run = sampleRun(id, { requester, createdAt: sampleTime + index });
    const content = (step: string, name: string) => ({
      run: id,
      revision: 1,
      step,
      name,
      value: `${name} of ${id}`,
    });
    await store.createRun(
      sampleCommit(run, {
        contents: [content("route", "request"), content("route", "input:1"), content("supply", "output")],
        approvals: [sampleApproval(id, { requester, createdAt: sampleTime + index })],
        cards: [{ key: `progress-${id}` }],
      }),
      `key-${id}`,
    );
  }
  const opened: (ContentFilter | undefined)[] = [];
  const desk = createDesk({
    store,
    view: (run: Run, wanted) => {
      opened.push(wanted);
      const onAltered = () => undefined;
      const definition = () => undefined;
      return loadRunView(store, run, { definition, atSignOf: () => "@cs-router", onAltered, wanted });
    },
    people: () => company.people,
    demo: () => false,
    agents: ["router", "supply"].map((id) => ({ id, atSign: `@cs-${id}` as const, description: "" })),
    isGranted: (agent) => agent !== "supply",
    instances: (agent) => (agent === "router" ? [{ instance: "b", open: false, region: "here" }] : []),
    mayUndo: () => false,
    now: () => sampleTime,
  });
  return { store, desk, company, opened };
}

test("a list of runs opens what was asked and nothing else", async () => {
  const { desk, opened } = await office(["employee", "other", "employee"]);
  const titles = (await desk.runs("employee")).map((run) => run.title);
  assert.deepEqual(titles, ["request of run2", "request of run0"]);
  const all = await desk.runs("manager", { all: true, limit: 2 });
  assert.deepEqual(
    all.map((run) => run.id),
    ["run2", "run1"],
  );
  assert.deepEqual(await desk.runs("employee", { all: true }), await desk.runs("employee"));
  assert.deepEqual(opened, []);
});

test("a progress card is drawn without the inputs and outputs of steps", async () => {
  const { store, desk, opened } = await office(["employee"]);
  const [row] = await store.cards("progress-run0");
  assert.ok(row !== undefined);
  assert.equal((await desk.render(row))?.kind, "progress");
  const [wanted] = opened;
  assert.ok(wanted !== undefined);
  assert.deepEqual(await store.contents("run0", wanted), []);
});

test("agents: how each is, by what waits for it and whether anybody may answer for it", async () => {
  const { desk, store } = await office([]);
  store.traffic = () =>
    Promise.resolve({
      waiting: { router: { open: 2, since: sampleTime - 120_000 } },
      heard: { "@cs-router": { at: sampleTime - 130_000, errors: 1 } },
    });
  assert.deepEqual(
    (await desk.agents()).map(({ id, inFlight, health, instances }) => [
      id,
      inFlight,
      health.state,
      instances.map(({ instance }) => instance),
    ]),
    [
      ["router", 2, "silent", ["b"]],
      ["supply", 0, "unreachable", []],
    ],
  );
});

test("viewers see the approvals of their own runs, managers all; open ones first, then the newest", async () => {
  const { store, desk } = await office(["employee", "other", "employee", "employee"]);
  const run = await store.loadRun("run3");
  assert.ok(run !== undefined);
  const expired = sampleApproval("run3", { status: "expired", createdAt: sampleTime + 3 });
  await store.saveRun(sampleCommit(run, { approvals: [expired] }));
  const ids = async (viewer: string) => (await desk.approvals(viewer)).map((each) => each.approval.run);
  assert.deepEqual(await ids("employee"), ["run2", "run0", "run3"]);
  assert.deepEqual(await ids("other"), ["run1"]);
  assert.deepEqual(await ids("manager"), ["run2", "run1", "run0", "run3"]);
});

test("what others have asked for hides no own approval, however much it is", async () => {
  const others = Array.from({ length: 150 }, () => "other");
  const { desk } = await office(["employee", ...others]);
  assert.deepEqual(
    (await desk.approvals("employee")).map((each) => each.approval.run),
    ["run0"],
  );
  assert.equal((await desk.approvals("manager")).length, 100);
});

test("who is not active, or not of the company, sees nothing, not even own requests", async () => {
  const { desk, company } = await office(["employee", "stranger"]);
  company.people = company.people.map((each) => ({ ...each, active: each.id === "other" }));
  for (const viewer of ["employee", "manager", "stranger"]) {
    assert.deepEqual(await desk.runs(viewer, { all: true }), [], viewer);
    assert.deepEqual(await desk.approvals(viewer), [], viewer);
    for (const run of ["run0", "run1"]) {
      assert.equal(await desk.run(run, viewer), undefined, viewer);
      assert.deepEqual(await desk.cards(run, viewer), [], viewer);
      assert.equal(await desk.approvalCard(`approval-${run}`, viewer), undefined, viewer);
    }
  }
});

test("whose account it is follows the trust document", async () => {
  const { desk, company } = await office([]);
  const account = "slack:T1/U1";
  const owner = () => desk.personOf(account)?.id;
  const linkedTo = (id: string) =>
    company.people.map((each) => ({ ...each, accounts: each.id === id ? [account] : [] }));
  assert.equal(owner(), undefined);
  company.people = linkedTo("manager");
  assert.equal(owner(), "manager");
  company.people = linkedTo("other");
  assert.equal(owner(), "other");
  company.people = company.people.map((each) => ({ ...each, active: false }));
  assert.equal(desk.personOf(account)?.active, false, "active or not: the caller looks");
  company.people = linkedTo("nobody");
  assert.equal(owner(), undefined);
});
