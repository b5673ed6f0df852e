import type { PlannedStep, Run, StepState } from "../domain.ts";
import { backoff, countedAttempts, queuePatienceMs } from "./plan.ts";
import type { RunEffect, StepRef } from "./run-events.ts";

/** One evaluation of `advance`: its own copy of the run, changed in place, and the effects so far. */
export interface Turn {
  readonly plan: readonly PlannedStep[];
  readonly now: number;
  run: Run;
  readonly effects: RunEffect[];
}

/** Replaces fields of one step's state. */
export function setStep(turn: Turn, id: string, change: Partial<StepState>): void {
  turn.run = {
    ...turn.run,
    steps: turn.run.steps.map((state) => (state.id === id ? { ...state, ...change } : state)),
  };
}

export function refOf(turn: Turn, state: StepState): StepRef {
  return { step: state.id, revision: turn.run.revision, attempt: state.attempt };
}

/** A queued step of a run that rests is looked at again by whoever ends that; the sweeper has a year's time. */
const restMs = 365 * 86_400_000;

/** Begins or ends a pause; steps that were queued meanwhile are worked on when it ends. */
export function pause(turn: Turn, paused: boolean): void {
  if ((turn.run.paused === true) === paused) {
    return;
  }
  const { paused: _before, ...run } = turn.run;
  turn.run = paused ? { ...run, paused } : run;
  queueAgain(turn);
}

/** The run's turn has come: it begins, unless it is paused. */
export function admit(turn: Turn): void {
  if (turn.run.held === true && turn.run.status === "running") {
    const { held: _before, ...run } = turn.run;
    turn.run = run;
    queueAgain(turn);
  }
}

function queueAgain(turn: Turn): void {
  for (const state of turn.run.steps.filter((each) => each.status === "queued" && each.dispatch > 0)) {
    queueStep(turn, state, state.attempt, 0);
  }
}

/** Puts a step into the queue as attempt number `attempt`, to be worked on after `delayMs`, or when the run goes on. */
export function queueStep(turn: Turn, state: StepState, attempt: number, delayMs: number): void {
  const dispatch = state.attempt === attempt ? state.dispatch + 1 : 1;
  if (turn.run.paused === true || turn.run.held === true) {
    setStep(turn, state.id, { status: "queued", attempt, dispatch, dueAt: turn.now + restMs });
    return;
  }
  const dueAt = turn.now + delayMs + queuePatienceMs;
  setStep(turn, state.id, { status: "queued", attempt, dispatch, dueAt });
  turn.effects.push({
    type: "queue",
    step: state.id,
    revision: turn.run.revision,
    attempt,
    dispatch,
    delayMs,
  });
}

/** The next attempt of a step, after its back-off. */
export function retryStep(turn: Turn, state: StepState, planned: PlannedStep): void {
  queueStep(turn, state, state.attempt + 1, backoff(planned.backoffMs, countedAttempts(state)));
}
