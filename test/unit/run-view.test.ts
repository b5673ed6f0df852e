import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, sha256Hex } from "../../src/canonical.ts";
import { approvalCard } from "../../src/approval-card.ts";
import { cardFor } from "../../src/cards.ts";
import type { Approval, PlanDocument, Run, StepState } from "../../src/domain.ts";
import { resultOf } from "../../src/run-result.ts";
import { loadRunView } from "../../src/run-view.ts";
import { noInstance } from "../../src/step-errors.ts";
import { MemoryStore } from "../fakes/memory-store.ts";
import { usd } from "../fakes/order-world.ts";
import { samplePlan } from "../fakes/sample-plan.ts";
import { sampleApproval, sampleCommit, sampleRun, sampleStep } from "../fakes/sample-run.ts";
import { buying } from "./engine/buying-workflow.ts";

const { id, version, structure } = buying;
const ids = ["route", ...buying.steps.map((step) => step.id)];

/** A run of the small workflow; each step as completed, or as `steps` says. */
function runWith(steps: Readonly<Record<string, Partial<StepState>>>, change: Partial<Run> = {}): Run {
  const states = ids.map((step) =>
    sampleStep({ id: step, status: "completed", startedAt: 1, endedAt: 2, dueAt: null, ...steps[step] }),
  );
  return sampleRun("run1", { workflow: { id, version, structure }, steps: states, ...change });
}
interface Gate {
  readonly plan: PlanDocument;
  readonly change?: Partial<Approval>;
  readonly reason?: string;
  /** What is stored instead of the plan that was put up. */
  readonly stored?: string;
}
async function viewOf(run: Run, gates: readonly Gate[] = []) {
  const store = new MemoryStore();
  const approvals = gates.map(({ plan, change }, index) => {
    const planHash = sha256Hex(canonicalJson(plan));
    return sampleApproval("run1", { id: `a${index + 1}`, revision: index + 1, planHash, ...change });
  });
  const contents = gates.flatMap(({ plan, reason, stored }, index) => {
    const place = { run: "run1", revision: index + 1, step: "gate" };
    const text = { ...place, name: "plan", value: stored ?? canonicalJson(plan) };
    return reason === undefined ? [text] : [text, { ...place, name: "reason", value: reason }];
  });
  await store.createRun(sampleCommit(run, { approvals, contents }), "k");
  const altered: string[] = [];
  const view = await loadRunView(store, run, {
    definition: () => buying,
    atSignOf: (agent) => `@cs-${agent}`,
    onAltered: (approval) => altered.push(approval),
  });
  return { view, approvals, altered };
}
const decision = {
  by: "manager",
  verdict: "rejected",
  at: 5,
  assurance: "clicked",
  adapter: "console",
} as const;

test("each approval's card shows the plan and the reason of its own revision", async () => {
  const first = samplePlan({ itemName: "Widget", total: usd("520.30") });
  const second = samplePlan({ revision: 2, itemName: "Gadget", total: usd("611.00") });
  const { view, approvals } = await viewOf(runWith({}, { revision: 2 }), [
    { plan: first, change: { status: "withdrawn", decision }, reason: "too dear" },
    { plan: second },
  ]);
  const [old, now] = approvals.map((each) => approvalCard(view, each));
  assert.ok(old !== undefined && now !== undefined);
  assert.match(old.title, /Widget/);
  assert.match(now.title, /Gadget/);
  for (const [card, total, approval] of [
    [old, "520.30 USD", approvals[0]],
    [now, "611.00 USD", approvals[1]],
  ] as const) {
    const fact = (label: string) => card.facts.find((each) => each.label === label)?.value;
    assert.deepEqual([fact("Total"), fact("Plan hash")], [total, approval?.planHash]);
  }
  assert.match(old.text, /Withdrawn afterwards: it took no effect\. Reason: too dear/);
  assert.doesNotMatch(now.text, /too dear/);
  assert.ok(!old.tables.some(({ about }) => about === "change"));
  const changes = now.tables.filter(({ about }) => about === "change");
  assert.deepEqual(
    changes.map(({ title, rows }) => [title, rows]),
    [["What changed since plan 1", [["Total", "520.30 USD", "611.00 USD"]]]],
  );
  assert.equal(view.reason, null);
  assert.equal(resultOf(view, []).plan?.total.amount, "611.00");
});

