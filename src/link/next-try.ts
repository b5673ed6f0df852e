import { backOffMs } from "../back-off.ts";

const firstUnsentDelayMs = 250;
/** A message that cannot be sent is tried again soon after the network is back. */
export const maxUnsentDelayMs = 30_000;
/** AtServers keep what was sent far longer than this, and each sending is written down by its own hash. */
const maxSentDelayMs = 300_000;

/**
 * In how many milliseconds a message is sent again that was now sent for the `tries`th time, if nothing closes it
 * before: `waitMs`, in which its answer is expected, to twice as much. Undefined: it could not be sent.
 */
export function nextTryMs(tries: number, waitMs: number | undefined, random: () => number): number {
  if (waitMs === undefined) {
    return backOffMs(tries - 1, { firstMs: firstUnsentDelayMs, longestMs: maxUnsentDelayMs, random });
  }
  // Twice, because as much as half of it is left out.
  return backOffMs(0, { firstMs: 2 * waitMs, longestMs: maxSentDelayMs, random });
}
