import type { ErrorInfo, PlannedStep, StepId, StepState } from "../domain.ts";
import { beginCompensation } from "./compensate.ts";
import { needsFreshAttestations, waitsForTrust } from "../step-errors.ts";
import { backoff, countedAttempts, triageRetries, triageTimeoutMs } from "./plan.ts";
import { queueStep, refOf, retryStep, setStep } from "./turn.ts";
import type { Turn } from "./turn.ts";

/** A try of a step has failed: another try, then triage, then the end of the run. */
export function fail(turn: Turn, planned: PlannedStep, state: StepState, error: ErrorInfo): void {
  const attempts = countedAttempts(state);
  if (state.status === "queued") {
    // A pure function in the bot gives the same result again.
    giveUp(turn, state, error);
  } else if (waitsForTrust(error)) {
    const waits = (state.waits ?? 0) + 1;
    setStep(turn, state.id, { error, waits });
    queueStep(turn, state, state.attempt + 1, backoff(planned.backoffMs, waits));
  } else if (needsFreshAttestations(error) && planned.mandate !== null) {
    renew(turn, planned, state, planned.mandate.attestations, error);
  } else if (error.retryable && attempts < planned.attempts) {
    setStep(turn, state.id, { error });
    retryStep(turn, state, planned);
  } else if (attempts < planned.attempts + triageRetries) {
    setStep(turn, state.id, { status: "failed", error, dueAt: turn.now + triageTimeoutMs });
    turn.effects.push({ type: "triage", error, ...refOf(turn, state) });
  } else {
    giveUp(turn, state, error);
  }
}

/**
 * Asks for the attestations of a mandate again; the step is tried again once they are there. This goes on until the
 * decision itself has ended, as with a step that waits for a newer trust document.
 */
function renew(
  turn: Turn,
  planned: PlannedStep,
  state: StepState,
  attestations: readonly StepId[],
  error: ErrorInfo,
): void {
  const waits = (state.waits ?? 0) + 1;
  // Where every attempt so far was refused before anything ran, nothing irreversible has begun.
  const startedAt = state.attempt === waits ? null : state.startedAt;
  setStep(turn, state.id, { status: "pending", error, waits, startedAt, dueAt: null });
  for (const each of turn.run.steps.filter(({ id }) => attestations.includes(id))) {
    setStep(turn, each.id, { waits: (each.waits ?? 0) + 1 });
    queueStep(turn, each, each.attempt + 1, backoff(planned.backoffMs, waits));
  }
}

/** The step has failed for good, and the run with it. */
export function giveUp(turn: Turn, state: StepState, error: ErrorInfo | null): void {
  setStep(turn, state.id, { status: "failed", error, endedAt: turn.now, dueAt: null });
  turn.run = { ...turn.run, error };
  beginCompensation(turn);
}
