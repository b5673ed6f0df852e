import type { ErrorInfo, PlannedStep, StepState } from "../domain.ts";
import type { TriageInput } from "../define-workflow.ts";
import { toErrorInfo } from "../errors.ts";
import { advance } from "./advance.ts";
import { countedAttempts, irreversibleStarted, isDecided, triageTimeoutMs } from "./plan.ts";
import { undoAlarmAttempt } from "../step-errors.ts";
import { openUndoCard, touchUndoCards } from "./undo-cards.ts";
import { editContent } from "../plan/kept-edit.ts";
import { approvalToOpen, closeApproval, remind } from "./approval-steps.ts";
import { asJson } from "./as-json.ts";
import { cancelRequest, sendRequest, stepBody } from "./requests.ts";
import { rowId } from "./run-draft.ts";
import type { RunDraft } from "./run-draft.ts";
import type { RunEffect, RunEvent, StepRef } from "./run-events.ts";
import { contextOf, lastQuestion, planOf, questionCount, stepOf } from "./run-record.ts";

const hourMs = 3_600_000;
type EffectOf<T extends RunEffect["type"]> = Extract<RunEffect, { type: T }>;

/**
 * Lets an event happen to the draft: advances the run and does all that belongs into the same commit, pure steps in
 * the bot included. False when the event is stale; then nothing is changed. `store` adds the texts that come with
 * the event, before its effects need them.
 */
export function happen(draft: RunDraft, event: RunEvent, store?: () => void): boolean {
  const { run, effects } = advance(planOf(draft.definition), draft.run, event, draft.around.now);
  if (run === draft.run) {
    return false;
  }
  const before = draft.run;
  store?.();
  draft.run = run;
  touchUndoCards(draft, before);
  for (const effect of effects) {
    perform(draft, effect);
  }
  return true;
}

function perform(draft: RunDraft, effect: RunEffect): void {
  switch (effect.type) {
    case "queue":
      queue(draft, effect);
      return;
    case "compute":
    case "ask":
    case "open-approval":
      inBot(draft, effect);
      return;
    case "close-approval":
      closeApproval(draft, effect);
      return;
    case "remind":
      remind(draft, effect);
      return;
    case "withdraw-request":
      withdraw(draft, effect);
      return;
    case "undo":
      askUndo(draft, effect);
      return;
    case "undo-stuck":
      openUndoCard(draft, effect, effect.error.message);
      return;
    case "triage":
      askTriage(draft, effect);
      return;
    case "status-notice":
      draft.notice = { status: effect.status, reason: effect.reason };
      return;
    case "finish":
      draft.touch(`result-${draft.run.id}`);
      closeQuestions(draft);
  }
}

/** A step's job. What need not wait is made ready in the same commit: then the job has but to send its request. */
function queue(draft: RunDraft, effect: EffectOf<"queue">): void {
  const { step, revision, attempt, dispatch, delayMs } = effect;
  draft.jobs.push({ job: { run: draft.run.id, step, revision, attempt, dispatch }, delayMs });
  if (delayMs === 0) {
    dispatchStep(draft, { step, revision, attempt });
  }
}

/** Puts the request of a queued step into the outbox; false when this try of it is not queued. */
export function dispatchStep(draft: RunDraft, ref: StepRef): boolean {
  const planned = plannedOf(draft, ref.step);
  if (planned?.agent === undefined || planned.agent === null) {
    return false;
  }
  if (draft.around.frozen && planned.effect !== "read") {
    // It stays queued, and overdue: the sweeper finds it when the freeze is lifted.
    return false;
  }
  const { agent, timeoutMs } = planned;
  let failure: ErrorInfo | null = null;
  const dispatched = happen(draft, { type: "dispatched", ...ref }, () => {
    try {
      const body = stepBody(draft, ref.step);
      draft.add(ref.step, `input:${ref.attempt}`, body);
      sendRequest(draft, agent, ref, body, { delayMs: 0, timeoutMs });
    } catch (error) {
      failure = toErrorInfo(error);
      draft.around.log.error({ run: draft.run.id, step: ref.step, code: failure.code }, "request-not-built");
    }
  });
  if (failure !== null) {
    happen(draft, { type: "failed", error: failure, ...ref });
  }
  return dispatched;
}

