/**
 * How long a call to Slack may wait for its turn under Slack's limits, in milliseconds; what may not wait at all fails
 * and is tried again by whoever asked for it.
 */
export const patienceMs = {
  /** Somebody clicked or wrote: Slack waits three seconds for the acknowledgement. */
  answer: 1_500,
  /** Words to one person, when all else is done. */
  whisper: 3_000,
  /** An administrator's command that reads long lists. */
  list: 60_000,
} as const;
