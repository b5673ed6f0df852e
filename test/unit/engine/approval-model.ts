import assert from "node:assert/strict";
import { canonicalHash } from "../../../src/canonical.ts";
import type { Approval, Decision, Json, PersonId, Signed, Verdict } from "../../../src/domain.ts";
import { editPlan } from "../../../src/engine/edit-plan.ts";
import { happen } from "../../../src/engine/happen.ts";
import { recordDecision } from "../../../src/engine/record-decision.ts";
import { applyReply } from "../../../src/engine/replies.ts";
import { stepBody } from "../../../src/engine/requests.ts";
import { RunDraft } from "../../../src/engine/run-draft.ts";
import type { RunRecord } from "../../../src/engine/run-record.ts";
import type { MessageSubject } from "../../../src/link-types.ts";
import type { EvidenceStatement } from "../../../src/mandate-types.ts";
import type { Policy } from "../../../src/policy-types.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { policy } from "../../fakes/trust-world.ts";
import {
  assertEnough,
  assertFollows,
  assertSound,
  changes,
  editor,
  gate,
  isAuthor,
  type Outcome,
  type World,
} from "./approval-invariants.ts";
import { buying, hitl, router } from "./buying-workflow.ts";
import { EngineWorld, request } from "./engine-world.ts";

/**
 * Every interleaving of people, time and a crash around one approval: the engine's own functions over one record. A
 * commit that compare-and-set refuses is worked out again from the record as it is then, so what counts is the order of
 * the commits; and that one may have been worked out before time passed and be committed after. All reached states are
 * remembered, so that the search is exhaustive and ends. What the store itself refuses is in the last test.
 */

/** What an actor does to a draft; the way the bot would. */
type Act = (draft: RunDraft) => Outcome;
const planning = new Set(["reserve", "budget", "money", "lists"]);
export async function search(o: {
  readonly quorum: number;
  /** By name: whose, which, and on which revision's plan; 1 where nothing is said. */
  readonly verdicts: Readonly<Record<string, readonly [PersonId, Verdict, number?]>>;
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
    (by: PersonId, verdict: Verdict, on = 1): Act =>
    (draft) => {
      const open = draft.approvals.find((each) => each.revision === on);
      if (open === undefined || isAuthor(open, by)) {
        return "refused";
      }
      const at = draft.around.now;
      const decision: Decision = { by, verdict, at, assurance: "clicked", adapter: "console" };
      const { id: approval, planHash, revision, requester, editors } = open;
      const statement: EvidenceStatement = {
        tag: "countersign/evidence/1",
        approval,
        planHash,
        run: id,
        revision,
        verdict,
        requester,
        ...(editors === undefined ? {} : { editors }),
        person: by,
        assurance: "clicked",
        adapter: "console",
        receivedAt: new Date(at).toISOString(),
      };
      return recordDecision(draft, open, {
        decision,
        evidence: signed(statement, "evidence"),
        reason: null,
      });
    };
  /** The bot sends what was recorded, and the HITL agent, by the real evaluation, signs it or fails this test. */
  const sign: Act = (draft) => {
    const { revision } = draft.run;
    const state = draft.run.steps.find((each) => each.id === gate);
    if (state?.status === "queued" && state.dispatch > 0) {
      return happen(draft, { type: "dispatched", step: gate, revision, attempt: state.attempt });
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
    const subject = { run: id, revision, step: gate, attempt: state.attempt };
    return reply(draft, subject, "hitl", output);
  };
  const reply = (draft: RunDraft, subject: MessageSubject, role: string, output: Json): boolean => {
    const from = { atSign: "@cs-x", instance: "main", role } as const;
    const rest = { sequence: null, fencing: 1, messageId: "m", hash: "h", expiresAt: before };
    return applyReply(draft, { from, kind: "result", subject, body: { output }, ...rest });
  };
  /** One of the requests before the decision is answered: an undo, or a step of the new plan. */
  const work: Act = (draft) => {
    const { revision, steps, status } = draft.run;
    const undoing = steps.find((each) => each.status === "compensating" && each.attempt > 0);
    if (undoing !== undefined) {
      const subject = { run: id, revision, step: `undo-${undoing.id}`, attempt: undoing.attempt };
      return reply(draft, subject, "inventory", { done: true });
    }
    const sent = steps.find(
      (each) => each.status === "waiting" && each.dispatch > 0 && planning.has(each.id),
    );
    if (status === "compensating" || sent === undefined) {
      return false;
    }
    const role = sent.id === "money" ? "financial" : "compliance";
    const statement = { role, planHash: canonicalHash(draftedPlan(draft)), run: id, revision };
    const output =
      sent.id === "reserve"
        ? { missing: 3 }
        : sent.id === "budget"
          ? { done: true }
          : (signed(statement, role) as unknown as Json);
    return reply(draft, { run: id, revision, step: sent.id, attempt: sent.attempt }, role, output);
  };
  const acts: Readonly<Record<string, Act>> = {
    ...Object.fromEntries(Object.entries(o.verdicts).map(([name, given]) => [name, decide(...given)])),
    editor: (draft) => editPlan(draft, first, { by: editor, adapter: "console", changes, key: "edit" }),
    canceller: (draft) => happen(draft, { type: "cancel-requested" }),
    sweeper: (draft) => happen(draft, { type: "due" }),
    hitl: sign,
    // Without anybody who decides on the next plan it need not be made.
    ...(Object.values(o.verdicts).some(([, , on = 1]) => on > 1) ? { agents: work } : {}),
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
    const { run: reached, approvals } = next.record;
    ends.add([...approvals.map(({ status }) => status), reached.status].join(" "));
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
    const again = name === "sweeper" || name === "hitl" || name === "agents";
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

function approvalOf({ approvals }: Pick<RunRecord, "approvals">): Approval {
  const [approval] = approvals;
  assert.ok(approval !== undefined && approvals.length === 1);
  return approval;
}
/** What the workflow has assembled, before it is put up for approval. */
function draftedPlan({ contents, run }: RunDraft): Json {
  return (
    contents.find(
      ({ step, name, revision }) => step === "plan" && name === "output" && revision === run.revision,
    )?.value ?? null
  );
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
