import type { Clock } from "../../../src/ports.ts";

/**
 * https://docs.slack.dev/apis/web-api/rate-limits: per method, app and workspace. "special" methods have limits of
 * their own. Which method is in which tier: https://docs.slack.dev/reference/methods/NAME.
 */
export type Tier = 1 | 2 | 3 | 4 | "special";

/** "1+", "20+", "50+", "100+" a minute; special ones "hundreds". */
const perMinute: Readonly<Record<Tier, number>> = { 1: 1, 2: 20, 3: 50, 4: 100, special: 600 };
/** chat.postMessage: "1 per second" and channel, "short bursts >1 allowed", "several hundred per minute" in all. */
const burstPerChannel = 3;
const postsPerMinute = 300;
const minute = 60_000;

/** Slack's limits. Each `use` counts, or returns the whole seconds to wait. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #uses = new Map<string, number[]>();
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  enabled = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  use(method: string, tier: Tier, channel: string | undefined): number | undefined {
    if (!this.enabled) {
      return undefined;
    }
    if (method !== "chat.postMessage") {
      return this.#window(method, perMinute[tier]);
    }
    return this.#bucket(channel ?? "") ?? this.#window(method, postsPerMinute);
  }

  #window(method: string, limit: number): number | undefined {
    const now = this.#clock.now();
    const uses = (this.#uses.get(method) ?? []).filter((at) => at > now - minute);
    this.#uses.set(method, uses);
    const oldest = uses[0];
    if (oldest !== undefined && uses.length >= limit) {
      return Math.max(1, Math.ceil((oldest + minute - now) / 1000));
    }
    uses.push(now);
    return undefined;
  }

  #bucket(channel: string): number | undefined {
    const now = this.#clock.now();
    const last = this.#buckets.get(channel) ?? { tokens: burstPerChannel, at: now };
    const tokens = Math.min(burstPerChannel, last.tokens + (now - last.at) / 1000);
    const allowed = tokens >= 1;
    this.#buckets.set(channel, { tokens: allowed ? tokens - 1 : tokens, at: now });
    return allowed ? undefined : Math.max(1, Math.ceil(1 - tokens));
  }
}
