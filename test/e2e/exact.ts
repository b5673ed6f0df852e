/** Exact fractions for the oracle, on BigInt: shares no code with the product's own arithmetic. */
export interface Exact {
  readonly n: bigint;
  /** Above 0. */
  readonly d: bigint;
}

export const zero: Exact = { n: 0n, d: 1n };

export function exact(text: string | number): Exact {
  const [whole = "", decimals = ""] = String(text).split(".");
  return { n: BigInt(whole + decimals), d: 10n ** BigInt(decimals.length) };
}
export const plus = (a: Exact, b: Exact): Exact => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
export const minus = (a: Exact, b: Exact): Exact => plus(a, { n: -b.n, d: b.d });
export const times = (a: Exact, b: Exact): Exact => ({ n: a.n * b.n, d: a.d * b.d });
export const over = (a: Exact, b: Exact): Exact => ({ n: a.n * b.d, d: a.d * b.n });
export const sum = (all: readonly Exact[]): Exact => all.reduce(plus, zero);
/** Negative, zero or positive. */
export function compare(a: Exact, b: Exact): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
export const max = (a: Exact, b: Exact): Exact => (compare(a, b) < 0 ? b : a);
export const min = (a: Exact, b: Exact): Exact => (compare(a, b) < 0 ? a : b);
/** The next whole number of steps; of numbers of 0 or more. */
export function upTo(value: Exact, step: Exact): Exact {
  const steps = over(value, step);
  return times({ n: (steps.n + steps.d - 1n) / steps.d, d: 1n }, step);
}
/** Rounded half up, as money is; of numbers of 0 or more. */
export function rounded(value: Exact, digits = 2): Exact {
  const scale = 10n ** BigInt(digits);
  return { n: (value.n * scale * 2n + value.d) / (value.d * 2n), d: scale };
}
/** As amounts are written: "1200.00". */
export function amountText(value: Exact, digits = 2): string {
  const { n } = rounded(value.n < 0n ? { n: -value.n, d: value.d } : value, digits);
  const written = n.toString().padStart(digits + 1, "0");
  const sign = value.n < 0n && n !== 0n ? "-" : "";
  return digits === 0 ? `${sign}${written}` : `${sign}${written.slice(0, -digits)}.${written.slice(-digits)}`;
}
