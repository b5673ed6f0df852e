import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "../../../src/canonical.ts";
import type { Needs, StepBuilder } from "../../../src/define-step.ts";
import { defineWorkflow } from "../../../src/define-workflow.ts";
import { AppError } from "../../../src/errors.ts";
import { buying, input as itemInput, router } from "./buying-workflow.ts";
import { click, EngineWorld, request, Silence } from "./engine-world.ts";

const hour = 3_600_000;

async function untilApproval(world = new EngineWorld()) {
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  return { world, bot, run, gate: `${run}-1-gate` };
}
async function approved(world = new EngineWorld()) {
  const all = await untilApproval(world);
  const outcome = await all.bot.approvals.decide({ approval: all.gate, ...click });
  assert.equal(outcome.outcome, "accepted");
  await all.world.settle(all.bot.engine);
  return all;
}
const statuses = async (world: EngineWorld, run: string) =>
  Object.fromEntries((await world.run(run)).steps.map((step) => [step.id, step.status]));

test("lesson 11: a request runs to its approval: the row is committed, the card asked for, nothing ordered", async () => {
  const { world, run, gate } = await untilApproval();
  assert.equal((await world.run(run)).status, "waiting");
  const approval = await world.store.approval(gate);
  const plan = await world.text(run, "gate", "plan");
  assert.ok(typeof plan === "string" && plan.includes('"missing":3'));
  assert.equal(approval?.status, "open");
  assert.equal(approval?.planHash, sha256Hex(plan));
  assert.equal(approval?.expiresAt, world.time.now() + 72 * hour);
  const cards = (await world.store.staleCards(world.time.now(), 10)).map((card) => card.key);
  assert.deepEqual(cards.toSorted(), [`approval-${gate}`, `progress-${run}`]);
  assert.deepEqual(world.placed, []);
  assert.deepEqual(world.alarms(), []);
});

test("an approval's card stands where the chat says when it opens, and every copy changes with it", async () => {
  const world = new EngineWorld();
  world.places = ["slack:T1/C1", request.thread];
  const { bot, gate } = await untilApproval(world);
  const copies = async () =>
    (await world.store.cards(`approval-${gate}`)).map(({ thread, version }) => [thread, version]);
  assert.deepEqual(await copies(), [
    [request.thread, 1],
    ["slack:T1/C1", 1],
  ]);
  world.places = ["slack:T1/C2"];
  await bot.approvals.decide({ approval: gate, ...click });
  const decided = [
    [request.thread, 2],
    ["slack:T1/C1", 2],
  ];
  assert.deepEqual(await copies(), decided);
  await world.settle(bot.engine);
  assert.equal((await world.store.approval(gate))?.status, "decided");
  assert.deepEqual(await copies(), decided, "the signature changes nothing on the card");
});

test("approved: evidence, signed decision, one order under the mandate, then completed and told", async () => {
  const { world, run, gate } = await approved();
  const ended = await world.run(run);
  assert.equal(ended.status, "completed");
  assert.ok(ended.steps.every((step) => step.status === "completed"));
  assert.deepEqual(world.placed, [`${run}/1/orders`]);
  assert.equal((await world.store.approval(gate))?.status, "decided");
  assert.equal((await world.store.approval(gate))?.decision?.by, "manager");
  const sent = (await world.text(run, "orders", "input:1")) as { mandate: Record<string, unknown[]> };
  assert.deepEqual(Object.keys(sent).toSorted(), ["mandate", "skill"]);
  assert.equal(sent.mandate["plan"], await world.text(run, "gate", "plan"));
  assert.equal(sent.mandate["attestations"]?.length, 2);
  assert.deepEqual(sent.mandate["decisions"], await world.text(run, "gate", "output"));
  assert.ok((await world.store.cards(`result-${run}`)).length === 1);
  assert.ok(
    [...world.store.outbox.values()].every((row) => !row.open),
    "every row is closed",
  );
  const told = [...world.store.outbox.values()].filter((row) => row.subject.step.startsWith("status-"));
  assert.deepEqual(
    told.map((row) => (row.body as { input: { status: string } }).input.status),
    ["running", "waiting", "running", "completed"],
  );
  const kinds = new Set(world.store.journal.map((each) => each.kind));
  for (const kind of ["request", "step", "run", "envelope", "approval", "decision", "effect"] as const) {
    assert.ok(kinds.has(kind), `journal has ${kind}`);
  }
});

