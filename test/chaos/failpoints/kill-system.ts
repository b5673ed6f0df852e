import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { controlClient, type ControlClient } from "../../../src/commands/control-client.ts";
import { isLost, patientClient } from "../../../src/commands/patient-client.ts";
import type { ShownApproval } from "../../../src/desk-types.ts";
import type { PlanDocument } from "../../../src/domain.ts";
import type { RecordLine } from "../../../src/processes/export-journal.ts";
import type { RunResult } from "../../../src/run-result.ts";
import { OracleDesk } from "../../e2e/oracle-desk.ts";
import { launchedProcess } from "../../e2e/our-processes.ts";
import { TestSystem } from "../../e2e/system.ts";
import { checkByPlan, type Outcome, readOutcome, withoutRunIds } from "../outcome.ts";
import { allDifferences, journalRows } from "./business-rows.ts";
import type { FailpointName } from "./failpoints.ts";
import { type Hit, readHit, readPassed, writeOrder } from "./order-file.ts";

/** What the manager says to the card. */
export const verdicts = ["approved", "rejected"] as const;
export type Verdict = (typeof verdicts)[number];

/** A run without faults: what it passed, and what it added to the books and to the wholesalers' own lists. */
export interface RecordedRun {
  readonly passed: readonly FailpointName[];
  readonly added: Outcome;
  readonly plan: string;
}
interface EndedRun {
  readonly run: string;
  /** Of its request. */
  readonly key: string;
  readonly document: PlanDocument;
}
interface ToldRun {
  readonly run: string;
  readonly key: string;
  readonly verdict: Verdict;
  readonly what: string;
}

/** How long everything may take that comes back after a kill. */
const patienceMs = 240_000;
const lookAgainMs = 100;
const mostRecorded = 5;
/** What follows the end of a run follows within this time. */
const afterwardsMs = 1_500;
const preload = new URL("./preload-process.ts", import.meta.url).href;
const order = "Order the parts needed for 5 widgets for Customer XYZ";