test("a revision that has no plan yet shows none: not that of the one before", async () => {
  const { view } = await viewOf(runWith({ plan: { status: "pending" } }, { revision: 2 }), [
    { plan: samplePlan(), change: { status: "withdrawn", decision }, reason: "too dear" },
  ]);
  const result = resultOf(view, []);
  assert.deepEqual([result.plan, result.quote, result.decision, view.reason], [null, null, null, null]);
});

test("a stored plan that is not the one put up is shown to nobody, cannot be decided, and is reported", async () => {
  const other = canonicalJson(samplePlan({ total: usd("1.00") }));
  const { view, approvals, altered } = await viewOf(runWith({}), [{ plan: samplePlan(), stored: other }]);
  assert.deepEqual(altered, ["a1"]);
  const [approval] = approvals;
  assert.ok(approval?.status === "open");
  const card = approvalCard(view, approval);
  assert.deepEqual([card.approval, card.facts, card.tables, card.tone], [null, [], [], "bad"]);
  assert.match(card.text, /not the one that was put up/);
  assert.deepEqual([view.plan, resultOf(view, []).plan], [null, null]);
});

async function progress(run: Run): Promise<string> {
  return cardFor("progress-run1", (await viewOf(run)).view)?.text ?? "";
}
const error = (code: string, message: string) => ({ code, message, retryable: true });

test("the progress card says what a run waits for that goes on by itself", async () => {
  const waits = {
    status: "queued",
    error: error("trust-stale", "the trust document is 8 days old"),
  } as const;
  assert.equal(
    await progress(runWith({ budget: waits })),
    "Waiting at step budget: the trust document is 8 days old.",
  );
  const alone = { status: "waiting", error: noInstance({ agent: "financial" }) } as const;
  assert.equal(
    await progress(runWith({ budget: alone })),
    'Waiting at step budget: no instance of agent "financial" is running.',
  );
  const busy = { status: "queued", error: error("busy", "later") } as const;
  assert.match(await progress(runWith({ budget: busy })), /^Working: 10 of 11 steps done\.$/);
});

test("the progress card says which undo does not succeed, and that it is tried again", async () => {
  const stuck = {
    status: "compensating",
    attempt: 4,
    error: error("data-busy", "the books are busy"),
  } as const;
  const first = { status: "compensating", attempt: 1 } as const;
  const text = await progress(runWith({ budget: stuck, reserve: first }, { status: "compensating" }));
  assert.match(text, /Step budget could not be released in 3 tries and is tried again: the books are busy\./);
  assert.doesNotMatch(text, /reserve /);
});

test("a failure says when orders may have been placed, and what therefore stays reserved", async () => {
  for (const [code, held] of [
    ["order-unknown", true],
    ["nothing-placed", false],
  ] as const) {
    const failed = { code, message: "It failed.", retryable: false };
    const run = runWith(
      { orders: { status: "failed", error: failed }, note: { status: "skipped", startedAt: null } },
      { status: "failed", error: failed },
    );
    const approved = { ...decision, verdict: "approved" } as const;
    const { view } = await viewOf(run, [
      { plan: samplePlan(), change: { status: "decided", decision: approved } },
    ]);
    const text = cardFor("result-run1", view)?.text ?? "";
    const rest = held
      ? /^It failed\. Orders may have been placed/
      : /^It failed\. It was approved, but nothing/;
    assert.match(text, rest, code);
    assert.equal(/nothing was ordered/.test(text), !held, code);
  }
});
