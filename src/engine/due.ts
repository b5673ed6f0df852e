import { bearableMs } from "../clock-ahead.ts";
import type { ErrorInfo, PlannedStep, StepState } from "../domain.ts";
import { beginCompensation, undoFailed } from "./compensate.ts";
import { fail, giveUp } from "./failure.ts";
import { inTriage, waitsForPerson } from "./plan.ts";
import { refOf, setStep } from "./turn.ts";
import type { Turn } from "./turn.ts";

/** Time has passed: answers that did not come, people who did not decide. Jobs that are lost are the sweeper's. */
export function due(turn: Turn): void {
  takeBack(turn);
  for (const planned of turn.plan) {
    const before = turn.run.status;
    const state = turn.run.steps.find((each) => each.id === planned.id);
    if (state !== undefined) {
      stepDue(turn, planned, state);
    }
    if (turn.run.status !== before) {
      // The run has begun to compensate: the other steps are stopped, their times mean nothing any more.
      return;
    }
  }
}

/** What a clock that was ahead has set comes as much earlier, now that it is right; else it came only then. */
function takeBack(turn: Turn): void {
  const { updatedAt, steps } = turn.run;
  const aheadMs = updatedAt - turn.now;
  if (aheadMs <= bearableMs) {
    return;
  }
  const before = updatedAt - bearableMs;
  const earlier = (at: number): number => (at > before ? at - aheadMs : at);
  for (const { id, dueAt, remindAt } of steps.filter((each) => each.dueAt !== null)) {
    setStep(turn, id, {
      dueAt: dueAt === null ? null : earlier(dueAt),
      ...(remindAt === undefined ? {} : { remindAt: remindAt.map(earlier) }),
    });
  }
}

function stepDue(turn: Turn, planned: PlannedStep, state: StepState): void {
  if (state.dueAt === null || state.dueAt > turn.now) {
    remind(turn, state);
    return;
  }
  if (waitsForPerson(state)) {
    expire(turn, planned, state);
  } else if (state.status === "waiting") {
    turn.effects.push({ type: "withdraw-request", request: "step", ...refOf(turn, state) });
    fail(turn, planned, state, timeout(planned, state));
  } else if (inTriage(state)) {
    turn.effects.push({ type: "withdraw-request", request: "triage", ...refOf(turn, state) });
    giveUp(turn, state, state.error);
  } else if (state.status === "compensating") {
    turn.effects.push({ type: "withdraw-request", request: "undo", ...refOf(turn, state) });
    undoFailed(turn, planned, state, timeout(planned, state));
  }
}

/** Times that passed while nobody looked are made up for by one reminder. */
function remind(turn: Turn, state: StepState): void {
  const { remindAt = [] } = state;
  const later = remindAt.filter((at) => at > turn.now);
  if (waitsForPerson(state) && later.length < remindAt.length) {
    setStep(turn, state.id, { remindAt: later });
    turn.effects.push({ type: "remind", ...refOf(turn, state) });
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
