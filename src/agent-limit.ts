import type { AgentLimit } from "./instance-types.ts";

/** What an agent was given, as far as a limit asks. */
export interface AgentLoad {
  /** Requests that are open, those that ask for a place left out. */
  readonly inFlight: number;
  /** When requests of the last minute were given, ascending, milliseconds. */
  readonly given: readonly number[];
}

const minuteMs = 60_000;

/** 0: now; else milliseconds until a request may be given by the rate, or "full" until one of those in flight is over. */
export function limitWait(limit: AgentLimit, load: AgentLoad, now: number): number | "full" {
  const { inFlight: most, perMinute } = limit;
  if (most !== undefined && load.inFlight >= most) {
    return "full";
  }
  const recent = load.given.filter((at) => at > now - minuteMs);
  const oldest = perMinute === undefined ? undefined : recent[recent.length - perMinute];
  return oldest === undefined ? 0 : Math.max(1, oldest + minuteMs - now);
}

/** The times that are still asked for once one more request is given. */
export function givenAfter(limit: AgentLimit, given: readonly number[], now: number): readonly number[] {
  const { perMinute } = limit;
  return perMinute === undefined ? [] : [...given, now].filter((at) => at > now - minuteMs);
}