test("lesson 10: every message delivered three times and the queue doubling jobs: the same, acknowledged each time", async () => {
  const world = new EngineWorld(() => "doubled");
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine, 3);
  await bot.approvals.decide({ approval: `${run}-1-gate`, ...click });
  await world.settle(bot.engine, 3);
  assert.equal((await world.run(run)).status, "completed");
  assert.equal(world.placed.length, 1);
  assert.equal(world.acknowledged.length % 3, 0);
  const requests = [...world.store.outbox.values()].filter((row) => row.kind === "request");
  assert.equal(world.calls.length, requests.length, "no skill was asked twice");
});

test("rejected: everything held is released and the run ends cancelled, with the reason kept", async () => {
  const { world, bot, run, gate } = await untilApproval();
  await bot.approvals.decide({ approval: gate, ...click, verdict: "rejected", reason: " too dear " });
  await world.settle(bot.engine);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.reason], ["cancelled", "rejected"]);
  assert.deepEqual([...world.effects.values()], ["undone", "undone"]);
  assert.equal(await world.text(run, "gate", "reason"), "too dear");
  assert.deepEqual(world.placed, []);
  const undos = world.calls.filter((call) => call.includes("release")).map((call) => call.split("/")[0]);
  assert.deepEqual(undos, ["financial.release", "inventory.release"], "last first");
});

test("nobody decides: after the policy's hours the approval expires and everything is released", async () => {
  const { world, bot, run, gate } = await untilApproval();
  await world.time.advance(72 * hour - 1);
  await bot.engine.due(run);
  assert.equal((await world.store.approval(gate))?.status, "open");
  await world.time.advance(1);
  const late = await bot.approvals.decide({ approval: gate, ...click });
  assert.equal(late.outcome === "refused" && late.error.code, "approval-expired");
  await bot.engine.due(run);
  await world.settle(bot.engine);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.reason], ["cancelled", "expired"]);
  assert.equal((await world.store.approval(gate))?.status, "expired");
  assert.deepEqual([...world.effects.values()], ["undone", "undone"]);
});

test("cancelled while an agent is at work: its late result is stale, its late effect is forbidden", async () => {
  const world = new EngineWorld();
  world.skills.set("inventory.reserve", () => {
    throw new Silence();
  });
  const { bot, run } = await untilApproval(world);
  assert.equal(await bot.engine.cancel(run, "employee"), "cancelled");
  await world.settle(bot.engine);
  assert.equal((await world.run(run)).status, "cancelled");
  assert.equal(world.effects.get(`${run}/1/reserve`), "tombstone");
  assert.equal(world.effects.get(`${run}/1/budget`), "undone");
  assert.equal(await bot.engine.cancel(run, "employee"), "finished");
  assert.equal(await bot.engine.cancel("nothing", "employee"), "unknown");
});

test("once orders were sent a cancel comes too late", async () => {
  const world = new EngineWorld();
  world.skills.set("supply.place-orders", () => {
    throw new Silence();
  });
  const { bot, run } = await approved(world);
  assert.equal(await bot.engine.cancel(run, "employee"), "too-late");
  assert.equal((await world.run(run)).status, "running");
});

test("a plan without valid attestations is never shown to anybody", async () => {
  for (const role of ["financial", "compliance"]) {
    const world = new EngineWorld();
    world.skills.set(`${role}.attest`, (body, subject) => {
      const attested = world.usual(`${role}.attest`, body, subject) as { statement: object };
      return { ...attested, statement: { ...attested.statement, planHash: "0".repeat(64) } };
    });
    const { run } = await untilApproval(world);
    const ended = await world.run(run);
    assert.deepEqual([ended.status, ended.error?.code], ["failed", "not-attested"]);
    assert.deepEqual(await world.store.approvals({}), []);
    assert.deepEqual([...world.effects.values()], ["undone", "undone"]);
  }
});

