import { type Moment, moments, seededShare } from "../chaos-case.ts";

/** What happens around one main job, and when. */
export interface FaultCase {
  readonly seed: number;
  readonly index: number;
  readonly fault: string;
  /** Decided with `--yes` or `--no` by whoever asks; else by somebody else, after the asker has left. */
  readonly atOnce: boolean;
  readonly moment: Moment;
  /** After the moment. */
  readonly afterMs: number;
  /** How long it lasts, where it lasts at all. */
  readonly ms: number;
}

const stepMs = 300;
const shortestMs = 500;
const longestMs = 6_000;

/** Case `index` of a seed and a fault: the same on every machine, whatever ran before it. */
export function faultCase(seed: number, index: number, fault: string): FaultCase {
  const share = seededShare("fault", seed, index, fault);
  const when = moments.filter((each) => each !== "result");
  return {
    seed,
    index,
    fault,
    atOnce: share("at once") < 0.5,
    moment: when[Math.floor(share("moment") * when.length)] ?? "asked",
    afterMs: Math.floor(share("after") * stepMs),
    ms: shortestMs + Math.floor(share("length") * (longestMs - shortestMs)),
  };
}

export function faultText({ seed, index, fault, atOnce, moment, afterMs, ms }: FaultCase): string {
  const decided = atOnce ? "decided at once" : "decided later";
  return `seed ${seed} run ${index} (${decided}): ${moment} +${afterMs} ms: ${fault} (${ms} ms)`;
}
