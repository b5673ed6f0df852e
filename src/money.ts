import Big from "big.js";
import type { Money } from "./domain.ts";
import { AppError } from "./errors.ts";

const decimalPattern = /^-?\d{1,18}(\.\d{1,12})?$/;

/** A decimal string as an exact number; refuses floats, exponents, signs other than a leading minus. */
export function decimal(text: string): Big {
  if (!decimalPattern.test(text)) {
    throw new AppError("bad-decimal", `"${text.slice(0, 40)}" is not a decimal number such as "12.50"`);
  }
  return new Big(text);
}

/** How many minor digits an ISO 4217 currency has (USD 2, JPY 0). */
export function minorDigits(currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency)) {
    throw new AppError("bad-currency", `"${currency.slice(0, 10)}" is not an ISO 4217 currency code`);
  }
  const known = digitsByCurrency.get(currency);
  if (known !== undefined) {
    return known;
  }
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  digitsByCurrency.set(currency, digits);
  return digits;
}
// Making a NumberFormat costs more than all other arithmetic of an order line.
const digitsByCurrency = new Map<string, number>();

/** Money with exactly the currency's minor digits, rounded half up (commercial rounding). */
export function money(amount: Big | string, currency: string): Money {
  const value = typeof amount === "string" ? decimal(amount) : amount;
  return { amount: value.toFixed(minorDigits(currency), Big.roundHalfUp), currency };
}

/** The sum of amounts of one currency; `currency` is needed because the list may be empty. */
export function sumMoney(amounts: readonly Money[], currency: string): Money {
  let total = new Big(0);
  for (const each of amounts) {
    total = total.plus(amountIn(each, currency));
  }
  return money(total, currency);
}

/** The exact amount of money that must be in `currency`; mixing currencies is an error, never a guess. */
function amountIn(value: Money, currency: string): Big {
  if (value.currency !== currency) {
    throw new AppError("currency-mismatch", `amount is in ${value.currency}, expected ${currency}`);
  }
  return decimal(value.amount);
}

/** unit price × quantity, rounded to the currency's minor digits. */
export function multiplyMoney(unit: Money, quantity: string | Big): Money {
  const factor = typeof quantity === "string" ? decimal(quantity) : quantity;
  return money(decimal(unit.amount).times(factor), unit.currency);
}

/** Negative, zero or positive like a comparator; both must be in the same currency. */
export function compareMoney(a: Money, b: Money): number {
  return decimal(a.amount).cmp(amountIn(b, a.currency));
}

/** `value` exchanged at `rate` (units of `currency` per unit of the value's own), rounded to minor digits. */
export function exchangeMoney(value: Money, rate: string, currency: string): Money {
  return money(decimal(value.amount).times(decimal(rate)), currency);
}
