import type { TrustView } from "./define-agent.ts";
import type { Signed } from "./domain.ts";
import { AppError } from "./errors.ts";
import { mayAct } from "./safety-policy.ts";
import type {
  FreezePapers,
  FreezeStatement,
  LiftEvidence,
  LiftStatement,
  SafetyAct,
} from "./safety-types.ts";

/** Whether papers of a freeze are what they say, by the trust document of whoever asks. Throws AppErrors `freeze-…`. */

const skewMs = 5 * 60_000;

/** The serial of the freeze and whether it lasts. */
export function verifyFreeze(
  { freeze, lift }: FreezePapers,
  trust: TrustView,
  now: number,
): { readonly serial: number; readonly frozen: boolean } {
  const { serial } = freeze.statement;
  verifyFrozen(freeze, trust, now);
  if (lift === null) {
    return { serial, frozen: true };
  }
  verifyLift(lift, serial, trust, now);
  return { serial, frozen: false };
}

function verifyFrozen(freeze: Signed<FreezeStatement>, trust: TrustView, now: number): void {
  const { statement } = freeze;
  if (statement.serial > now + skewMs) {
    // Accepted, it would make every later freeze an old one.
    throw new AppError("freeze-from-future", `the freeze has serial ${statement.serial}, in the future here`);
  }
  if (!trust.verify(freeze, "evidence")) {
    throw new AppError("freeze-signature", "the freeze is not signed by the bot's evidence key");
  }
  requireMay("freeze", statement, trust);
}

/** A lift by the HITL agent, of two distinct people who both may. */
function verifyLift(lift: Signed<LiftStatement>, serial: number, trust: TrustView, now: number): void {
  const { statement } = lift;
  if (statement.serial !== serial) {
    throw new AppError("freeze-mismatch", `the lift is of freeze ${statement.serial}, not of ${serial}`);
  }
  if (Date.parse(statement.issuedAt) > now + skewMs) {
    throw new AppError("freeze-from-future", `the lift says it was made at ${statement.issuedAt}`);
  }
  if (!trust.verify(lift, "hitl")) {
    throw new AppError("freeze-signature", 'the lift is not signed by a granted key of role "hitl"');
  }
  verifyLifters(statement.evidence, serial, trust);
}

/** Two distinct people, each by evidence of this very freeze, each with a role for it. */
export function verifyLifters(
  evidence: readonly Signed<LiftEvidence>[],
  serial: number,
  trust: TrustView,
): void {
  if (new Set(evidence.map(({ statement }) => statement.person)).size < 2) {
    throw new AppError("freeze-one-person", "a freeze is lifted by two distinct people");
  }
  for (const each of evidence) {
    if (each.statement.serial !== serial) {
      throw new AppError("freeze-mismatch", `evidence of freeze ${each.statement.serial}, not of ${serial}`);
    }
    if (!trust.verify(each, "evidence")) {
      throw new AppError("freeze-signature", "evidence of a lift is not signed by the bot's evidence key");
    }
    requireMay("unfreeze", each.statement, trust);
  }
}

/** What the bot went by a newer trust document for may be believed later. */
function requireMay(
  what: "freeze" | "unfreeze",
  act: SafetyAct & { readonly trustSerial: number },
  trust: TrustView,
): void {
  const { policy, demo } = trust;
  const refused = mayAct(what, act, { policy, demo, person: trust.person(act.person) });
  if (refused !== null) {
    throw new AppError(`freeze-${refused.code}`, refused.message, {
      retryable: act.trustSerial > trust.serial,
    });
  }
}
