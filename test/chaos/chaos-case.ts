import { createHash } from "node:crypto";

/** What may be killed: a process of the system, or all of them at once. */
export const targets = ["launcher", "bot", "agents", "gateway", "sandbox", "redis", "everything"] as const;
export type Target = (typeof targets)[number];

/** The life of a job: sent, then what is shown of it, in the order in which it comes. */
export const moments = [
  "asked",
  "route",
  "credit",
  "orderCompliance",
  "parts",
  "reserve",
  "offers",
  "vendors",
  "budget",
  "logistics",
  "quote",
  "fallbacks",
  "plan",
  "card",
  "financialAttests",
  "complianceAttests",
  "decision",
  "gate",
  "orders",
  "validation",
  "marking",
  "result",
] as const;
export type Moment = (typeof moments)[number];

interface Job {
  readonly text: string;
  readonly verdict: "approved" | "rejected";
}
/** What one data folder is asked for, in this order; so the outcome of each is known from a run without faults. */
export const jobs: readonly Job[] = [
  { text: "Order the parts needed for 5 widgets for Customer XYZ", verdict: "approved" },
  { text: "order parts for 3 contraptions for Customer ABC", verdict: "approved" },
  { text: "Please order the parts for forty-two whatsits for Dandelion", verdict: "rejected" },
  { text: "Blue Teapot Works wants two dozen doodads, order the parts", verdict: "approved" },
  { text: "Order the parts needed for 50 widgets for Customer XYZ", verdict: "approved" },
];

interface Kill {
  readonly target: Target;
  /** Milliseconds after the moment, or after the kill before. */
  readonly afterMs: number;
}
export interface ChaosCase {
  readonly seed: number;
  readonly index: number;
  /** Decided with `--yes` or `--no` by whoever asks; else by somebody else, after the asker has left. */
  readonly atOnce: boolean;
  readonly moment: Moment;
  readonly kills: readonly Kill[];
}

const commandStartMs = 900;
const stepMs = 300;
const againMs = 3_000;
const secondKillShare = 1 / 3;

/** Run `index` of a seed: the same on every machine, whatever ran before it. */
export function chaosCase(seed: number, index: number): ChaosCase {
  const share = seededShare(seed, index);
  const one = <T>(what: string, all: readonly T[]): T => all[Math.floor(share(what) * all.length)] as T;
  const moment = one("moment", moments);
  const firstMs = Math.floor(share("after") * (moment === "asked" ? commandStartMs : stepMs));
  const first = { target: one("target", targets), afterMs: firstMs };
  const second = { target: one("second target", targets), afterMs: Math.floor(share("again") * againMs) };
  return {
    seed,
    index,
    atOnce: share("at once") < 0.5,
    moment,
    kills: share("twice") < secondKillShare ? [first, second] : [first],
  };
}

/** For each thing that is asked of it a number in [0, 1), the same on every machine. */
export function seededShare(...seed: readonly (string | number)[]): (what: string) => number {
  return (what) =>
    createHash("sha256")
      .update([...seed, what].join("/"))
      .digest()
      .readUInt32BE() /
    2 ** 32;
}

export function caseText(chaos: ChaosCase): string {
  return `seed ${chaos.seed} run ${chaos.index} ${disturbanceText(chaos)}`;
}
/** The same, without its number. */
export function disturbanceText({ atOnce, moment, kills }: ChaosCase): string {
  const what = kills.map(({ target, afterMs }) => `${target} +${afterMs} ms`).join(", then ");
  return `(${atOnce ? "decided at once" : "decided later"}) ${moment}: ${what}`;
}
