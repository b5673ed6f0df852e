import type { PlannedStep, Run, StepState } from "../domain.ts";
import { irreversibleMayBeDone } from "../step-errors.ts";
import { askUndo, beginCompensation, continueCompensation, undoFailedCode } from "./compensate.ts";
import { isFinished } from "./plan.ts";
import type { RunEvent } from "./run-events.ts";
import { setStep, type Turn } from "./turn.ts";

/** Steps whose undo was refused for good, and of which nobody has said what became of them. */
export function stuckSteps(run: Run): readonly StepState[] {
  return run.steps.filter(({ status, error }) => status === "failed" && error?.code === undoFailedCode);
}

/** What undoing a run that has ended would do. */
export type UndoOutlook = "undo" | "retry" | "irreversible" | "nothing" | "not-ended";

export function undoOutlook(plan: readonly PlannedStep[], run: Run): UndoOutlook {
  if (!isFinished(run.status)) {
    return "not-ended";
  }
  if (stuckSteps(run).length > 0) {
    return "retry";
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

/** A person wants a run that has ended undone, or says what became of what could not be undone. */
export function undoLater(
  turn: Turn,
  event: Extract<RunEvent, { type: "undo-requested" | "undo-settled" }>,
): void {
  if (event.type === "undo-settled") {
    settleStuck(turn, event);
    return;
  }
  const outlook = undoOutlook(turn.plan, turn.run);
  if (outlook === "retry") {
    retryStuck(turn);
  } else if (outlook === "undo") {
    turn.run = { ...turn.run, reason: "requested" };
    beginCompensation(turn);
  }
}

/** Under new attempt numbers: the agent answers the old ones as it did. Last step first. */
function retryStuck(turn: Turn): void {
  const stuck = new Map(stuckSteps(turn.run).map((state) => [state.id, state]));
  turn.run = { ...turn.run, status: "compensating", error: null, reason: turn.run.reason ?? "requested" };
  for (const planned of turn.plan.toReversed()) {
    const state = stuck.get(planned.id);
    if (state !== undefined) {
      setStep(turn, state.id, { status: "compensating", endedAt: null });
      askUndo(turn, planned, state.attempt + 1, 0);
    }
  }
}

function settleStuck(
  turn: Turn,
  { step, revision, outcome }: Extract<RunEvent, { type: "undo-settled" }>,
): void {
  const state = stuckSteps(turn.run).find(({ id }) => id === step);
  if (state === undefined || revision !== turn.run.revision || !isFinished(turn.run.status)) {
    return;
  }
  const settled = outcome === "by-hand" ? ("compensated" as const) : ("failed" as const);
  const error =
    outcome === "by-hand" ? null : { ...(state.error ?? noError), code: "undo-given-up", retryable: false };
  setStep(turn, step, { status: settled, error });
  if (stuckSteps(turn.run).length === 0 && turn.run.error?.code === undoFailedCode) {
    // Nothing waits for a person any more: the run ends as it would have without that.
    turn.run = { ...turn.run, status: "compensating", error: null, reason: turn.run.reason ?? "requested" };
    continueCompensation(turn);
  }
}
const noError = { code: "undo-given-up", message: "it stays as it is", retryable: false } as const;
