import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanEditing } from "../../../src/edit-types.ts";
import { AppError } from "../../../src/errors.ts";
import type { Policy } from "../../../src/policy-types.ts";
import { policy } from "../../fakes/trust-world.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

const edit = {
  roles: ["manager"],
  requester: true,
  quantity: { mostPercent: "200" },
} satisfies Policy["edit"];

/** A run whose approval is open, and a bot. */
async function waitingRun(rules: Policy = { ...policy, edit }) {
  const world = new EngineWorld();
  world.trust = { ...world.trust, policy: rules };
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const editing: PlanEditing = {
    approval: `${run}-1-gate`,
    person: "manager",
    changes: { quantity: "6" },
    adapter: "console",
    key: "console:manager:1",
  };
  return { world, bot, run, editing };
}
const textsOf = (outcome: object) => JSON.stringify(outcome);

test("lesson 22: an edit withdraws the approval, undoes the revision and puts up a new plan, which another one decides", async () => {
  const { world, bot, run, editing } = await waitingRun();
  assert.deepEqual(await bot.edits.edit(editing), { outcome: "accepted", run });
  await world.settle(bot.engine);
  const [first, second] = await world.store.approvals({ run });
  assert.deepEqual([first?.status, second?.status], ["withdrawn", "open"]);
  assert.notEqual(first?.planHash, second?.planHash);
  assert.deepEqual([second?.revision, second?.editors], [2, ["manager"]]);
  assert.equal(world.effects.get(`${run}/1/reserve`), "undone");
  assert.equal(world.effects.get(`${run}/2/reserve`), "done");
  assert.match(textsOf({ plan: await world.text(run, "gate", "plan", 2) }), /quantity\\":\\"6/);

  const approval = second?.id ?? "";
  const own = await bot.approvals.decide({ ...click, approval });
  assert.equal(own.outcome === "refused" && own.error.code, "own-request");
  const given = await bot.approvals.decide({ ...click, approval, person: "manager-2" });
  assert.equal(given.outcome, "accepted");
  const evidence = await world.text(run, "gate", "evidence:1", 2);
  assert.match(textsOf({ evidence }), /"editors":\["manager"\]/);
  await world.settle(bot.engine);
  assert.equal((await world.run(run)).status, "completed");
  assert.deepEqual(world.placed, [`${run}/2/orders`]);
  const noted = world.store.journal.find(({ kind }) => kind === "edit");
  assert.deepEqual([noted?.facts["by"], noted?.facts["fields"]], ["manager", "quantity"]);
});

test("the same edit sent twice, also to another bot after a crash, is one; a later one builds on it", async () => {
  const { world, bot, run, editing } = await waitingRun();
  const outcomes = await Promise.all([bot.edits.edit(editing), world.bot().edits.edit(editing)]);
  await world.settle(world.bot().engine);
  outcomes.push(await world.bot().edits.edit(editing));
  assert.ok(outcomes.every(({ outcome }) => outcome === "accepted"));
  assert.equal((await world.run(run)).revision, 2);
  const again = { ...editing, approval: run, person: "employee", key: "2", changes: { quantity: "5" } };
  assert.equal((await bot.edits.edit(again)).outcome, "accepted");
  await world.settle(bot.engine);
  const third = (await world.store.approvals({ run })).at(-1);
  assert.deepEqual([third?.revision, third?.editors], [3, ["manager", "employee"]]);
});

