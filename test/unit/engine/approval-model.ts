import assert from "node:assert/strict";
import { sha256Hex } from "../../../src/canonical.ts";
import type {
  Approval,
  Decision,
  Json,
  PersonId,
  PlanDocument,
  Signed,
  Verdict,
} from "../../../src/domain.ts";
import { happen } from "../../../src/engine/happen.ts";
import { recordDecision } from "../../../src/engine/record-decision.ts";
import { applyReply } from "../../../src/engine/replies.ts";
import { stepBody } from "../../../src/engine/requests.ts";
import { RunDraft } from "../../../src/engine/run-draft.ts";
import type { RunEvent } from "../../../src/engine/run-events.ts";
import type { RunRecord } from "../../../src/engine/run-record.ts";
import type { EvidenceStatement } from "../../../src/mandate-types.ts";
import type { Policy } from "../../../src/policy-types.ts";
import { satisfies } from "../../../src/policy/satisfies.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { people, policy } from "../../fakes/trust-world.ts";
import { buying, hitl, router } from "./buying-workflow.ts";
import { EngineWorld, request } from "./engine-world.ts";

/**
 * Every interleaving of people, time and a crash around one approval: the engine's own functions over one record. A
 * commit that compare-and-set refuses is worked out again from the record as it is then, so what counts is the order of
 * the commits; and that one may have been worked out before time passed and be committed after. All reached states are
 * remembered, so that the search is exhaustive and ends. What the store itself refuses is in the last test.
 */

type Outcome = string | boolean;
/** What an actor does to a draft; the way the bot would. */
type Act = (draft: RunDraft) => Outcome;
interface World {
  readonly record: RunRecord;
  readonly expired: boolean;
  readonly crashes: number;
  /** What came of it, by actor; null before. */
  readonly done: Readonly<Record<string, Outcome | null>>;
}

export const gate = "gate";
const orders = new Set(["moneyAgain", "listsAgain", "orders"]);
/** The event of an edit; where the engine gets another one, it is this line that changes. */
const edited: RunEvent = { type: "revised", step: gate, revision: 1, attempt: 0 };

export async function search(o: {
  readonly quorum: number;
  readonly verdicts: Readonly<Record<string, readonly [PersonId, Verdict]>>;
}): Promise<{ readonly states: number; readonly ends: ReadonlySet<string> }> {
  const rules: Policy = { ...policy, approve: { ...policy.approve, quorum: o.quorum } };
  const world = new EngineWorld();
  world.trust = { ...world.trust, policy: rules };
  const bot = world.bot();
  const { run: id } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const run = await world.run(id);
  const start: RunRecord = {
    run,
    contents: await world.store.contents(id),
    approvals: await world.store.approvals({ run: id }),
    definition: buying,
  };
  const first = approvalOf(start);
  const before = world.time.now();
  const around = (expired: boolean) => ({
    now: expired ? first.expiresAt + 1 : before,
    trust: world.trust,
    definitions: { workflows: [buying], router, hitl },
    approvalPlaces: () => [run.thread],
    undoPlaces: () => [run.thread],
    log: silentLogger,
    frozen: false,
    isShadow: () => false,
  });

  const decide =
    (by: PersonId, verdict: Verdict): Act =>
    (draft) => {
      const at = draft.around.now;
      const decision: Decision = { by, verdict, at, assurance: "clicked", adapter: "console" };
      const { id: approval, planHash, revision, requester } = first;
      const statement: EvidenceStatement = {
        tag: "countersign/evidence/1",
        approval,
        planHash,
        run: id,
        revision,
        verdict,
        requester,
        person: by,
        assurance: "clicked",
        adapter: "console",
        receivedAt: new Date(at).toISOString(),
      };
      return recordDecision(draft, first, {
        decision,
        evidence: signed(statement, "evidence"),
        reason: null,
      });
    };
  /** The bot sends what was recorded, and the HITL agent, by the real evaluation, signs it or fails this test. */
  const sign: Act = (draft) => {
    const state = draft.run.steps.find((each) => each.id === gate);
    if (state?.status === "queued" && state.dispatch > 0) {
      return happen(draft, { type: "dispatched", step: gate, revision: 1, attempt: state.attempt });
    }
    if (state?.status !== "waiting" || state.dispatch === 0) {
      return false;
    }
    const body = stepBody(draft, gate) as unknown as {
      readonly input: { readonly evidence: readonly Signed<EvidenceStatement>[] };
    };
    const { evidence } = body.input;
    assertEnough(draft, evidence, rules);
    const output = evidence.map(({ statement }) =>
      signed({ ...statement, tag: "countersign/decision/1" }, "hitl"),
    ) as unknown as Json;
    const subject = { run: id, revision: 1, step: gate, attempt: state.attempt };
    const from = { atSign: "@cs-hitl", instance: "main", role: "hitl" } as const;
    const rest = { sequence: null, fencing: 1, messageId: "m", hash: "h", expiresAt: before };
    return applyReply(draft, { from, kind: "result", subject, body: { output }, ...rest });
  };
  const acts: Readonly<Record<string, Act>> = {
    ...Object.fromEntries(Object.entries(o.verdicts).map(([name, given]) => [name, decide(...given)])),
    editor: (draft) => happen(draft, edited),
    canceller: (draft) => happen(draft, { type: "cancel-requested" }),
    sweeper: (draft) => happen(draft, { type: "due" }),
    hitl: sign,
  };
  const done = Object.fromEntries(Object.keys(acts).map((name) => [name, null]));
  const seen = new Set<string>();
  const ends = new Set<string>();
  const open: World[] = [{ record: start, expired: false, crashes: 1, done }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const key = keyOf(next);
    if (seen.has(key)) {
      continue;
    }
    seen.add(key);
    assertSound(next, rules);
    const followers = stepsFrom(next, acts, around);
    for (const follower of followers) {
      assertFollows(next, follower);
    }
    open.push(...followers);
    ends.add(`${approvalOf(next.record).status} ${next.record.run.status}`);
  }
  return { states: seen.size, ends };
}

