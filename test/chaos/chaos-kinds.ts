import { seeded } from "../fakes/slack/random.ts";
import { chaosCase, disturbanceText } from "./chaos-case.ts";
import { ChaosSession } from "./chaos-session.ts";
import { scenarios } from "./failpoints/course.ts";
import { type KillCase, KillSession } from "./failpoints/kill-session.ts";
import { FailpointLab } from "./failpoints/lab.ts";
import { drawnPair, type DrawnPair } from "./failpoints/drawn-pair.ts";

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

/** A process killed where it passes a failpoint: one that is drawn, or with `all` each in its turn. */
function kills(seed: number, all: boolean): ChaosKind {
  const session = new KillSession();
  return {
    async run(index) {
      const cases = await session.cases();
      const drawn = cases[Math.floor(seeded(seed * 1_000_003 + index)() * cases.length)];
      const chosen = all ? cases[index] : drawn;
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
 * with `all` the pairs of each first failpoint in its turn.
 */
function pairs(seed: number, all: boolean): ChaosKind {
  const opening = FailpointLab.open();
  return {
    async run(index) {
      const lab = await opening;
      const chosen = all ? await pairsOf(lab, index) : await drawnPair(lab, seed, index);
      return chosen === undefined ? undefined : pairRuns(lab, chosen);
    },
    async end() {
      await (await opening).close();
      return [];
    },
  };
}
async function pairsOf(lab: FailpointLab, index: number): Promise<DrawnPair | undefined> {
  let number = index;
  for (const scenario of scenarios) {
    const { passed } = await lab.faultFree(scenario);
    const first = passed[number];
    if (first !== undefined) {
      return { scenario, first, second: (recovery) => recovery };
    }
    number -= passed.length;
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