test("a signed decision other than the recorded one places no order", async () => {
  const world = new EngineWorld();
  world.skills.set("hitl.sign-decision", (body, subject) => {
    const decisions = world.usual("hitl.sign-decision", body, subject) as { statement: object }[];
    return decisions.map((each) => ({ ...each, statement: { ...each.statement, verdict: "approved" } }));
  });
  const { bot, run, gate } = await untilApproval(world);
  await bot.approvals.decide({ approval: gate, ...click, verdict: "rejected" });
  await world.settle(bot.engine);
  assert.deepEqual(
    [(await world.run(run)).status, (await world.run(run)).error?.code],
    ["failed", "bad-decision"],
  );
  assert.deepEqual(world.placed, []);
});

test("of many clicks at once one counts; the others learn who was first", async () => {
  const { world, bot, run, gate } = await untilApproval();
  const clicks = ["manager", "manager-2", "manager", "manager-2"].map((person, index) =>
    bot.approvals.decide({
      approval: gate,
      ...click,
      person,
      verdict: index % 2 === 0 ? "approved" : "rejected",
    }),
  );
  const outcomes = await Promise.all(clicks);
  assert.equal(outcomes.filter((each) => each.outcome === "accepted").length, 1);
  assert.equal(outcomes.filter((each) => each.outcome === "already-decided").length, 3);
  assert.equal((await world.run(run)).steps.find((step) => step.id === "gate")?.status, "waiting");
  const recorded = world.store.journal.filter((each) => each.facts["state"] === "recorded");
  assert.equal(recorded.length, 1);
});

test("agents that do not answer: the run waits, and goes on when they are back", async () => {
  const world = new EngineWorld();
  world.skills.set("financial.budget", () => {
    throw new Silence();
  });
  const { bot, run } = await untilApproval(world);
  assert.equal((await statuses(world, run))["budget"], "waiting");
  world.skills.delete("financial.budget");
  await world.time.advance(120_000);
  await world.settle(bot.engine);
  assert.equal((await statuses(world, run))["gate"], "waiting");
});

test("start is refused when an open run's definition is missing or was changed under its version", async () => {
  const { world } = await untilApproval();
  world.workflows = [];
  await assert.rejects(world.bot().engine.check(), { code: "workflow-missing" });
  world.workflows = [{ ...buying, structure: "0".repeat(64) }];
  await assert.rejects(world.bot().engine.check(), { code: "workflow-changed" });
  world.workflows = [buying, { ...buying, version: 2, structure: "1".repeat(64) }];
  await world.bot().engine.check();
});

test("an ask step asks in the thread, and its answer is the step's output", async () => {
  const world = new EngineWorld();
  const asking = defineWorkflow({
    id: "buying",
    version: 1,
    description: "Asks",
    examples: ["Ask"],
    input: buying.input,
    steps: (step) => ({
      colour: step.ask({ question: () => ({ text: "Which?", options: ["red", "blue"] }) }),
    }),
    summary: () => "",
  });
  world.workflows = [asking];
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  assert.equal((await world.run(run)).status, "waiting");
  assert.deepEqual(await world.text(run, "colour", "question:1"), {
    text: "Which?",
    options: ["red", "blue"],
  });
  assert.equal(await bot.engine.answer(run, { key: "a", text: "blue" }), "answered");
  assert.deepEqual(await world.text(run, "colour", "output"), { answer: "blue" });
  assert.equal((await world.run(run)).status, "completed");
});

test("a definition's callback that throws fails its step, whatever kind it is", async () => {
  const broken = (): never => {
    throw new AppError("not-possible", "nothing to add up");
  };
  const kinds: readonly ((step: StepBuilder<{ item: string }>) => Needs)[] = [
    (step) => ({ total: step.compute({ output: buying.input, run: broken }) }),
    (step) => ({ total: step.ask({ question: broken }) }),
    (step) => ({ total: step.call(router, "route", { with: broken }) }),
  ];
  for (const steps of kinds) {
    const world = new EngineWorld();
    const texts = { description: "Breaks", examples: ["Break"], summary: () => "" };
    world.workflows = [defineWorkflow({ id: "buying", version: 1, ...texts, input: itemInput, steps })];
    const { run } = await untilApproval(world);
    const ended = await world.run(run);
    assert.deepEqual([ended.status, ended.error?.code], ["failed", "not-possible"]);
  }
});
