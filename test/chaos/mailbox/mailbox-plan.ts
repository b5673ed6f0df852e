import { createHash } from "node:crypto";

/** What a seed decides: each message, the fate of each notification, and what is killed or cut when. */

/** A message and what is asked for with it. */
export interface PlannedMessage {
  readonly step: string;
  readonly text: string;
  /** Whether the answer carries the text. */
  readonly echo: boolean;
}
export type Fate =
  | { readonly kind: "deliver" | "drop" | "duplicate" | "reorder" }
  | { readonly kind: "delay" | "repeat-late"; readonly ms: number };
export const interruptions = ["asker", "answerer", "server", "both", "everything", "cut", "stall"] as const;
export interface Interruption {
  /** How many messages must have been answered before. */
  readonly after: number;
  readonly what: (typeof interruptions)[number];
  /** Where both sides' atServers are processes of their own: which of them is killed when one is. */
  readonly server: 0 | 1;
  /** How long what was killed stays away. */
  readonly awayMs: number;
}

const largeShare = 0.005;
const faultShares: readonly (readonly [Fate["kind"], number])[] = [
  ["drop", 0.02],
  ["duplicate", 0.02],
  ["repeat-late", 0.01],
  ["reorder", 0.02],
  ["delay", 0.02],
];
const mostDelayMs = 2_000;
const lateMs = 3_000;

/** In [0, 1), the same on every machine. */
function share(seed: number | string, ...what: readonly (string | number)[]): number {
  const digest = createHash("sha256").update([seed, ...what].join("/"));
  return digest.digest().readUInt32BE() / 2 ** 32;
}

export function plannedMessage(seed: number, index: number): PlannedMessage {
  const isLarge = share(seed, "size", index) < largeShare;
  // A container of 32 KiB and more travels as a shared key.
  const length = Math.floor(isLarge ? 33_000 + share(seed, "length", index) * 60_000 : 1_000);
  const word = createHash("sha256").update(`${seed}/${index}`).digest("hex");
  return {
    step: `m${index}`,
    text: word.repeat(Math.ceil(length / word.length)).slice(0, length),
    echo: !isLarge || share(seed, "echo", index) < 0.5,
  };
}

/** What becomes of the n-th notification while the messages of a block are on their way. */
export function fateOf(seed: string, block: number, n: number): Fate {
  let rest = share(seed, "fate", block, n);
  for (const [kind, size] of faultShares) {
    rest -= size;
    if (rest < 0) {
      const part = share(seed, "how", block, n);
      if (kind === "delay") {
        return { kind, ms: Math.floor(part * mostDelayMs) };
      }
      return kind === "repeat-late" ? { kind, ms: Math.floor(lateMs * (1 + part)) } : { kind };
    }
  }
  return { kind: "deliver" };
}

/** The one interruption of a block, as a function of the block's number alone. */
export function interruptionOf(seed: number, block: number, size: number): Interruption {
  const which = Math.floor(share(seed, "what", block) * interruptions.length);
  return {
    after: block * size + Math.floor(share(seed, "when", block) * size),
    what: interruptions[which] ?? "cut",
    server: share(seed, "server", block) < 0.5 ? 0 : 1,
    awayMs: share(seed, "away", block) < 0.8 ? 0 : Math.floor(share(seed, "away for", block) * 2_000),
  };
}
