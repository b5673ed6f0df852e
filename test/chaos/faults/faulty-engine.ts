import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Database } from "../../../adapters/store/database.ts";
import { openDatabase } from "../../../adapters/store/open-database.ts";
import { recordMigrations } from "../../../adapters/store/record-migrations.ts";
import type { RecordTables } from "../../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../../adapters/store/record-store.ts";
import type { RunId } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import type { ReceivedEnvelope } from "../../../src/link-types.ts";
import type { StepJob } from "../../../src/ports.ts";
import { verifyDatabase } from "../../fakes/verify-database.ts";
import { click, EngineWorld, request } from "../../unit/engine/engine-world.ts";

/** Something under way to the bot: a job of the queue, an agent's answer, a person's request or verdict. */
type Parcel =
  | { readonly kind: "job"; readonly job: StepJob }
  | { readonly kind: "reply"; readonly reply: ReceivedEnvelope }
  | { readonly kind: "request"; readonly key: string }
  | { readonly kind: "verdict"; readonly approval: string; readonly verdict: "approved" | "rejected" };

/** What runs came to: each run's end, and what its agents did and undid. */
export interface EngineOutcome {
  readonly runs: readonly string[];
  readonly placed: number;
  readonly journalIsWhole: boolean;
  /** Errors that parcels met on the way; each was delivered again. */
  readonly failures: readonly string[];
}

const requests = ["r0", "r1", "r2", "r3"];
const rejected = ["r1", "r3"];
const claimMs = 60_000;
/** Nothing is under way: so much time passes. All of it together is longer than an approval may take. */
const lookMs = 60_000;
const mostLooks = 6_000;

/** The real engine, approvals and intake on the real SQLite record, with all that comes to them in this test's hands. */
export class FaultyEngine {
  readonly world = new EngineWorld();
  readonly #bot: ReturnType<EngineWorld["bot"]>;
  readonly #database: Database<RecordTables>;
  readonly #random: () => number;
  readonly #copies: number;
  readonly #failures: string[] = [];
  readonly #known = new Set<string>();
  #underWay: Parcel[] = [];
  #deliveries = 0;
  #looks = 0;

  private constructor(
    database: Database<RecordTables>,
    world: EngineWorld,
    o: { random: () => number; copies: number },
  ) {
    this.#database = database;
    this.world = world;
    this.#random = o.random;
    this.#copies = o.copies;
    this.#bot = world.bot();
  }

  /** Plays four requests, half of them rejected, while `between` may do something before each delivery. */
  static async play(o: {
    readonly random: () => number;
    /** How often each parcel comes, in any order. */
    readonly copies?: number;
    /** Where the record lies; else in a folder of its own. */
    readonly folder?: string;
    readonly between?: (engine: FaultyEngine, delivery: number) => Promise<void>;
  }): Promise<EngineOutcome> {
    const own = mkdtempSync(path.join(tmpdir(), "cs-faulty-"));
    const world = new EngineWorld();
    const database = await openDatabase<RecordTables>({
      folder: o.folder ?? own,
      name: "record",
      migrations: recordMigrations,
    });
    const recordKey = new Uint8Array(32).fill(7);
    world.seen = await openRecordStore({ database, recordKey, clock: world.time, writer: "bot-1" });
    const engine = new FaultyEngine(database, world, { random: o.random, copies: o.copies ?? 1 });
    try {
      return await engine.#play(o.between ?? (() => Promise.resolve()));
    } finally {
      await world.seen.close();
      rmSync(own, { recursive: true, force: true });
    }
  }

  async #play(between: (engine: FaultyEngine, delivery: number) => Promise<void>): Promise<EngineOutcome> {
    requests.forEach((key) => this.#send(key, { kind: "request", key }));
    while (!(await this.#isOver()) && this.#looks < mostLooks) {
      await between(this, this.#deliveries);
      await this.#collect();
      await this.#deliverOne();
    }
    const runs = await this.world.seen.listRuns({ limit: 50 });
    return {
      runs: runs.map(({ id, status, reason }) => `${status} ${reason ?? ""} ${this.#effects(id)}`).toSorted(),
      placed: this.world.placed.length,
      journalIsWhole: (await verifyDatabase(this.#database)).firstBad === null,
      failures: this.#failures,
    };
  }
  async #isOver(): Promise<boolean> {
    const runs = await this.world.seen.listRuns({ limit: 50 });
    return (
      runs.length === requests.length &&
      runs.every(({ status }) => ["completed", "failed", "cancelled"].includes(status))
    );
  }
  #effects(run: RunId): string {
    return [...this.world.effects]
      .flatMap(([key, state]) => (key.startsWith(`${run}/`) ? [`${key.slice(run.length + 1)}=${state}`] : []))
      .toSorted()
      .join(" ");
  }

  /** What has come about since: jobs, requests to agents, approvals to decide, time that has passed. */
  async #collect(): Promise<void> {
    for (let job = this.world.queue.take(); job !== undefined; job = this.world.queue.take()) {
      this.#put({ kind: "job", job });
    }
    await this.#tried(async () => {
      const now = this.world.time.now();
      for (const row of await this.world.seen.claimOutbox(now, claimMs, 10)) {
        const reply = this.world.replyTo(row);
        if (reply !== undefined) {
          this.#put({ kind: "reply", reply });
        }
      }
      for (const { id, run } of await this.world.seen.approvals({ open: true })) {
        const thread = (await this.world.seen.loadRun(run))?.thread ?? "";
        const verdict = rejected.some((key) => thread.endsWith(key)) ? "rejected" : "approved";
        this.#send(id, { kind: "verdict", approval: id, verdict });
      }
    });
  }
  /** Once, however often it is seen. */
  #send(key: string, parcel: Parcel): void {
    if (!this.#known.has(key)) {
      this.#known.add(key);
      this.#put(parcel);
    }
  }
  #put(parcel: Parcel): void {
    this.#underWay.push(...Array.from({ length: this.#copies }, () => parcel));
  }

  async #deliverOne(): Promise<void> {
    this.#deliveries += 1;
    const [parcel] = this.#underWay.splice(Math.floor(this.#random() * this.#underWay.length), 1);
    if (parcel === undefined) {
      this.#looks += 1;
      await this.world.time.advance(lookMs);
      await this.#tried(async () => {
        for (const run of await this.world.seen.dueRuns(this.world.time.now(), 10)) {
          await this.#bot.engine.due(run);
        }
      });
    } else if (!(await this.#tried(() => this.#deliver(parcel)))) {
      this.#underWay.push(parcel);
    }
  }
  async #deliver(parcel: Parcel): Promise<void> {
    const { engine, intake, approvals } = this.#bot;
    switch (parcel.kind) {
      case "job":
        return engine.dispatch(parcel.job);
      case "reply":
        return engine.receive(parcel.reply);
      case "request":
        await intake.request({ ...request, key: parcel.key, thread: `console:${parcel.key}` });
        return undefined;
      case "verdict":
        await approvals.decide({ ...click, approval: parcel.approval, verdict: parcel.verdict });
        return undefined;
    }
  }
  /** False where it failed and may be tried again; any other failure is one of the test. */
  async #tried(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable) {
        throw error;
      }
      this.#failures.push(`${error.code}: ${error.message}`);
      return false;
    }
  }
}
