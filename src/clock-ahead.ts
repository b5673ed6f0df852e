/** A run last changed that much later than now was changed by a clock that was ahead. Envelopes bear as much. */
export const bearableMs = 300_000;
/** Nothing but a clock that was ahead, or a pause, has a run looked at later than this: approvals have days. */
export const farLookMs = 4 * 86_400_000;
/** Messages, and leases, wait for hours at most: one that is due later was put off by a clock that was ahead. */
export const farWaitMs = 86_400_000;

/** Whether something that lasts `ms` and ends at `until` is not over: a later end was set by a clock that was ahead. */
export function isLasting(until: number, ms: number, now: number): boolean {
  return now < until && until <= now + ms;
}

/** Whether a run that is looked at only at `dueAt` was put off by such a clock. */
export function isPutOff(run: { readonly dueAt: number; readonly updatedAt: number }, now: number): boolean {
  return run.dueAt > now + farLookMs && run.updatedAt > now + bearableMs;
}
