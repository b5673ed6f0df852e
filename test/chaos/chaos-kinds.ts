import { seeded } from "../fakes/slack/random.ts";
import { chaosCase, disturbanceText } from "./chaos-case.ts";
import { ChaosSession } from "./chaos-session.ts";
import { scenarios } from "./failpoints/course.ts";
import { type KillCase, KillSession } from "./failpoints/kill-session.ts";
import { FailpointLab } from "./failpoints/lab.ts";
import { drawnPair, type DrawnPair, oneOfEachKind } from "./failpoints/drawn-pair.ts";
import type { FailpointName } from "./failpoints/failpoints.ts";

/** What one run of `npm run chaos` came to. */
export interface ChaosOutcome {
  readonly text: string;
  /** Faults that were put in. */
  readonly injected: number;
  /** Nothing: all is as without them. */
  readonly faults: readonly string[];
  readonly note?: string;
  readonly logs: string;
}
/** Drawn from the seed, every one, or one of each kind (the same operation of the same process) with each of another. */
export type Which = "drawn" | "all" | "each-kind";
/** One way to disturb the company. */
export interface ChaosKind {
  /** The runs of one number; undefined: there is none with this number or a higher one. */
  run(index: number): Promise<AsyncIterable<ChaosOutcome> | undefined>;
  /** Gives what is wrong with the end. */
  end(): Promise<readonly string[]>;
}

/** Processes killed at random moments, once or twice in a run. */
function moments(seed: number): ChaosKind {
  const session = new ChaosSession();
  return {
    run: async (index) =>
      one(async () => {
        const chaos = chaosCase(seed, index);
        const { faults, otherPlan, logs } = await session.run(chaos);
        const note = otherPlan ? { note: "another plan, because a wholesaler was away" } : {};
        return { text: disturbanceText(chaos), injected: chaos.kills.length, faults, logs, ...note };
      }),
    end: () => session.end(),
  };
}

/** A process killed where it passes a failpoint: one that is drawn, or each in its turn. */
function kills(seed: number, which: Exclude<Which, "each-kind">): ChaosKind {
  const session = new KillSession();
  return {
    async run(index) {
      const cases = await session.cases();
      const drawn = cases[Math.floor(seeded(seed * 1_000_003 + index)() * cases.length)];
      const chosen = which === "drawn" ? drawn : cases[index];
      return chosen === undefined
        ? undefined
        : one(async () => {
            const { faults, isHit, logs } = await session.run(chosen);
            return { text: killText(chosen), injected: isHit ? 1 : 0, faults, logs, ...noted(isHit) };
          });
    },
    end: () => session.end(),
  };
}
function killText({ failpoint, verdict, atStart }: KillCase): string {
  return `kill -9 ${failpoint} (${verdict}${atStart ? ", at a start" : ""})`;
}
function noted(isHit: boolean): { readonly note?: string } {
  return isHit ? {} : { note: "not passed" };
}

/**
 * The whole company in this process, dropped at a failpoint and, recovering, at another one: a pair that is drawn, or
 * the pairs of each first failpoint in its turn.
 */
function pairs(seed: number, which: Which): ChaosKind {
  const opening = FailpointLab.open();
  return {
    async run(index) {
      const lab = await opening;
      const chosen =
        which === "drawn" ? await drawnPair(lab, seed, index) : await pairsOf(lab, which, { seed, index });
      return chosen === undefined ? undefined : pairRuns(lab, chosen);
    },
    async end() {
      await (await opening).close();
      return [];
    },
  };
}
/** The pairs with the index-th first failpoint, or with one of the index-th kind. */
async function pairsOf(
  lab: FailpointLab,
  which: Exclude<Which, "drawn">,
  { seed, index }: { readonly seed: number; readonly index: number },
): Promise<DrawnPair | undefined> {
  const second = (recovery: readonly FailpointName[]): readonly FailpointName[] =>
    which === "all" ? recovery : oneOfEachKind(recovery, seeded(seed * 1_000_003 + index));
  let number = index;
  for (const scenario of scenarios) {
    const { passed } = await lab.faultFree(scenario);
    const firsts = which === "all" ? passed : oneOfEachKind(passed, seeded(seed));
    const first = firsts[number];
    if (first !== undefined) {
      return { scenario, first, second };
    }
    number -= firsts.length;
  }
  return undefined;
}
async function* pairRuns(
  lab: FailpointLab,
  { scenario, first, second }: DrawnPair,
): AsyncGenerator<ChaosOutcome> {
  for await (const { armed, reached, faults, logs } of lab.pairs(scenario, first, second)) {
    const note = noted(reached.length === armed.length);
    yield { text: `${armed.join(", then ")} (${scenario})`, injected: reached.length, faults, logs, ...note };
  }
}

async function* one(run: () => Promise<ChaosOutcome>): AsyncGenerator<ChaosOutcome> {
  yield await run();
}

export const chaosKinds = { moments, kills, pairs };
