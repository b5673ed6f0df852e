import { atSignAccount } from "../accounts.ts";
import { sha256Hex } from "../canonical.ts";
import type { ApprovalId, AtSign, Person, PlanDocument } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { assertAttested } from "../plan/assert-attested.ts";
import { parsePlan } from "../plan/plan-checks.ts";
import { judge } from "../policy/may-decide.ts";
import { stakeOf, tierFor } from "../policy/tiers.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import type { PlanToDecide } from "./decision-messages.ts";

/** A plan that was checked where a person countersigns: its hash is over the very bytes that `plan` was read from. */
export interface CheckedPlan {
  readonly approval: ApprovalId;
  readonly plan: PlanDocument;
  readonly planHash: string;
  /** Milliseconds UTC. */
  readonly expiresAt: number;
}

/**
 * Throws AppErrors for whatever would make this person's signature on the plan worthless, or would have them sign what
 * the company's agents did not attest. What the bot says is not believed anywhere.
 */
export function checkPlan(
  given: PlanToDecide,
  o: {
    readonly trust: TrustStore;
    readonly person: Person;
    readonly atSign: AtSign;
    readonly now: number;
  },
): CheckedPlan {
  const { trust, person, now } = o;
  const plan = readPlan(given.plan);
  const planHash = sha256Hex(given.plan);
  const { refused } = judge(trust.policy, person.id, {
    tier: tierFor(trust.policy, stakeOf(plan, trust.policy)),
    requester: plan.requester,
    editors: plan.editors ?? [],
    assurance: "countersigned",
    demo: trust.demo,
    account: atSignAccount(o.atSign),
    at: now,
    approval: given.approval,
    person: (id) => trust.person(id),
  });
  if (refused !== null) {
    throw new AppError(refused.code, refused.message);
  }
  if (plan.policySerial > trust.serial) {
    throw new AppError(
      "policy-unknown",
      `it was planned under policy ${plan.policySerial}, but ${trust.serial} is the newest known here`,
    );
  }
  assertAttested({ planHash, run: plan.run, revision: plan.revision }, given.attestations, trust);
  const expiresAt = Math.min(given.expiresAt, Date.parse(plan.validUntil));
  if (expiresAt <= now) {
    throw new AppError("plan-expired", `the plan was valid until ${new Date(expiresAt).toISOString()}`);
  }
  return { approval: given.approval, plan, planHash, expiresAt };
}

function readPlan(text: string): PlanDocument {
  try {
    return parsePlan(text);
  } catch (error) {
    throw new AppError("bad-plan", `this is no valid plan: ${toErrorInfo(error).message}`);
  }
}
