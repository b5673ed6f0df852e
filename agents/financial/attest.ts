import type { SkillContext } from "../../src/define-agent.ts";
import type { Signed } from "../../src/domain.ts";
import type { AttestationStatement } from "../../src/mandate-types.ts";
import { AppError } from "../../src/errors.ts";
import { heldNow, holdBudget, holdCredit } from "./holds.ts";

/**
 * Attests the plan that these bytes carry: every sum computed again, rates as in the books, quote within the
 * customer's credit, the dearest course of the plan within the project's budget. Holds exactly that from then on.
 */
export async function attest(context: SkillContext, text: string): Promise<Signed<AttestationStatement>> {
  const { books, clock, trust } = context;
  const { sha256Hex } = await import("../../src/canonical.ts");
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { decimal } = await import("../../src/money.ts");
  const { highestCost } = await import("../../src/plan/plan-checks.ts");
  const { leastMargin } = await import("../../src/policy/may-edit.ts");
  const { planToAttest } = await import("../../src/plan/plan-to-attest.ts");
  const plan = planToAttest(text, context);
  const exchange = exchangeFrom(books, trust.policy, clock.now());
  const replacements = plan.fallbacks.flatMap((each) =>
    each.action === "alternative" ? [each.replacement] : [],
  );
  for (const order of [...plan.orders, ...replacements]) {
    const rate = await exchange.rate(order.currency);
    if (!decimal(order.rate ?? "1").eq(decimal(rate))) {
      throw new AppError(
        "plan-wrong",
        `the plan's orders.${order.id}.rate is ${order.rate}, the books say ${rate}`,
      );
    }
  }
  const { marginPercent } = plan.quote;
  const least = leastMargin(trust.policy, plan.editors !== undefined);
  if (decimal(marginPercent).lt(decimal(least))) {
    throw new AppError(
      "plan-wrong",
      `the plan's quote.marginPercent is ${marginPercent}, the policy wants ${least}`,
    );
  }
  for (const kind of ["credit", "budget"] as const) {
    const account = kind === "credit" ? plan.request.customer : plan.project;
    const held = await heldNow(context, kind);
    if (held?.account !== account) {
      throw new AppError("not-held", `no ${kind} of "${account}" is held for this revision of the run`);
    }
  }
  const { customer } = await holdCredit(context, plan.request.customer, plan.quote.total);
  if (customer.name !== plan.customerName || customer.defaultProject !== plan.project) {
    throw new AppError(
      "plan-wrong",
      `the plan says "${plan.customerName}" and project "${plan.project}", the books "${customer.name}" and "${customer.defaultProject}"`,
    );
  }
  await holdBudget(context, plan.project, highestCost(plan));
  return context.sign({
    tag: "countersign/attestation/1",
    planHash: sha256Hex(text),
    run: plan.run,
    revision: plan.revision,
    role: "financial",
    verdict: "approved",
    issuedAt: new Date(clock.now()).toISOString(),
    expiry: plan.validUntil,
  });
}