/** All that may happen next. */
function stepsFrom(
  world: World,
  acts: Readonly<Record<string, Act>>,
  around: (expired: boolean) => RunDraft["around"],
): World[] {
  const steps: World[] = world.expired ? [] : [{ ...world, expired: true }];
  for (const [name, act] of Object.entries(acts)) {
    const isDone = world.done[name] !== null;
    const again = name === "sweeper" || name === "hitl";
    for (const expired of isDone && !again ? [] : world.expired ? [false, true] : [false]) {
      const draft = new RunDraft(world.record, around(expired));
      const outcome = act(draft);
      if (draft.changed || !isDone) {
        const record = draft.changed ? draft.saved() : world.record;
        steps.push({ ...world, record, done: { ...world.done, [name]: outcome } });
      }
    }
    if (isDone && world.crashes > 0) {
      // A process died after the commit and before its answer: the same comes again.
      steps.push({ ...world, crashes: 0, done: { ...world.done, [name]: null } });
    }
  }
  return steps;
}

/** Never an order without the quorum, by distinct people, on exactly the plan that is stored. */
function assertSound({ record }: World, rules: Policy): void {
  const approval = approvalOf(record);
  const by = approval.decisions.map((each) => each.by);
  assert.equal(new Set(by).size, by.length, "somebody counts twice");
  const started = record.run.steps.some(
    (step) => orders.has(step.id) && step.status !== "pending" && step.status !== "skipped",
  );
  if (started) {
    assert.equal(approval.status, "decided");
    assert.equal(approval.decision?.verdict, "approved");
    assert.equal(sha256Hex(planText(record)), approval.planHash);
    assert.ok(by.length >= rules.approve.quorum);
    assert.ok(approval.decisions.every((each) => each.verdict === "approved"));
  }
  if (approval.status === "open") {
    assert.equal(approval.decision, null);
    assert.ok(by.length < rules.approve.quorum);
  }
}

/** Never two outcomes, no verdict lost: what was committed once stays. */
function assertFollows(before: World, after: World): void {
  const [old, now] = [approvalOf(before.record), approvalOf(after.record)];
  assert.deepEqual(now.decisions.slice(0, old.decisions.length), old.decisions, "a verdict was lost");
  if (old.decision !== null) {
    assert.deepEqual(now.decision, old.decision, "a second outcome");
  }
  if (["decided", "withdrawn", "expired"].includes(old.status)) {
    assert.deepEqual(now, old, "a closed approval changed");
  }
}

function assertEnough(draft: RunDraft, evidence: readonly Signed<EvidenceStatement>[], rules: Policy): void {
  const plan = JSON.parse(planText(draft)) as PlanDocument;
  const asked = { ...plan, requester: draft.run.requester };
  const statements = evidence.map(({ statement }) => statement);
  const person = (id: PersonId) => people.find((each) => each.id === id);
  assert.equal(satisfies(rules, asked, statements, { demo: true, person }).refused, null);
  assert.ok(statements.every(({ planHash }) => planHash === sha256Hex(planText(draft))));
}

function approvalOf({ approvals }: Pick<RunRecord, "approvals">): Approval {
  const [approval] = approvals;
  assert.ok(approval !== undefined && approvals.length === 1);
  return approval;
}
function planText({ contents }: Pick<RunRecord, "contents">): string {
  const plan = contents.find(({ step, name }) => step === gate && name === "plan")?.value;
  assert.ok(typeof plan === "string");
  return plan;
}
function signed<T>(statement: T, role: string): Signed<T> {
  return { statement, signer: { atSign: "@cs-x", instance: "main" }, signature: role };
}
/** Two states are one when nothing that comes later can tell them apart: times and counters apart from those due. */
function keyOf({ record: { run, approvals, contents }, expired, crashes, done }: World): string {
  const steps = run.steps.map(({ id, status, attempt, dispatch }) => [id, status, attempt, dispatch]);
  const decisions = approvals.map((each) => [
    each.status,
    each.decisions.map(({ by, verdict }) => [by, verdict]),
  ]);
  const texts = contents.map(({ revision, step, name }) => [revision, step, name]);
  return JSON.stringify([
    run.status,
    run.revision,
    run.reason,
    steps,
    decisions,
    texts,
    expired,
    crashes,
    done,
  ]);
}
