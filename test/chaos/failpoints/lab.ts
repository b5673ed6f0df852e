import type { Outcome } from "../outcome.ts";
import { allDifferences } from "./business-rows.ts";
import { type Company, openCompany } from "./company.ts";
import { Course, type LifeStory, type Scenario } from "./course.ts";
import type { FailpointName } from "./failpoints.ts";
import type { Outside } from "./outside.ts";
import { readOutcome } from "./read-outcome.ts";

/** A course without faults: every failpoint there is in it, and what it came to. */
interface FaultFree {
  readonly passed: readonly FailpointName[];
  readonly outcome: Outcome;
}
export interface CaseReport {
  readonly armed: readonly FailpointName[];
  /** Where it died. Less than were armed: lives differ a little in the order of what goes on side by side. */
  readonly reached: readonly FailpointName[];
  /** Nothing: all is as without faults. */
  readonly faults: readonly string[];
  /** What was said in all lives. */
  readonly logs: string;
}

/** Lets the company die at failpoints and compares what came of it with the course without faults. */
export class FailpointLab {
  readonly #company: Company;
  /** The company before anything has happened. */
  readonly #beginnings = new Map<Scenario, Promise<Course>>();
  readonly #faultFree = new Map<Scenario, Promise<FaultFree>>();

  private constructor(company: Company) {
    this.#company = company;
  }
  static async open(): Promise<FailpointLab> {
    return new FailpointLab(await openCompany());
  }
  async close(): Promise<void> {
    for (const course of this.#beginnings.values()) {
      (await course).remove();
    }
  }

  faultFree(scenario: Scenario): Promise<FaultFree> {
    const known = this.#faultFree.get(scenario) ?? this.#record(scenario);
    this.#faultFree.set(scenario, known);
    return known;
  }

  /** It dies at one failpoint, and lives on to the end; outside, something may be other than usual. */
  async single(
    scenario: Scenario,
    first: FailpointName,
    change: (outside: Outside) => void = () => undefined,
  ): Promise<CaseReport> {
    const course = await this.#begin(scenario);
    change(course.outside);
    try {
      const stories = [await course.live(first), await course.live()];
      return await this.#report(scenario, course, [first], stories);
    } finally {
      course.remove();
    }
  }

  /**
   * It dies at one failpoint, and lives on to the end; or else, recovering from that, dies at another one: at each of
   * those that `choose` takes of what the recovery passes. One report for each.
   */
  async *pairs(
    scenario: Scenario,
    first: FailpointName,
    choose: (passed: readonly FailpointName[]) => readonly FailpointName[],
  ): AsyncGenerator<CaseReport> {
    const died = await this.#begin(scenario);
    try {
      const story = await died.live(first);
      const recovering = died.copy();
      const recovery = await recovering.live();
      yield await this.#report(scenario, recovering, [first], [story, recovery]).finally(() =>
        recovering.remove(),
      );
      for (const second of choose(recovery.passed)) {
        const course = died.copy();
        try {
          const stories = [story, await course.live(second), await course.live()];
          yield await this.#report(scenario, course, [first, second], stories);
        } finally {
          course.remove();
        }
      }
    } finally {
      died.remove();
    }
  }

  async #begin(scenario: Scenario): Promise<Course> {
    const known = this.#beginnings.get(scenario) ?? Course.begin(this.#company, scenario);
    this.#beginnings.set(scenario, known);
    return (await known).copy();
  }

  async #record(scenario: Scenario): Promise<FaultFree> {
    const course = await this.#begin(scenario);
    try {
      const { passed, faults } = await course.live();
      if (faults.length > 0) {
        throw new Error(`without faults: ${faults.join("; ")}`);
      }
      return { passed, outcome: await course.look((kept) => readOutcome(kept, course.outside)) };
    } finally {
      course.remove();
    }
  }

  async #report(
    scenario: Scenario,
    course: Course,
    armed: readonly FailpointName[],
    stories: readonly LifeStory[],
  ): Promise<CaseReport> {
    const found = await course.look((kept) => readOutcome(kept, course.outside));
    const { outcome } = await this.faultFree(scenario);
    return {
      armed,
      reached: stories.flatMap(({ diedAt }) => diedAt ?? []),
      faults: [...stories.flatMap(({ faults }) => faults), ...allDifferences(outcome, found)],
      logs: stories.map(({ log }, life) => `--- life ${life + 1}\n${log.join("\n")}`).join("\n"),
    };
  }
}
