import { setTimeout as pause } from "node:timers/promises";
import { jobs } from "../chaos-case.ts";
import type { Expected } from "../chaos-system.ts";
import type { FaultCase } from "./fault-case.ts";
import type { Place, PlaceKind } from "./place.ts";

export interface FaultReport {
  /** Nothing: ended exactly once, and all is as without faults. */
  readonly faults: readonly string[];
  readonly otherPlan: boolean;
  /** Of all processes, when something is wrong. */
  readonly logs: string;
}

/** Runs cases on places that are kept for one round of jobs each. */
export class FaultSession {
  readonly #kind: PlaceKind;
  readonly #expected: () => Promise<readonly Expected[]>;
  #place: Place | undefined;

  /** `expected`: what the jobs come to without faults. */
  constructor(kind: PlaceKind, expected: () => Promise<readonly Expected[]>) {
    this.#kind = kind;
    this.#expected = expected;
  }

  /** One case, on the next job. */
  async run(each: FaultCase): Promise<FaultReport> {
    const expected = await this.#expected();
    const place = (this.#place ??= await this.#kind.open());
    const wanted = expected[place.chaos.next];
    if (wanted === undefined) {
      throw new Error(`job ${place.chaos.next} has no outcome`);
    }
    const faults: string[] = [];
    let otherPlan = false;
    try {
      const { atOnce, moment, afterMs, fault, ms } = each;
      const done = await place.chaos.disturbed(
        {
          atOnce,
          clockIsWrong: place.clockIsWrong === true,
          async disturb(progress) {
            await progress.at(moment);
            await pause(afterMs);
            await place.strike(fault, ms);
          },
        },
        wanted,
      );
      faults.push(...done.faults);
      ({ otherPlan } = done);
    } catch (error) {
      faults.push(String(error));
    }
    const logs = faults.length === 0 ? "" : place.chaos.logs();
    if (faults.length > 0 || otherPlan || this.#kind.once === true || place.chaos.next === jobs.length) {
      faults.push(...(await this.end()));
    }
    return { faults, otherPlan, logs };
  }

  /** Ends what runs, if anything; gives what is wrong with its end. */
  async end(): Promise<readonly string[]> {
    const place = this.#place;
    this.#place = undefined;
    return (await place?.close()) ?? [];
  }
}
