import { type ChaosCase, jobs } from "./chaos-case.ts";
import { ChaosSystem, type Expected } from "./chaos-system.ts";

interface ChaosReport {
  /** Nothing: ended exactly once, and all is as without faults. */
  readonly faults: readonly string[];
  readonly otherPlan: boolean;
  /** Of all processes, when something is wrong. */
  readonly logs: string;
}

/** Runs cases on data folders that are kept for one round of jobs each. */
export class ChaosSession {
  #expected: Promise<readonly Expected[]> | undefined;
  #system: ChaosSystem | undefined;

  /** One case. Jobs that come before its own on a data folder are done without faults where no case did them. */
  async run(chaos: ChaosCase): Promise<ChaosReport> {
    const expected = await (this.#expected ??= faultless());
    const job = chaos.index % jobs.length;
    const wanted = expected[job];
    const system = await this.#systemAt(job);
    if (wanted === undefined) {
      throw new Error(`job ${job} has no outcome`);
    }
    const faults: string[] = [];
    let otherPlan = false;
    try {
      const done = await system.killed(chaos, wanted);
      faults.push(...done.faults);
      ({ otherPlan } = done);
    } catch (error) {
      faults.push(String(error));
    }
    const logs = faults.length === 0 ? "" : system.logs();
    if (faults.length > 0 || otherPlan || system.next === jobs.length) {
      faults.push(...(await this.end()));
    }
    return { faults, otherPlan, logs };
  }

  /** Ends the system that runs, if any; gives what is wrong with its end. */
  async end(): Promise<readonly string[]> {
    const system = this.#system;
    this.#system = undefined;
    if (system === undefined) {
      return [];
    }
    try {
      return await system.stop();
    } finally {
      await system.remove();
    }
  }

  async #systemAt(job: number): Promise<ChaosSystem> {
    if (this.#system?.next === job) {
      return this.#system;
    }
    await this.end();
    const fresh = new ChaosSystem();
    this.#system = fresh;
    await fresh.start();
    while (fresh.next < job) {
      await fresh.undisturbed();
    }
    return fresh;
  }
}

/** What each job comes to without faults. */
export async function faultless(): Promise<readonly Expected[]> {
  const system = new ChaosSystem();
  try {
    await system.start();
    const expected: Expected[] = [];
    while (system.next < jobs.length) {
      expected.push(await system.undisturbed());
    }
    return expected;
  } finally {
    await system.stop();
    await system.remove();
  }
}