/** A row of a wholesaler's own list. */
const numberedOrder = /"number":"([^"]+)","reference":"([^"]+)"/;

/** One system of real processes with failpoints in them, asked for the same order again and again. */
export class KillSystem {
  readonly #system = new TestSystem({ NODE_OPTIONS: `--import ${preload}` });
  readonly #desk = new OracleDesk(this.#system);
  readonly #bot: ControlClient = patientClient(
    controlClient(path.join(this.#system.folder, "run"), "bot"),
    patienceMs,
    () => undefined,
  );
  readonly #told: ToldRun[] = [];
  #orders = 0;

  /**
   * Started, with plenty of every other part in stock and nothing of the rest, so that all orders come to the same.
   * Gives what a start passes.
   */
  async start(): Promise<readonly FailpointName[]> {
    this.#order(null);
    await this.#system.start();
    const passed = readPassed(this.#system.folder);
    const stock = await this.#desk.rows("stock");
    await this.#desk.load(
      "stock",
      stock.map((row, index) => ({ ...row, onHand: index % 2 === 0 ? "1000000" : "0" })),
    );
    return passed;
  }

  /** A run without faults, of which each wholesaler had the time to make an offer: the next one has the same plan. */
  async record(verdict: Verdict): Promise<RecordedRun> {
    let last: RecordedRun | undefined;
    for (let runs = 1; ; runs += 1) {
      const before = await this.#outcome();
      this.#order(null);
      const { run, key, document } = await this.#run(verdict);
      await pause(afterwardsMs);
      const passed = readPassed(this.#system.folder);
      const recorded = { passed, added: await this.#added(run, before), plan: planText(document) };
      if (recorded.plan === last?.plan || runs === mostRecorded) {
        this.#told.push({ run, key, verdict, what: "without faults" });
        return recorded;
      }
      last = recorded;
    }
  }

  /**
   * A run during which the process that passes the failpoint is killed there: with `atStart` one that was killed
   * before and starts again. Gives who it was, undefined when nobody passed it, and what is other than without faults.
   */
  async kill(
    failpoint: FailpointName,
    o: { readonly verdict: Verdict; readonly expected: RecordedRun; readonly atStart: boolean },
  ): Promise<{ readonly hit: Hit | undefined; readonly faults: readonly string[] }> {
    const before = await this.#outcome();
    this.#order(failpoint);
    if (o.atStart) {
      await this.#killOne(processOf(failpoint));
    }
    const { run, key, document } = await this.#run(o.verdict);
    this.#told.push({ run, key, verdict: o.verdict, what: failpoint });
    const hit = await this.#hit();
    const look = async (): Promise<readonly string[]> => {
      if (planText(document) === o.expected.plan) {
        return allDifferences(o.expected.added, await this.#added(run, before));
      }
      await checkByPlan(this.#system, this.#desk, { run, document, approved: o.verdict === "approved" });
      return [];
    };
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const faults = await look().catch((error: unknown) => {
        if (!isLost(error) && !(error instanceof assert.AssertionError)) {
          throw error;
        }
        return [String(error)];
      });
      if (faults.length === 0 || performance.now() > deadline) {
        return { hit, faults };
      }
      await pause(lookAgainMs);
    }
  }

  /** Ends it in order. Gives what is wrong then: a journal that does not verify, or says something else of a run. */
  async stop(): Promise<readonly string[]> {
    await this.#system.stop();
    const { code, stdout, stderr } = await this.#system.run("journal", "verify", "--json");
    return code === 0 ? this.#journalFaults() : [`journal verify: ${stdout}${stderr}`];
  }
  logs(): string {
    return this.#system.logs();
  }
  remove(): Promise<void> {
    return this.#system.remove();
  }

  #order(armed: FailpointName | null): void {
    this.#orders += 1;
    writeOrder(this.#system.folder, { id: this.#orders, armed });
  }
  /** One that is just being started again is waited for. */
  async #killOne(kind: "bot" | "sandbox" | "gateway" | "agent"): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const found = launchedProcess(this.#system, kind);
      if (found !== undefined) {
        process.kill(found.pid, "SIGKILL");
        return;
      }
      assert.ok(performance.now() < deadline, `there is no process "${kind}"`);
      await pause(lookAgainMs);
    }
  }

  async #run(verdict: Verdict): Promise<EndedRun> {
    const key = randomUUID();
    const { run } = (await this.#bot.post("/requests", { key, text: order })) as { readonly run: string };
    const deadline = performance.now() + patienceMs;
    for (let isDecided = false; ;) {
      const { status, error, plan } = (await this.#bot.get(`/runs/${run}/result`)) as RunResult;
      if (!isDecided && (await this.#isAsked(run))) {
        const reason = verdict === "rejected" ? { reason: "not now" } : {};
        await this.#bot.post(`/approvals/${run}-1-gate`, { as: "manager", verdict, ...reason });
        isDecided = true;
      }
      if (status === (verdict === "approved" ? "completed" : "rejected")) {
        assert.ok(plan !== null, `${run} has no plan`);
        return { run, key, document: plan.document as PlanDocument };
      }
      assert.ok(
        performance.now() < deadline && status !== "failed",
        `${run} is ${status} ${error?.code ?? ""}`,
      );
      await pause(lookAgainMs);
    }
  }
  async #isAsked(run: string): Promise<boolean> {
    const shown = (await this.#bot.get("/approvals")) as readonly ShownApproval[];
    return shown.some(({ approval }) => approval.run === run && approval.status === "open");
  }
  /** Passed during a run or shortly after it, if at all. */
  async #hit(): Promise<Hit | undefined> {
    const deadline = performance.now() + 2 * afterwardsMs;
    for (;;) {
      const hit = readHit(this.#system.folder);
      if (hit !== undefined || performance.now() > deadline) {
        return hit;
      }
      await pause(lookAgainMs);
    }
  }

  /** Who was killed late in the run before may still be starting: it is waited for. */
  async #outcome(): Promise<Outcome> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        return await readOutcome(this.#system, this.#desk, []);
      } catch (error) {
        if (!isLost(error) || performance.now() > deadline) {
          throw error;
        }
        await pause(lookAgainMs);
      }
    }
  }
  /** The rows that a run added; what it changed of those that were there before is under the same name, as gone. */
  async #added(run: string, before: Outcome): Promise<Outcome> {
    const now = await this.#outcome();
    // Each wholesaler counts its orders; whatever the number is, books and its own list must name the same one.
    const numbers = Object.values(now)
      .flat()
      .map((row) => numberedOrder.exec(row) ?? []);
    const text = (row: string): string => {
      const named = numbers.reduce(
        (changed, [, number = "", reference = ""]) =>
          number === "" ? changed : changed.replaceAll(`"${number}"`, `"number of ${reference}"`),
        row,
      );
      return withoutRunIds(named, [run]);
    };
    const added: Record<string, readonly string[]> = {};
    for (const [name, rows] of Object.entries(now)) {
      const known = new Set(before[name]);
      const there = new Set(rows);
      added[name] = rows
        .filter((row) => !known.has(row))
        .map(text)
        .toSorted();
      added[`${name}, gone`] = [...known].filter((row) => !there.has(row));
    }
    return added;
  }

  /** The runs with the same verdict are told alike. */
  async #journalFaults(): Promise<readonly string[]> {
    const file = path.join(this.#system.folder, "journal");
    await this.#system.run("journal", "export", "--out", file);
    const records = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.includes('"type":"record"'))
      .map((line) => JSON.parse(line) as RecordLine);
    const rowsOf = ({ run, key }: ToldRun): Outcome => {
      const own = records.filter((record) => record.run === run);
      const databases = [...Map.groupBy(own, ({ database }) => database)];
      return Object.assign(
        {},
        ...databases.map(([name, all]) => journalRows(name, all, [run, key])),
      ) as Outcome;
    };
    return [...Map.groupBy(this.#told, ({ verdict }) => verdict).values()].flatMap(([first, ...others]) =>
      first === undefined
        ? []
        : others.flatMap((each) =>
            allDifferences(rowsOf(first), rowsOf(each)).map((fault) => `${each.what}: ${fault}`),
          ),
    );
  }
}

/** A plan without what differs from run to run. */
function planText(document: PlanDocument): string {
  const { run, validUntil: _until, ...kept } = document;
  return withoutRunIds(JSON.stringify(kept), [run]);
}

/** The command of the process that passes a failpoint. */
export function processOf(failpoint: FailpointName): "bot" | "gateway" | "agent" {
  const actor = /^[a-z]+:([a-z]+)\./.exec(failpoint)?.[1];
  return actor === "bot" || actor === "gateway" ? actor : "agent";
}
