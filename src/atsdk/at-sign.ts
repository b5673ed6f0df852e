import { AtError } from "./at-error.ts";

const namePattern = /^[^\s\p{Cc}!*'`();:&=+$,/?#[\]{}@]{1,54}$/u;

/**
 * Canonical form of an atSign: one leading `@`, lower case, no dots, at most 55 characters.
 * Accepts it with or without the `@`; throws `invalid-at-sign` otherwise.
 */
export function toAtSign(text: string): string {
  const name = (text.startsWith("@") ? text.slice(1) : text).toLowerCase().replaceAll(".", "");
  if (!namePattern.test(name))
    throw new AtError(
      "invalid-at-sign",
      `${JSON.stringify(text.slice(0, 60))} is no atSign: expected 1 to 54 characters after the "@", without spaces or punctuation.`,
    );
  return `@${name}`;
}