/** Steps that need nobody else: done at once, so that no crash can come between. */
function inBot(draft: RunDraft, effect: EffectOf<"compute" | "ask" | "open-approval">): void {
  const { step: id, revision, attempt } = effect;
  const ref: StepRef = { step: id, revision, attempt };
  const state = draft.run.steps.find((each) => each.id === id);
  if (draft.run.revision !== revision || state?.status !== "queued") {
    // An effect before this one has ended the run or its revision.
    return;
  }
  try {
    const step = stepOf(draft, id);
    const context = contextOf(draft, step, draft.around.trust.serial);
    if (step.kind === "compute") {
      const value = asJson(step.output.parse(step.run(context)));
      happen(draft, { type: "completed", ...ref }, () => draft.add(id, "output", value));
    } else if (step.kind === "ask") {
      ask(draft, ref, asJson(step.question(context)));
    } else if (step.kind === "approval") {
      const opening = approvalToOpen(draft, step, ref, context);
      const { expiresAt, remindAt } = opening;
      happen(draft, { type: "opened", expiresAt, remindAt, ...ref }, opening.open);
    }
  } catch (error) {
    happen(draft, { type: "failed", error: toErrorInfo(error), ...ref });
  }
}

/** Asks the requester in the run's thread; the run waits for the answer as long as for a decision. */
export function ask(draft: RunDraft, ref: StepRef, question: ReturnType<typeof asJson>): boolean {
  const number = questionCount(draft) + 1;
  return happen(draft, { type: "asked", expiresAt: expiry(draft), ...ref }, () => {
    draft.add(ref.step, `question:${number}`, question);
    draft.touch(`question-${draft.run.id}-${number}`);
  });
}

function expiry(draft: RunDraft): number {
  return draft.around.now + draft.around.trust.policy.approve.expiresHours * hourMs;
}

function plannedOf(draft: RunDraft, id: string): PlannedStep | undefined {
  return planOf(draft.definition).find((each) => each.id === id);
}

function withdraw(draft: RunDraft, effect: EffectOf<"withdraw-request">): void {
  const { step, revision, attempt, request } = effect;
  const agent = plannedOf(draft, step)?.agent;
  if (request === "step" && agent !== undefined && agent !== null) {
    cancelRequest(draft, agent, { step, revision, attempt });
  } else {
    draft.close(rowId("request", { run: draft.run.id, step: `${request}-${step}`, revision, attempt }));
  }
}

function askUndo(draft: RunDraft, effect: EffectOf<"undo">): void {
  const { step, revision, attempt, delayMs } = effect;
  const planned = plannedOf(draft, step);
  const skill = planned?.undo ?? planned?.reconcile;
  if (planned?.agent !== undefined && planned.agent !== null && skill !== undefined) {
    const ref = { step: `undo-${step}`, revision, attempt };
    const body = { skill, input: {} };
    sendRequest(draft, planned.agent, ref, body, { delayMs, timeoutMs: planned.timeoutMs });
  }
  if (attempt === undoAlarmAttempt) {
    draft.note("alarm", { code: "undo-stuck", revision, step, attempt });
  }
}

function askTriage(draft: RunDraft, effect: EffectOf<"triage">): void {
  const { step, revision, attempt, error } = effect;
  const hook = draft.definition?.onFailure;
  const agent = plannedOf(draft, step)?.agent ?? null;
  if (hook === undefined || hook === null || agent === null) {
    happen(draft, { type: "triaged", action: "escalate", delayMs: 0, step, revision, attempt });
    return;
  }
  const plan = planOf(draft.definition);
  const facts = {
    irreversibleStarted: irreversibleStarted(plan, draft.run),
    decided: isDecided(plan, draft.run),
  };
  const state = draft.run.steps.find((each) => each.id === step);
  const attempts = state === undefined ? attempt : countedAttempts(state);
  const edits = draft.contents.filter(({ name }) => name === editContent).length;
  const edited = edits === 0 ? {} : { edits };
  const input: TriageInput = { step, agent, error, attempt: attempts, ...facts, ...edited };
  const ref = { step: `triage-${step}`, revision, attempt };
  const body = asJson({ skill: hook.skill, input });
  sendRequest(draft, hook.agent.id, ref, body, { delayMs: 0, timeoutMs: triageTimeoutMs });
}

/** A finished run asks nothing any more: its open question's card says so. */
function closeQuestions(draft: RunDraft): void {
  const open = (state: StepState) => lastQuestion(draft, state.id);
  for (const question of draft.run.steps.map(open)) {
    if (question?.open === true) {
      draft.touch(`question-${draft.run.id}-${question.number}`);
    }
  }
}
