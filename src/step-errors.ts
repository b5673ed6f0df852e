import type { ErrorInfo, PlannedStep, Run, StepState } from "./domain.ts";

/** What engine, record and cards read from the errors of a run's steps. Pure. */

/** By these an agent says that it acts again once it has a newer trust document: waited for, however long it takes. */
const trustWaits: ReadonlySet<string> = new Set(["trust-stale", "trust-behind", "mandate-policy-unknown"]);
/** By these an irreversible skill says, from its own books, that nothing of its step was done, ever. */
const nothingDone: ReadonlySet<string> = new Set([
  "nothing-placed",
  "plan-expired",
  "ceiling-exceeded",
  "supplier-changed",
  "vendor-refused",
]);
/** Of a step that its agent refused to undo, for good: a person must look. */
export const undoFailedCode = "undo-failed";
/** Of a step that a person left as it is. */
export const undoGivenUpCode = "undo-given-up";
/** By this a skill that looks up what became of an irreversible step says that something of it was done. */
export const standsCode = "effect-stands";
/** The try of an undo that is alarmed and put before a person; it is tried on all the same. */
export const undoAlarmAttempt = 8;

/** Whether this error is a wait for a newer trust document, which uses up no attempt. */
export function waitsForTrust(error: ErrorInfo): boolean {
  return trustWaits.has(error.code);
}

/** Whether this says that no instance of the step's agent is there: waited for until the step's deadline. */
export function lacksInstance(error: ErrorInfo): boolean {
  return error.code === "no-instance";
}
/** Whether a step stands still although nobody is asked, and goes on by itself. */
export function waitsForOthers(error: ErrorInfo): boolean {
  return waitsForTrust(error) || lacksInstance(error);
}
/** See `lacksInstance`. */
export function noInstance({ agent }: Pick<PlannedStep, "agent">): ErrorInfo {
  const message = `no instance of agent "${agent}" is running`;
  return { code: "no-instance", message, retryable: true };
}

/** Whether the attestations of a mandate have grown too old: they are asked for again, which uses up no attempt. */
export function needsFreshAttestations(error: ErrorInfo): boolean {
  return error.code === "mandate-stale";
}

/**
 * Something irreversible was done or may have been: what it was approved with must stay held, because released it
 * would be promised twice.
 */
export function irreversibleMayBeDone(plan: readonly PlannedStep[], run: Run): boolean {
  return run.steps.some((state) => isIrreversible(plan, state) && mayBeDone(state));
}

/** Irreversible steps of which nobody knows whether they were done, and whose agent can find out. */
export function unknownOutcomes(plan: readonly PlannedStep[], run: Run): readonly StepState[] {
  const askable = new Set(plan.filter(({ reconcile }) => reconcile !== undefined).map(({ id }) => id));
  return run.steps.filter(
    (state) =>
      isIrreversible(plan, state) &&
      mayBeDone(state) &&
      askable.has(state.id) &&
      state.status !== "completed" &&
      state.error?.code !== standsCode &&
      state.error?.code !== undoGivenUpCode,
  );
}

/** Whether something of an irreversible step was done, for sure. */
export function surelyDone({ status, error }: Pick<StepState, "status" | "error">): boolean {
  return status === "completed" || (status === "failed" && error?.code === standsCode);
}

function isIrreversible(plan: readonly PlannedStep[], { id }: StepState): boolean {
  return plan.some((each) => each.id === id && each.effect === "irreversible");
}
function mayBeDone({ startedAt, status, error }: StepState): boolean {
  const surelyNot =
    status === "compensated" || (status === "failed" && error !== null && nothingDone.has(error.code));
  return startedAt !== null && !surelyNot;
}

/** Whether the undo of a step was refused for good, and nobody has said what became of it. */
export function isUndoRefused({ status, error }: Pick<StepState, "status" | "error">): boolean {
  return status === "failed" && error?.code === undoFailedCode;
}

/** Steps whose undo needs a person: refused for good, or failed so often that somebody should look. */
export function stuckSteps(run: Pick<Run, "steps">): readonly StepState[] {
  return run.steps.filter(
    (state) => isUndoRefused(state) || (state.status === "compensating" && state.attempt >= undoAlarmAttempt),
  );
}
