import type { Money, PlanDocument } from "../domain.ts";
import { AppError } from "../errors.ts";
import { compareMoney, decimal } from "../money.ts";
import { highestCost } from "../plan/plan-checks.ts";
import type { Policy, Risk, Tier } from "../policy-types.ts";

/** What a plan stakes: all that the choice of its tier depends on. */
export interface Stake {
  /** What it costs at most, in company currency. */
  readonly amount: Money;
  readonly risks: readonly Risk[];
}

/** Pure: everybody who has the plan's bytes comes to the same. */
export function stakeOf(plan: PlanDocument, policy: Pick<Policy, "marginPercent">): Stake {
  const has: Readonly<Record<Risk, boolean>> = {
    irreversible: plan.effects.some(({ reversibility }) => reversibility === "irreversible"),
    "foreign-currency": plan.orders.some(({ currency }) => currency !== plan.total.currency),
    "alternative-supplier": plan.fallbacks.some(({ action }) => action === "alternative"),
    "low-margin": decimal(plan.quote.marginPercent).lt(decimal(policy.marginPercent)),
  };
  const risks = (Object.keys(has) as Risk[]).filter((risk) => has[risk]);
  return { amount: highestCost(plan), risks };
}

/** The policy's tiers, each with all its rules, from the lowest up; one for everything where none are declared. */
export function tiersOf({ approve, companyCurrency }: Pick<Policy, "approve" | "companyCurrency">): Tiers {
  const { tiers, ...rule } = approve;
  const [first, ...others] = tiers ?? [
    { name: "standard", from: { amount: "0", currency: companyCurrency } },
  ];
  if (first === undefined) {
    throw new AppError("bad-policy", "approve.tiers is empty: expected at least one tier, or none declared");
  }
  return [{ ...rule, ...first }, ...others.map((tier) => ({ ...rule, ...tier }))];
}
type Tiers = readonly [Tier, ...Tier[]];

/** The tier that a plan is decided in: that of its amount, or a higher one that asks for one of its risks. */
export function tierFor(policy: Pick<Policy, "approve" | "companyCurrency">, stake: Stake): Tier {
  const tiers = tiersOf(policy);
  // Where the ranges leave something out, which no signed policy does, it is the strictest.
  const found = tiers.findIndex(
    ({ from, below }) =>
      compareMoney(stake.amount, from) >= 0 && (below === undefined || compareMoney(stake.amount, below) < 0),
  );
  const byAmount = found < 0 ? tiers.length - 1 : found;
  const byRisk = tiers.findLastIndex(({ alsoWhen = [] }) =>
    alsoWhen.some((risk) => stake.risks.includes(risk)),
  );
  return tiers[Math.max(byAmount, byRisk)] ?? tiers[0];
}

/** The tier with this name; the strictest where the policy does not know it, or it was never kept. */
export function tierNamed(policy: Pick<Policy, "approve" | "companyCurrency">, name: string | null): Tier {
  const tiers = tiersOf(policy);
  return tiers.find((tier) => tier.name === name) ?? tiers.at(-1) ?? tiers[0];
}

/** When a tier's approvals are brought to mind, passed on and over, in milliseconds from `openedAt`; ascending. */
export function timesOf(
  tier: Tier,
  openedAt: number,
): {
  readonly reminders: readonly number[];
  readonly escalatesAt: number | null;
  readonly expiresAt: number;
} {
  const at = (hours: number): number => openedAt + Math.round(hours * 3_600_000);
  return {
    reminders: (tier.remindAfterHours ?? []).map(at),
    escalatesAt: tier.escalate === undefined ? null : at(tier.escalate.afterHours),
    expiresAt: at(tier.expiresHours),
  };
}
