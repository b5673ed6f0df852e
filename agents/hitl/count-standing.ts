import type { SkillContext } from "../../src/define-agent.ts";
import type { PlanDocument } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { StandingTerms } from "../../src/mandate-types.ts";

/**
 * Counts one more plan that was approved in advance. Fails with "standing-exhausted" where that is more than was
 * granted, whatever the bot's record says. Of two decisions at once one fails for now: it is asked for again.
 */
export async function countStanding(
  { books }: SkillContext,
  { id, uses, inAll }: StandingTerms,
  plan: PlanDocument,
): Promise<void> {
  const { compareMoney, sumMoney } = await import("../../src/money.ts");
  const { highestCost } = await import("../../src/plan/plan-checks.ts");
  const before = await books.get("standings", id);
  const { currency } = inAll;
  const count = Number(before?.uses ?? "0") + 1;
  const spent = before === undefined ? [] : [{ amount: before.amount, currency: before.currency }];
  const sum = sumMoney([...spent, highestCost(plan)], currency);
  if (count > uses || compareMoney(sum, inAll) > 0) {
    throw new AppError(
      "standing-exhausted",
      `plan ${count} by standing grant "${id}" would make ${sum.amount} ${currency}; granted are ${uses}, for ${inAll.amount}`,
    );
  }
  const row = { uses: String(count), amount: sum.amount, currency };
  if (before === undefined) {
    await books.insert("standings", { id, ...row }).catch((error: unknown) => {
      throw toErrorInfo(error).code === "exists" ? busy(id) : error;
    });
  } else if (!(await books.update("standings", id, row, { uses: before.uses, amount: before.amount }))) {
    throw busy(id);
  }
}

function busy(id: string): AppError {
  return new AppError("standing-busy", `standing grant "${id}" is used elsewhere at this moment`, {
    retryable: true,
  });
}
