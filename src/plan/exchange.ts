import type Big from "big.js";
import type { Money } from "../domain.ts";
import { AppError } from "../errors.ts";
import { decimal, money } from "../money.ts";
import type { Policy } from "../policy-types.ts";
import type { Books } from "../ports.ts";

const dayMs = 86_400_000;

export interface Exchange {
  /** Units of the company's currency for one unit of `currency`, as the books say; "1" for the company's own. */
  rate(currency: string): Promise<string>;
  /** The value in another currency, rounded to its minor digits. */
  convert(value: Money, currency: string): Promise<Money>;
  /** The exact amount in another currency, not rounded. */
  amount(value: Money, currency: string): Promise<Big>;
}

/**
 * Exchange at the rates of the books, each read once. Fails with "rate-missing" where there is none, "stale-data" where
 * it is older than the policy allows.
 */
export function exchangeFrom(books: Books, policy: Policy, now: number): Exchange {
  const known = new Map([[policy.companyCurrency, Promise.resolve("1")]]);
  const rate = (currency: string): Promise<string> => {
    const found = known.get(currency) ?? read(currency);
    known.set(currency, found);
    return found;
  };
  const read = async (currency: string): Promise<string> => {
    const row = await books.get("rates", currency);
    if (row === undefined) {
      throw new AppError(
        "rate-missing",
        `the books have no rate from ${currency} to ${policy.companyCurrency}`,
      );
    }
    assertFresh(row.asOf, policy.dataMaxAgeDays, now, `the rate of ${currency}`);
    return row.rate;
  };
  const amount = async (value: Money, currency: string): Promise<Big> => {
    const given = decimal(value.amount);
    if (value.currency === currency) {
      return given;
    }
    return given.times(decimal(await rate(value.currency))).div(decimal(await rate(currency)));
  };
  return {
    rate,
    amount,
    convert: async (value, currency) => money(await amount(value, currency), currency),
  };
}

/** Fails with "stale-data" when the ISO day `asOf` is more than `maxDays` before today, or after tomorrow. */
export function assertFresh(asOf: string, maxDays: number, now: number, what: string): void {
  const age = ageInDays(asOf, now);
  if (!(age <= maxDays && age >= -1)) {
    throw new AppError(
      "stale-data",
      `${what} is of ${asOf}, expected at most ${maxDays} days old and not in the future`,
    );
  }
}

/** Whole days from the ISO day to today (UTC); NaN when it is not a day. */
export function ageInDays(day: string, now: number): number {
  return Math.floor(now / dayMs) - Math.floor(Date.parse(`${day}T00:00:00.000Z`) / dayMs);
}

/** Today, or the day `days` later, as an ISO day (UTC). */
export function isoDay(now: number, days = 0): string {
  return new Date(now + days * dayMs).toISOString().slice(0, 10);
}
