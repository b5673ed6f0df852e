import type { SkillContext } from "../define-agent.ts";
import type { PlanDocument } from "../domain.ts";
import { AppError } from "../errors.ts";
import { assertPlanSound, parsePlan } from "./plan-checks.ts";

/**
 * The plan that these bytes carry, as far as any agent checks it before it looks into its own books: of the run and
 * revision that ask, still valid, by no newer policy than is known here, every sum right. Fails with code "bad-plan",
 * "plan-wrong", "plan-expired" or, to be asked again, "trust-behind".
 */
export function planToAttest(
  text: string,
  { clock, subject, trust }: Pick<SkillContext, "clock" | "subject" | "trust">,
): PlanDocument {
  const plan = parsePlan(text);
  if (plan.run !== subject.run || plan.revision !== subject.revision) {
    const asked = `${subject.run} revision ${subject.revision}`;
    throw new AppError(
      "plan-wrong",
      `the plan is of ${plan.run} revision ${plan.revision}, the request of ${asked}`,
    );
  }
  if (Date.parse(plan.validUntil) <= clock.now()) {
    throw new AppError("plan-expired", `the plan was valid until ${plan.validUntil}`);
  }
  if (plan.policySerial > trust.serial) {
    throw new AppError(
      "trust-behind",
      `the plan follows trust document ${plan.policySerial}, this agent knows ${trust.serial}`,
      { retryable: true },
    );
  }
  assertPlanSound(plan, trust.policy);
  return plan;
}
