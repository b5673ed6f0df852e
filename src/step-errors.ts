import type { ErrorInfo, PlannedStep, Run } from "./domain.ts";

/** What engine and cards read from the errors of a run's steps. Pure. */

/** By these an agent says that it acts again once it has a newer trust document: waited for, however long it takes. */
const trustWaits: ReadonlySet<string> = new Set(["trust-stale", "trust-behind", "mandate-policy-unknown"]);
/** By these an irreversible skill says, from its own books, that nothing of its step was done, ever. */
const nothingDone: ReadonlySet<string> = new Set([
  "nothing-placed",
  "plan-expired",
  "ceiling-exceeded",
  "supplier-changed",
  "vendor-refused",
  "plan-drifted",
]);

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

/** Whether prices or stock moved too far since the plan was made: nothing of it was done, and another one is needed. */
export function planMoved(error: ErrorInfo): boolean {
  return error.code === "plan-drifted";
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
  const ids = new Set(plan.filter((each) => each.effect === "irreversible").map((each) => each.id));
  return run.steps.some(({ id, startedAt, status, error }) => {
    const surelyNot = status === "failed" && error !== null && nothingDone.has(error.code);
    return ids.has(id) && startedAt !== null && !surelyNot;
  });
}
