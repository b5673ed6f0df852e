import type { PlannedStep, Run, RunStatus, StepId, StepState } from "../domain.ts";

/** What advance and its parts know of plans and states. Pure. */

/** Triage may order this many attempts beyond a step's own; after that a failure ends the run. */
export const triageRetries = 3;
/** Alternatives tried before a failure ends the run. */
export const maxRevisions = 5;
export const triageTimeoutMs = 600_000;
/** A queued step that nobody has worked on this long after its time is dispatched by the sweeper itself. */
export const queuePatienceMs = 3000;
const longestWaitMs = 60_000;
const longestUndoWaitMs = 300_000;

/** The first step of every run, before a workflow is known. */
export const routeStep: PlannedStep = {
  id: "route",
  kind: "call",
  agent: "router",
  skill: "route",
  effect: "read",
  needs: [],
  timeoutMs: 3_600_000,
  attempts: 8,
  backoffMs: 1000,
  undo: null,
  mandate: null,
};

/** A step before anything happened to it. */
export function pendingStep(id: StepId): StepState {
  return {
    id,
    status: "pending",
    attempt: 0,
    dispatch: 0,
    startedAt: null,
    endedAt: null,
    dueAt: null,
    error: null,
  };
}

/** True for completed, failed and cancelled: nothing changes such a run any more. */
export function isFinished(status: RunStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** Whether the run is worked on: it is open, and waits neither for people alone nor for its turn. */
export function isInProgress({ status, held }: Run): boolean {
  return (status === "running" && held !== true) || status === "compensating";
}

/** Waits for a person (question or approval), not for an agent: only what was never queued has dispatch 0. */
export function waitsForPerson(state: StepState): boolean {
  return state.status === "waiting" && state.dispatch === 0;
}

/** A failed step whose triage is awaited, until its `dueAt`. */
export function inTriage(state: StepState): boolean {
  return state.status === "failed" && state.dueAt !== null;
}

/** Attempts of a step that count: those that only waited for a newer trust document do not. */
export function countedAttempts(state: StepState): number {
  return state.attempt - (state.waits ?? 0);
}

/** Queued steps whose job seems lost: their time came and nobody worked on them. */
export function overdueSteps(run: Run, now: number): readonly StepState[] {
  return run.steps.filter(
    ({ status, dispatch, dueAt }) => status === "queued" && dispatch > 0 && dueAt !== null && dueAt <= now,
  );
}

/** Once such a step was sent, a cancel or an alternative would come too late. */
export function irreversibleStarted(plan: readonly PlannedStep[], run: Run): boolean {
  const ids = new Set(plan.filter((each) => each.effect === "irreversible").map((each) => each.id));
  return run.steps.some((state) => ids.has(state.id) && state.startedAt !== null);
}

/**
 * Whether people have decided on this revision: what they saw is done as it is or not at all, no other plan instead.
 */
export function isDecided(plan: readonly PlannedStep[], run: Run): boolean {
  const gates = new Set(plan.filter((each) => each.kind === "approval").map((each) => each.id));
  return run.steps.some(({ id, status }) => gates.has(id) && status === "completed");
}

/** Exponential: `base` before the second attempt, doubled for each further one, at most a minute. */
export function backoff(base: number, attempt: number): number {
  return doubled(base, attempt, longestWaitMs);
}

/** As `backoff`, but at most five minutes: an undo is tried until it is done. */
export function undoBackoff(base: number, attempt: number): number {
  return doubled(base, attempt, longestUndoWaitMs);
}

function doubled(base: number, attempt: number, most: number): number {
  return Math.min(base * 2 ** Math.min(attempt - 1, 20), most);
}
