import type { AgentId } from "../domain.ts";
import type { Clock } from "../ports.ts";

/** What the company allows an agent at a time and in a minute, all its instances together. */
export interface AgentLimit {
  readonly inFlight?: number;
  readonly perMinute?: number;
}

const minuteMs = 60_000;

/** Counts requests against the limits of agents; those of what people wait for are counted, never held back. */
export class AgentLimits {
  readonly #limits: Readonly<Record<AgentId, AgentLimit>>;
  readonly #clock: Clock;
  /** The times of the last minute's requests, of agents that have a limit. */
  readonly #sent = new Map<AgentId, number[]>();

  constructor(limits: Readonly<Record<AgentId, AgentLimit>>, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** 0: now; else milliseconds until a request may be sent by the rate, or "full" until one of those in flight is over. */
  waitMs(agent: AgentId, inFlight: number): number | "full" {
    const { inFlight: most, perMinute } = this.#limits[agent] ?? {};
    if (most !== undefined && inFlight >= most) {
      return "full";
    }
    const sent = this.#recent(agent);
    const oldest = perMinute === undefined ? undefined : sent[sent.length - perMinute];
    return oldest === undefined ? 0 : Math.max(1, oldest + minuteMs - this.#clock.now());
  }

  took(agent: AgentId): void {
    if (this.#limits[agent]?.perMinute !== undefined) {
      this.#sent.set(agent, [...this.#recent(agent), this.#clock.now()]);
    }
  }

  #recent(agent: AgentId): readonly number[] {
    const since = this.#clock.now() - minuteMs;
    return (this.#sent.get(agent) ?? []).filter((at) => at > since);
  }
}
