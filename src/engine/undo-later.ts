import type { PlannedStep, Run } from "../domain.ts";
import {
  irreversibleMayBeDone,
  isUndoRefused,
  stuckSteps,
  undoFailedCode,
  undoGivenUpCode,
  unknownOutcomes,
} from "../step-errors.ts";
import { askUndo, beginCompensation, continueCompensation } from "./compensate.ts";
import { isFinished } from "./plan.ts";
import type { RunEvent } from "./run-events.ts";
import { refOf, setStep, type Turn } from "./turn.ts";

/** What people bring about once something was undone, or could not be. */
export type UndoEvent = Extract<RunEvent, { type: "undo-requested" | "undo-retried" | "undo-settled" }>;

export function isAboutUndo(event: RunEvent): event is UndoEvent {
  return ["undo-requested", "undo-retried", "undo-settled"].includes(event.type);
}

/** What undoing a run that has ended would do. */
export type UndoOutlook = "undo" | "retry" | "irreversible" | "nothing" | "not-ended";

export function undoOutlook(plan: readonly PlannedStep[], run: Run): UndoOutlook {
  if (!isFinished(run.status)) {
    return "not-ended";
  }
  if (run.steps.some(isUndoRefused)) {
    return "retry";
  }
  if (unknownOutcomes(plan, run).length > 0) {
    return "undo";
  }
  if (irreversibleMayBeDone(plan, run)) {
    return "irreversible";
  }
  return undoable(plan, run).length > 0 ? "undo" : "nothing";
}

/** What was done and can be undone, and is not. */
function undoable(plan: readonly PlannedStep[], run: Run): readonly PlannedStep[] {
  const done = new Set(run.steps.filter(({ status }) => status === "completed").map(({ id }) => id));
  return plan.filter(({ id, undo }) => undo !== null && done.has(id));
}

/** A person wants something undone, or says what became of what could not be undone. */
export function undoLater(turn: Turn, event: UndoEvent): void {
  if (event.type === "undo-requested") {
    undoAll(turn);
    return;
  }
  const { step, revision, attempt } = event;
  const state = stuckSteps(turn.run).find((each) => each.id === step && each.attempt === attempt);
  const planned = turn.plan.find(({ id }) => id === step);
  if (state === undefined || planned === undefined || revision !== turn.run.revision) {
    return;
  }
  if (state.status === "compensating") {
    // It was being tried on; whatever that still does is harmless beside what the person says.
    turn.effects.push({ type: "withdraw-request", request: "undo", ...refOf(turn, state) });
  }
  reopen(turn);
  if (event.type === "undo-retried") {
    setStep(turn, step, { status: "compensating", endedAt: null });
    askUndo(turn, planned, attempt + 1, 0);
    return;
  }
  const error = { code: undoGivenUpCode, message: "a person left it as it is", retryable: false };
  const byHand = event.outcome === "by-hand";
  setStep(turn, step, {
    status: byHand ? "compensated" : "failed",
    error: byHand ? null : { ...(state.error ?? error), code: undoGivenUpCode, retryable: false },
    dueAt: null,
    endedAt: turn.now,
  });
  if (byHand && planned.effect === "irreversible") {
    // Nothing of it stands any more: what was kept for it goes too.
    beginCompensation(turn);
  } else {
    continueCompensation(turn);
  }
}

/** All of it; or, where something could not be undone before, that alone, last step first. */
function undoAll(turn: Turn): void {
  const outlook = undoOutlook(turn.plan, turn.run);
  if (outlook === "undo") {
    turn.run = { ...turn.run, reason: turn.run.reason ?? "requested" };
    beginCompensation(turn);
  } else if (outlook === "retry") {
    const refused = new Map(turn.run.steps.filter(isUndoRefused).map((state) => [state.id, state]));
    reopen(turn);
    for (const planned of turn.plan.toReversed()) {
      const state = refused.get(planned.id);
      if (state !== undefined) {
        // Under a new attempt number: the agent answers the old one as it did.
        setStep(turn, state.id, { status: "compensating", endedAt: null });
        askUndo(turn, planned, state.attempt + 1, 0);
      }
    }
  }
}

/** The run compensates again; it ends as it would have without what was stuck. */
function reopen(turn: Turn): void {
  const { run } = turn;
  const error = run.error?.code === undoFailedCode ? null : run.error;
  turn.run = {
    ...run,
    status: "compensating",
    error,
    reason: run.reason ?? (error === null ? "requested" : null),
  };
}
