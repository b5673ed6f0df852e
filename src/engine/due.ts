import type { ErrorInfo, PlannedStep, StepState } from "../domain.ts";
import { beginCompensation, undoFailed } from "./compensate.ts";
import { fail, giveUp } from "./failure.ts";
import { inTriage, waitsForPerson } from "./plan.ts";
import { queueStep, refOf, setStep } from "./turn.ts";
import type { Turn } from "./turn.ts";

/** Time has passed: jobs that may be lost, answers that did not come, people who did not decide. */
export function due(turn: Turn, requeue: boolean): void {
  for (const planned of turn.plan) {
    const before = turn.run.status;
    const state = turn.run.steps.find((each) => each.id === planned.id);
    if (state !== undefined) {
      stepDue(turn, planned, state, requeue);
    }
    if (turn.run.status !== before) {
      // The run has begun to compensate: the other steps are stopped, their times mean nothing any more.
      return;
    }
  }
}

function stepDue(turn: Turn, planned: PlannedStep, state: StepState, requeue: boolean): void {
  const late = state.dueAt !== null && state.dueAt <= turn.now;
  if (state.status === "queued" && (late || requeue) && state.dispatch > 0) {
    queueStep(turn, state, state.attempt, 0);
  } else if (late && waitsForPerson(state)) {
    expire(turn, planned, state);
  } else if (late && state.status === "waiting") {
    turn.effects.push({ type: "withdraw-request", request: "step", ...refOf(turn, state) });
    fail(turn, planned, state, timeout(planned, state));
  } else if (late && inTriage(state)) {
    turn.effects.push({ type: "withdraw-request", request: "triage", ...refOf(turn, state) });
    giveUp(turn, state, state.error);
  } else if (late && state.status === "compensating") {
    turn.effects.push({ type: "withdraw-request", request: "undo", ...refOf(turn, state) });
    undoFailed(turn, planned, state, timeout(planned, state));
  }
}

function timeout(planned: PlannedStep, state: StepState): ErrorInfo {
  return {
    code: "timeout",
    message: `agent "${planned.agent}" gave no answer to step "${state.id}" within ${planned.timeoutMs} ms`,
    retryable: true,
  };
}

function expire(turn: Turn, planned: PlannedStep, state: StepState): void {
  const what = planned.kind === "approval" ? "decided" : "answered";
  const error: ErrorInfo = { code: "expired", message: `nobody ${what} in time`, retryable: false };
  if (planned.kind === "approval") {
    turn.effects.push({ type: "close-approval", status: "expired", ...refOf(turn, state) });
  }
  setStep(turn, state.id, { status: "failed", error, endedAt: turn.now, dueAt: null });
  turn.run = { ...turn.run, reason: "expired" };
  beginCompensation(turn);
}
