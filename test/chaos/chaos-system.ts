import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { controlClient, type ControlClient } from "../../src/commands/control-client.ts";
import { AppError } from "../../src/errors.ts";
import { isLost, patientClient } from "../../src/commands/patient-client.ts";
import type { PlanDocument } from "../../src/domain.ts";
import type { RunResult } from "../../src/run-result.ts";
import { OracleDesk } from "../e2e/oracle-desk.ts";
import { TestSystem } from "../e2e/system.ts";
import { type ChaosCase, jobs } from "./chaos-case.ts";
import { Killer } from "./killer.ts";
import { Progress } from "./progress.ts";
import { checkByPlan, differences, type Outcome, readOutcome, withoutRunIds } from "./outcome.ts";

/** What a job came to without faults: the books after it, and its plan. */
export interface Expected {
  readonly outcome: Outcome;
  readonly plan: string;
}
interface Disturbed {
  /** What is wrong afterwards; nothing when all is as without faults. */
  readonly faults: readonly string[];
  /** The plan was another one, so that later jobs of this folder come to something else. */
  readonly otherPlan: boolean;
}
interface Disturbance {
  readonly atOnce: boolean;
  /** People may be told that it is not the time for it, and a job may end early, holding nothing. */
  readonly clockIsWrong?: boolean;
  readonly disturb: (progress: Progress) => Promise<void>;
}
interface JobEnd {
  readonly run: string;
  /** Not so: it ended early, because a clock was wrong. */
  readonly isAsAsked: boolean;
  readonly document: PlanDocument;
}

/** How long everything may take that comes back after a kill. */
const patienceMs = 120_000;
const lookAgainMs = 200;
/** Who decides later comes that much later. */
const laterMs = 300;
/** What is said where papers have ended, or are not in force yet, by a clock that is wrong. */
const untimely = /trust-(expired|from-future|stale)|grant-expired|evidence-stale|list-stale|stale-data/;
const isUntimely = (error: unknown): boolean =>
  untimely.test(error instanceof AppError ? error.code : String(error));
const slowSuppliers = new URL("./slow-suppliers.ts", import.meta.url).href;

/** One system on one data folder, which is asked for the jobs in their order. */
export class ChaosSystem {
  readonly system: TestSystem;
  readonly #desk: OracleDesk;
  readonly #bot: ControlClient;
  readonly #killer: Killer;
  readonly #runs: string[] = [];

  /** `environment` is the launcher's, besides what every test's has; `imports` are loaded into every process. */
  constructor(environment: Readonly<Record<string, string>> = {}, imports: readonly string[] = []) {
    const loaded = [slowSuppliers, ...imports].map((url) => `--import ${url}`).join(" ");
    this.system = new TestSystem({ NODE_OPTIONS: loaded, ...environment });
    this.#desk = new OracleDesk(this.system);
    this.#killer = new Killer(this.system);
    const bot = controlClient(path.join(this.system.folder, "run"), "bot");
    this.#bot = patientClient(bot, patienceMs, () => undefined);
  }

  async start(): Promise<void> {
    await this.system.start();
  }
  /** The job that comes next. */
  get next(): number {
    return this.#runs.length;
  }

