/** How patient we are with Slack's connections; all in milliseconds. Tests run with these, on a clock of their own. */
export const socketTimes = {
  /** Until Slack says who we are: between tries. */
  identity: { firstMs: 1_000, longestMs: 60_000 },
  /** Opening a connection: of its call, of Slack's hello after it, and between tries. */
  open: { callMs: 8_000, helloMs: 10_000, firstMs: 500, longestMs: 30_000 },
  /** Where Slack opens connections that do not last this long: nobody can click in between, so tries are closer. */
  shortLived: { lastingMs: 5_000, longestMs: 4_000 },
  /** The library closes a connection whose pings Slack does not answer, and one that Slack's own pings stop on. */
  pings: { oursMs: 10_000, slacksMs: 30_000 },
  /** Connections are looked at. One that looks well but brings nothing is found by its age at the latest. */
  watch: { everyMs: 5_000, rotateMs: 10 * 60_000 },
  /** Slack may count late: not every hello with too few connections is believed. */
  recountMs: 60_000,
  /**
   * A connection that is replaced is closed when it brought nothing for this long, since what Slack sends while it
   * closes cannot be acknowledged; and at the latest when this is over. One that Slack closes itself, some ten seconds
   * after it said so, is left to Slack until then.
   */
  leave: { quietMs: 1_000, longestMs: 15_000 },
  /** At the end: for payloads that are being handled (Slack waits three seconds for each), and for Slack's farewell. */
  end: { drainMs: 3_000, closeMs: 2_000 },
} as const;
