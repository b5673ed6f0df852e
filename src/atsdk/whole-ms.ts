import { AtError } from "./at-error.ts";

/** A duration given by a caller. Throws `invalid-value` unless it is a whole number of milliseconds above 0. */
export function wholeMs(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > 999_999_999_999_999)
    throw new AtError(
      "invalid-value",
      `${name} must be a whole number of milliseconds above 0, not ${value}.`,
    );
  return value;
}