  /** The next job without faults, when all that follows from it has been written down. */
  async undisturbed(): Promise<Expected> {
    const { document } = await this.#job(new Progress(), { atOnce: true });
    let before: Outcome | undefined;
    for (;;) {
      const outcome = await readOutcome(this.system, this.#desk, this.#runs);
      if (before !== undefined && differences(before, outcome).length === 0) {
        return { outcome, plan: this.#plan(document) };
      }
      before = outcome;
      // Notices to the CRM are one-way: nothing says that they are over.
      await pause(2 * laterMs);
    }
  }

  /** The next job with its kills; see `disturbed`. */
  async killed(chaos: ChaosCase, expected: Expected): Promise<Disturbed> {
    const disturb = (progress: Progress): Promise<void> => this.#killer.kill(chaos, progress);
    const { faults, otherPlan } = await this.disturbed({ atOnce: chaos.atOnce, disturb }, expected);
    return { faults: [...faults, ...(await this.#killer.census())], otherPlan };
  }

  /** The next job while `disturb` does something to it, and takes it back. */
  async disturbed(o: Disturbance, expected: Expected): Promise<Disturbed> {
    const progress = new Progress();
    const disturbing = o.disturb(progress);
    // A job that fails before says more.
    disturbing.catch(() => undefined);
    const { run, document, isAsAsked } = await this.#job(progress, o);
    await disturbing;
    const otherPlan = !isAsAsked || this.#plan(document) !== expected.plan;
    const approved = isAsAsked && this.#jobOf(this.#runs.length - 1).verdict === "approved";
    const faults = otherPlan
      ? await this.#until(() =>
          checkByPlan(this.system, this.#desk, { run, document, approved }).then(
            () => [],
            (error: unknown) => [String(error)],
          ),
        )
      : await this.#until(async () =>
          differences(expected.outcome, await readOutcome(this.system, this.#desk, this.#runs)),
        );
    return { faults: [...faults, ...(await this.#runFaults())], otherPlan };
  }

  /** Ends it in order. Gives what is wrong then: processes left over, a journal that does not verify. */
  async stop(): Promise<readonly string[]> {
    await this.system.stop();
    return [...(await this.#journalFaults()), ...this.#killer.leftOver()];
  }
  logs(): string {
    return this.system.logs();
  }
  async remove(): Promise<void> {
    this.#killer.killAll();
    await this.system.remove();
  }

  async #job(progress: Progress, o: Pick<Disturbance, "atOnce" | "clockIsWrong">): Promise<JobEnd> {
    const job = this.#runs.length;
    const { verdict } = this.#jobOf(job);
    let result: RunResult;
    try {
      result = await this.#asked(job, progress, o.atOnce);
    } catch (error) {
      if (o.clockIsWrong !== true || !isUntimely(error)) {
        throw error;
      }
      result = await this.#untilTimely(job, progress, o.atOnce);
    }
    const run = result.run ?? "";
    progress.reach("result");
    const wanted = verdict === "approved" ? "completed" : "rejected";
    const { status } = result;
    const said = JSON.stringify(result.error ?? null);
    const isEarly = status === "expired" || (status === "failed" && untimely.test(said));
    const isRight = status === wanted || (o.clockIsWrong === true && isEarly);
    assert.ok(isRight, `${run}: ${status} ${said}, expected ${wanted}`);
    return { run, isAsAsked: status === wanted, document: result.plan?.document as PlanDocument };
  }

  /** The result of a job, which is a run of its own from here on. */
  async #asked(job: number, progress: Progress, atOnce: boolean): Promise<RunResult> {
    const { text, verdict } = this.#jobOf(job);
    const words = verdict === "approved" ? ["--yes"] : ["--no", "--reason", "not now"];
    const asked = await this.system.askWatched((line) => progress.line(line), text, ...(atOnce ? words : []));
    const run = asked.result.run ?? "";
    this.#runs[job] = run;
    if (atOnce || asked.result.status !== "waiting") {
      return asked.result;
    }
    await this.#decide(run, verdict, progress);
    return this.#end(run, progress);
  }
  /** Somebody who was told that it is not the time for it: looks what has become of it, and asks again if nothing. */
  async #untilTimely(job: number, progress: Progress, atOnce: boolean): Promise<RunResult> {
    const { verdict } = this.#jobOf(job);
    for (const end = performance.now() + patienceMs; ;) {
      await pause(lookAgainMs);
      try {
        const runs = (await this.#bot.get("/runs")) as readonly { readonly id: string }[];
        const run = runs.find(({ id }) => !this.#runs.slice(0, job).includes(id))?.id;
        if (run === undefined) {
          return await this.#asked(job, progress, atOnce);
        }
        this.#runs[job] = run;
        const result = (await this.#bot.get(`/runs/${run}/result`)) as RunResult;
        if (result.status !== "waiting") {
          return result;
        }
        await this.#decide(run, verdict, progress);
      } catch (error) {
        // No card yet, or still not the time for it.
        const isEarly = isUntimely(error) || (error instanceof AppError && error.code === "unknown-approval");
        if (!isEarly || performance.now() > end) {
          throw error;
        }
      }
    }
  }

  /** A person who tries until the answer has come. */
  async #decide(run: string, verdict: string, progress: Progress): Promise<void> {
    await pause(laterMs);
    const reason = verdict === "rejected" ? { reason: "not now" } : {};
    progress.reach("decision");
    await this.#bot.post(`/approvals/${run}-1-gate`, { as: "manager", verdict, ...reason });
  }
  async #end(run: string, progress: Progress): Promise<RunResult> {
    for await (const line of this.#bot.lines(`/runs/${run}/stream`)) {
      if (progress.card(line) === "result") {
        break;
      }
    }
    return (await this.#bot.get(`/runs/${run}/result`)) as RunResult;
  }

  #jobOf(index: number): (typeof jobs)[number] {
    const job = jobs[index];
    assert.ok(job !== undefined, `there is no job ${index}`);
    return job;
  }
  #plan(document: PlanDocument): string {
    const { policySerial: _serial, validUntil: _until, ...kept } = document;
    return withoutRunIds(JSON.stringify(kept), this.#runs);
  }

  /** Looks until nothing is wrong, or for as long as anything may still be coming back. */
  async #until(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const faults = await look().catch((error: unknown) => {
        if (!isLost(error)) {
          throw error;
        }
        return [`the system does not answer: ${String(error)}`];
      });
      if (faults.length === 0 || performance.now() > deadline) {
        return faults;
      }
      await pause(lookAgainMs);
    }
  }

  /** Each request became one run. */
  async #runFaults(): Promise<readonly string[]> {
    const runs = (await this.#bot.get("/runs")) as readonly { readonly id: string }[];
    const ids = runs.map(({ id }) => id).toSorted();
    const wanted = this.#runs.toSorted();
    return ids.join() === wanted.join() ? [] : [`runs are ${ids.join()}, asked for were ${wanted.join()}`];
  }
  async #journalFaults(): Promise<readonly string[]> {
    const { code, stdout, stderr } = await this.system.run("journal", "verify", "--json");
    return code === 0 ? [] : [`journal verify: ${stdout}${stderr}`];
  }
}
