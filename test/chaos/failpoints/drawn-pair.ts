import { seeded } from "../../fakes/slack/random.ts";
import type { Scenario } from "./course.ts";
import { scenarios } from "./course.ts";
import type { FailpointName } from "./failpoints.ts";
import type { FailpointLab } from "./lab.ts";

/** Drawn by seed and number alone, whatever ran before it. */
export interface DrawnPair {
  readonly scenario: Scenario;
  readonly first: FailpointName;
  /** One of those that the recovery passes. */
  readonly second: (passed: readonly FailpointName[]) => readonly FailpointName[];
}

const one = <T>(all: readonly T[], share: number): T => all[Math.floor(share * all.length)] as T;

export async function drawnPair(lab: FailpointLab, seed: number, index: number): Promise<DrawnPair> {
  const next = seeded(seed * 1_000_003 + index);
  const scenario = one(scenarios, next());
  const { passed } = await lab.faultFree(scenario);
  const first = one(passed, next());
  const share = next();
  return { scenario, first, second: (recovery) => [one(recovery, share)] };
}

/** Of the failpoints with the same name but for the number, one that is drawn. In the order in which they came first. */
export function oneOfEachKind(
  passed: readonly FailpointName[],
  next: () => number,
): readonly FailpointName[] {
  const kinds = Map.groupBy(passed, (name) => name.slice(0, name.lastIndexOf("#")));
  return [...kinds.values()].map((names) => one(names, next()));
}
