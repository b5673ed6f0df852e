import { findRedisServer } from "../../../adapters/bullmq/private-redis.ts";
import type { ChaosSystem } from "../chaos-system.ts";

/** A whole system and what it stands on, to which something may happen. */
export interface Place {
  readonly chaos: ChaosSystem;
  /** See `ChaosSystem.disturbed`. */
  readonly clockIsWrong?: true;
  /** Lets a fault of this place begin, last for `ms` where it lasts at all, and end. */
  strike(fault: string, ms: number): Promise<void>;
  /** Ends everything; gives what is wrong then. */
  close(): Promise<readonly string[]>;
}
export interface PlaceKind {
  /** What may happen there. */
  readonly faults: readonly string[];
  /** Why there can be no such place here, or false. */
  readonly missing: () => string | false;
  readonly open: () => Promise<Place>;
  /** After one fault the place is another one: each run has a place of its own. */
  readonly once?: true;
}

/** The program of a Redis server; fails where there is none. */
export function redisServer(): string {
  const server = findRedisServer(process.env.PATH ?? "");
  if (server === undefined) {
    throw new Error("there is no redis-server on the PATH");
  }
  return server;
}
/** Why there can be no Redis here, or false; with REQUIRE_SERVERS=1 its absence fails the tests instead. */
export function redisMissing(): string | false {
  const found = findRedisServer(process.env.PATH ?? "") !== undefined;
  return found || process.env["REQUIRE_SERVERS"] === "1" ? false : "no redis-server found";
}
