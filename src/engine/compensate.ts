import type { ErrorInfo, PlannedStep, StepState } from "../domain.ts";
import {
  irreversibleMayBeDone,
  isUndoRefused,
  standsCode,
  undoAlarmAttempt,
  undoFailedCode,
  undoGivenUpCode,
  unknownOutcomes,
} from "../step-errors.ts";
import { inTriage, pendingStep, undoBackoff } from "./plan.ts";
import { refOf, setStep } from "./turn.ts";
import type { Turn } from "./turn.ts";

/**
 * Stops everything that is under way and begins to undo, last step first, one after the other. Where something
 * irreversible may have been done, everything is kept; where that is not known, it is found out first. Afterwards the
 * run has failed if it has an error, is cancelled if it has a reason, and else begins its next revision.
 */
export function beginCompensation(turn: Turn): void {
  const keep = irreversibleMayBeDone(turn.plan, turn.run);
  const unknown = new Set(unknownOutcomes(turn.plan, turn.run).map(({ id }) => id));
  turn.run = { ...turn.run, status: "compensating" };
  for (const planned of turn.plan) {
    const state = turn.run.steps.find((each) => each.id === planned.id);
    if (state !== undefined) {
      stopStep(turn, planned, state, keep ? unknown.has(state.id) : planned.undo !== null);
    }
  }
  continueCompensation(turn);
}

function stopStep(turn: Turn, planned: PlannedStep, state: StepState, undo: boolean): void {
  const ref = refOf(turn, state);
  if (state.status === "waiting" && state.dispatch > 0) {
    turn.effects.push({ type: "withdraw-request", request: "step", ...ref });
  }
  if (inTriage(state)) {
    turn.effects.push({ type: "withdraw-request", request: "triage", ...ref });
  }
  const over =
    ["completed", "compensating", "compensated", "skipped"].includes(state.status) ||
    (state.status === "failed" && !inTriage(state));
  if (planned.kind === "approval" && state.startedAt !== null && state.status !== "completed") {
    // Also of a step that failed: a verdict that could not be signed is not left as if it were still under way.
    turn.effects.push({ type: "close-approval", status: "withdrawn", ...ref });
  }
  // A step of unknown outcome is undone too: the undo of what never arrived forbids its late arrival.
  if (undo && state.startedAt !== null && !isUndoKnown(state)) {
    setStep(turn, state.id, { status: "compensating", attempt: 0, dispatch: 0, dueAt: null });
    return;
  }
  if (inTriage(state)) {
    setStep(turn, state.id, { dueAt: null });
  } else if (!over) {
    setStep(turn, state.id, { status: "skipped", endedAt: turn.now, dueAt: null });
  }
}

/** It was undone before, is being undone, or waits for a person or was left by one. */
function isUndoKnown(state: StepState): boolean {
  const begun = state.status === "compensated" || state.status === "compensating";
  return (
    begun || isUndoRefused(state) || (state.status === "failed" && state.error?.code === undoGivenUpCode)
  );
}

/**
 * Asks for the next undo, or ends the compensation when nothing is left to undo. An undo that is tried again holds the
 * others up no longer.
 */
export function continueCompensation(turn: Turn): void {
  const open = turn.run.steps.filter((state) => state.status === "compensating");
  if (open.length === 0) {
    endCompensation(turn);
    return;
  }
  const ids = new Set(open.filter((state) => state.attempt === 0).map((state) => state.id));
  const next = turn.plan.findLast((each) => ids.has(each.id));
  if (next !== undefined && open.every((state) => state.attempt !== 1)) {
    askUndo(turn, next, 1, 0);
  }
}

/** A step is undone: on with the next one. */
export function undone(turn: Turn, planned: PlannedStep, state: StepState): void {
  // After a second try the error is that of the first one, and over.
  const error = state.attempt > 1 ? null : state.error;
  setStep(turn, state.id, { status: "compensated", endedAt: turn.now, dueAt: null, error });
  if (planned.effect === "irreversible") {
    // It is known now that nothing of it was done: nothing has to be kept for it.
    beginCompensation(turn);
  } else {
    continueCompensation(turn);
  }
}

export function askUndo(turn: Turn, planned: PlannedStep, attempt: number, delayMs: number): void {
  setStep(turn, planned.id, { attempt, dueAt: turn.now + delayMs + planned.timeoutMs });
  turn.effects.push({ type: "undo", step: planned.id, revision: turn.run.revision, attempt, delayMs });
}
function needsPerson(turn: Turn, { id: step }: StepState, attempt: number, error: ErrorInfo): void {
  turn.effects.push({ type: "undo-stuck", step, revision: turn.run.revision, attempt, error });
}

/**
 * An undo has failed. It is tried again for as long as it may succeed: given up, what it holds would be held for ever.
 * What its agent refuses for good makes the run fail and is put before a person, as is what fails again and again. An
 * irreversible step of which something was done, as is known now, stays.
 */
export function undoFailed(turn: Turn, planned: PlannedStep, state: StepState, error: ErrorInfo): void {
  if (error.retryable) {
    const attempt = state.attempt + 1;
    setStep(turn, state.id, { error });
    askUndo(turn, planned, attempt, undoBackoff(planned.backoffMs, state.attempt));
    if (attempt === undoAlarmAttempt) {
      needsPerson(turn, state, attempt, error);
    }
    continueCompensation(turn);
    return;
  }
  if (error.code === standsCode && planned.effect === "irreversible") {
    setStep(turn, state.id, { status: "failed", error, dueAt: null, endedAt: turn.now });
    turn.run = { ...turn.run, error };
    continueCompensation(turn);
    return;
  }
  const info: ErrorInfo = {
    code: undoFailedCode,
    message: `step "${state.id}" could not be undone: ${error.message}`,
    retryable: false,
  };
  setStep(turn, state.id, { status: "failed", error: info, dueAt: null, endedAt: turn.now });
  needsPerson(turn, state, state.attempt, info);
  continueCompensation(turn);
}

function endCompensation(turn: Turn): void {
  const { run } = turn;
  const error = run.error ?? run.steps.find(isUndoRefused)?.error ?? null;
  if (error !== null) {
    turn.run = { ...run, error, status: "failed" };
  } else if (run.reason !== null) {
    turn.run = { ...run, status: "cancelled" };
  } else {
    turn.run = {
      ...run,
      status: "running",
      revision: run.revision + 1,
      steps: run.steps.map((state) => (state.id === "route" ? state : pendingStep(state.id))),
    };
  }
}