test("refusals name field, value and expectation, reach who asked, and are in the journal", async () => {
  const cases: readonly (readonly [Partial<PlanEditing>, RegExp, Policy?])[] = [
    [{ changes: { quantity: "7" } }, /bad-edit.*field \\"quantity\\": 7, expected 1 to 6/],
    [{ changes: { quantity: "3" } }, /bad-edit.*nothing is changed/],
    [{ changes: { quantity: "2.5" } }, /bad-edit.*\\"quantity\\": expected a whole number/],
    [
      { changes: { quantity: "many", marginPercent: "-1" } },
      /"wrong":\{"quantity":"expected a whole number[^}]*"marginPercent":"expected percent/,
    ],
    [{ changes: { marginPercent: "30" } }, /bad-edit.*\\"margin\\": cannot be changed.*one of quantity/],
    [{ changes: { price: "1" } as object }, /bad-edit.*expected some of quantity, suppliers/],
    [{ person: "former" }, /unknown-person/],
    [{ person: "employee-9" }, /unknown-person/],
    [{ planHash: "other" }, /wrong-plan/],
    [{ approval: "r9" }, /unknown-approval/],
    [{ account: "slack:T1/U1" }, /wrong-account/],
    [{}, /not-allowed.*lets nobody/, policy],
    [
      { person: "employee" },
      /not-allowed.*changing other people's plans/,
      { ...policy, edit: { roles: ["manager"], quantity: { mostPercent: "200" } } },
    ],
    [
      {},
      /nobody-decides.*1 others could decide, expected 2/,
      { ...policy, edit, approve: { ...policy.approve, quorum: 2 } },
    ],
  ];
  for (const [change, expected, rules] of cases) {
    const { world, bot, run, editing } = await waitingRun(rules);
    const given = { ...editing, ...change };
    const preview = await bot.edits.previewEdit(given);
    const outcome = await bot.edits.edit(given);
    assert.match(textsOf(outcome), expected);
    assert.equal(textsOf(preview), textsOf(outcome));
    assert.equal((await world.run(run)).revision, 1);
    assert.equal(world.store.journal.filter(({ kind }) => kind === "refusal").length, 2);
  }
});

test("a preview says what changes, what follows and what is known only later, and changes nothing", async () => {
  const { world, bot, run, editing } = await waitingRun();
  const before = (await world.run(run)).version;
  const preview = await bot.edits.previewEdit({ ...editing, approval: run });
  assert.ok(preview.outcome === "preview");
  assert.deepEqual(preview.changes, [{ what: "Quantity", before: "3", after: "6" }]);
  assert.match(preview.known.join(" "), /withdrawn.*manager becomes an editor/);
  assert.match(preview.open, /only after the agents have checked/);
  assert.equal((await world.run(run)).version, before);
});

test("after a decision, an expiry or a cancellation nothing is edited any more", async () => {
  const { world, bot, editing } = await waitingRun();
  await bot.approvals.decide({ ...click, approval: editing.approval });
  const late = await bot.edits.edit(editing);
  assert.equal(late.outcome === "refused" && late.error.code, "approval-closed");
  await world.settle(bot.engine);
  const { world: other, bot: second, run, editing: same } = await waitingRun();
  await other.time.advance(73 * 3_600_000);
  const expired = await second.edits.edit(same);
  assert.equal(expired.outcome, "already-decided");
  assert.equal((await other.run(run)).revision, 1);
});

test("what cannot be planned is given up: the plan is made again as before, and says why", async () => {
  const { world, bot, run, editing } = await waitingRun();
  world.skills.set("inventory.reserve", (_body, { revision }) => {
    if (revision === 2) {
      throw new AppError("not-coverable", "nobody has so many");
    }
    return { missing: 3 };
  });
  await bot.edits.edit(editing);
  await world.settle(bot.engine);
  const { revision, status } = await world.run(run);
  assert.deepEqual([revision, status], [3, "waiting"]);
  const last = (await world.store.approvals({ run })).at(-1);
  assert.deepEqual([last?.revision, last?.status, last?.editors], [3, "open", undefined]);
  assert.match(textsOf({ kept: await world.text(run, "gate", "edit", 3) }), /"by":null.*somebody must look/);
});

test("prices moved after the decision: nothing is ordered, and a new plan waits for a new decision", async () => {
  const { world, bot, run, editing } = await waitingRun();
  world.skills.set("supply.place-orders", (_body, { revision }) => {
    if (revision === 1) {
      throw new AppError("plan-drifted", "the price of a pump has moved");
    }
    world.placed.push(`${run}/${revision}/orders`);
    return { done: true };
  });
  world.skills.set("exception.triage", () => ({
    action: "alternative",
    delayMs: 0,
    exclude: [],
    note: "the price of a pump has moved",
  }));
  await bot.approvals.decide({ ...click, approval: editing.approval });
  await world.settle(bot.engine);
  const [first, second] = await world.store.approvals({ run });
  assert.deepEqual([first?.status, second?.status, second?.revision], ["decided", "open", 2]);
  assert.deepEqual([world.effects.get(`${run}/1/budget`), world.placed], ["undone", []]);
  assert.equal(await world.text(run, "orders", "because", 2), "the price of a pump has moved");
  // The decision on the old plan is none on the new one, whoever gave it may decide again.
  await bot.approvals.decide({ ...click, approval: second?.id ?? "" });
  await world.settle(bot.engine);
  assert.deepEqual([(await world.run(run)).status, world.placed], ["completed", [`${run}/2/orders`]]);
});

test("another failure after the decision makes no new plan, whatever triage says", async () => {
  const { world, bot, run, editing } = await waitingRun();
  world.skills.set("supply.place-orders", () => {
    throw new AppError("partly-placed", "one of two was placed");
  });
  world.skills.set("exception.triage", () => ({ action: "alternative", delayMs: 0, exclude: [], note: "" }));
  await bot.approvals.decide({ ...click, approval: editing.approval });
  await world.settle(bot.engine);
  const { status, revision } = await world.run(run);
  assert.deepEqual([status, revision], ["failed", 1]);
  assert.equal(world.effects.get(`${run}/1/budget`), "done");
});
