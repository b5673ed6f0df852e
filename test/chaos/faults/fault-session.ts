import { setTimeout as pause } from "node:timers/promises";
import { jobs } from "../chaos-case.ts";
import { faultless } from "../chaos-session.ts";
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
  static #expected: Promise<readonly Expected[]> | undefined;
  readonly #kind: PlaceKind;
  #place: Place | undefined;

  constructor(kind: PlaceKind) {
    this.#kind = kind;
  }

  /** One case, on the next job. */
  async run(each: FaultCase): Promise<FaultReport> {
    const expected = await (FaultSession.#expected ??= faultless());
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
    if (faults.length > 0 || otherPlan || place.chaos.next === jobs.length) {
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
