import type { Clock } from "../ports.ts";
import { pause, type Timers } from "./timers.ts";

/** Sends at once and then ever more seldom, until `over` aborts or what is sent has expired. */
export async function resend(o: {
  readonly send: () => Promise<void>;
  readonly over: AbortSignal;
  /** Milliseconds UTC. */
  readonly expiresAt: number;
  readonly firstMs: number;
  readonly mostMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
}): Promise<void> {
  let waitMs = o.firstMs;
  do {
    await o.send();
    await pause(o.timers, Math.min(waitMs, Math.max(0, o.expiresAt - o.clock.now())), o.over);
    waitMs = Math.min(waitMs * 2, o.mostMs);
  } while (!o.over.aborted && o.clock.now() < o.expiresAt);
}
