import type { PlannedStep, Run, RunStatus, StepId, StepState } from "../domain.ts";

/** What advance and its parts know of plans and states. Pure. */

/** Triage may order this many attempts beyond a step's own; after that a failure ends the run. */
export const triageRetries = 3;
/** Alternatives tried before a failure ends the run. */
export const maxRevisions = 5;
export const undoAttempts = 8;
export const triageTimeoutMs = 600_000;
const longestWaitMs = 60_000;

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

/** Waits for a person (question or approval), not for an agent: only what was never queued has dispatch 0. */
export function waitsForPerson(state: StepState): boolean {
  return state.status === "waiting" && state.dispatch === 0;
}

/** A failed step whose triage is awaited, until its `dueAt`. */
export function inTriage(state: StepState): boolean {
  return state.status === "failed" && state.dueAt !== null;
}

/** Once such a step was sent, a cancel or an alternative would come too late. */
export function irreversibleStarted(plan: readonly PlannedStep[], run: Run): boolean {
  return someIrreversible(plan, run, (state) => state.startedAt !== null);
}

/** What such a step was approved with must stay held: released, it would be promised twice. */
export function irreversibleCompleted(plan: readonly PlannedStep[], run: Run): boolean {
  return someIrreversible(plan, run, (state) => state.status === "completed");
}

function someIrreversible(
  plan: readonly PlannedStep[],
  run: Run,
  holds: (state: StepState) => boolean,
): boolean {
  const ids = new Set(plan.filter((each) => each.effect === "irreversible").map((each) => each.id));
  return run.steps.some((state) => ids.has(state.id) && holds(state));
}

/** Exponential: `base` before the second attempt, doubled for each further one, at most a minute. */
export function backoff(base: number, attempt: number): number {
  return Math.min(base * 2 ** Math.min(attempt - 1, 20), longestWaitMs);
}

/** How long a queued job may take to be worked on before the sweeper believes it lost: longer each time. */
export function queuePatience(dispatch: number): number {
  return backoff(2000, dispatch);
}
