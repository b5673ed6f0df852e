import { seeded } from "../../fakes/slack/random.ts";

export const instances = Array.from({ length: 10 }, (_, n) => `i${n}`);

/** What is done to an instance's process. */
export type Deed =
  /** Stands still, and goes on after `ms` of the agents' time. */
  | { readonly kind: "freeze"; readonly ms: number }
  /** Is killed with kill -9, and started again, on the other host when it moves. */
  | { readonly kind: "kill" | "move"; readonly skewMs: number };
export interface Turn {
  readonly instance: string;
  readonly deed: Deed;
  /** Requests asked before it, each with its skill. */
  readonly asked: readonly ("count" | "place")[];
}
export interface InstancesPlan {
  /** How far each instance's clock is off at its first start. */
  readonly skewMs: readonly number[];
  readonly capacity: readonly number[];
  readonly turns: readonly Turn[];
}

const askedPerTurn = 6;

/** All from the seed; `mostSkewMs` either way. */
export function instancesPlan(
  seed: number,
  o: { readonly turns: number; readonly mostSkewMs: number; readonly leaseMs: number },
): InstancesPlan {
  const next = seeded(seed);
  const below = (count: number): number => Math.floor(next() * count);
  const skew = (): number => (o.mostSkewMs === 0 ? 0 : below(2 * o.mostSkewMs) - o.mostSkewMs);
  const deed = (): Deed => {
    // Half of all are frozen, for less or for much longer than a lease.
    switch (below(4)) {
      case 0:
        return { kind: "kill", skewMs: skew() };
      case 1:
        return { kind: "move", skewMs: skew() };
      default:
        return { kind: "freeze", ms: Math.floor(o.leaseMs * (0.5 + 1.5 * next())) };
    }
  };
  return {
    skewMs: instances.map(skew),
    capacity: instances.map(() => 1 + below(6)),
    turns: Array.from({ length: o.turns }, () => ({
      instance: instances[below(instances.length)] ?? "i0",
      deed: deed(),
      asked: Array.from({ length: askedPerTurn }, () => (below(2) === 0 ? "count" : "place")),
    })),
  };
}
