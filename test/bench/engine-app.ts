import path from "node:path";
import { openRedisQueue } from "../../adapters/bullmq/step-queue.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { type RecordTables } from "../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import { createApprovals } from "../../src/approvals.ts";
import type { RunId } from "../../src/domain.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { createSweeper } from "../../src/engine/sweeper.ts";
import { startWorker } from "../../src/engine/worker.ts";
import { systemTimers } from "../../src/link/timers.ts";
import type { OutgoingEnvelope } from "../../src/link-types.ts";
import type { Logger } from "../../src/ports.ts";
import { createExecutor } from "./engine-executor.ts";
import { openPath } from "./engine-path.ts";
import { assertResult, firstInput } from "./engine-work.ts";
import { approvalStep, benchDefinitions, lastStep } from "./engine-workflow.ts";

/** What became of one run, in milliseconds of `performance.now()`. */
export interface RunTrace {
  readonly startedAt: number;
  waitingAt: number;
  decidedAt: number;
  /** When the work of the step after the approval began. */
  nextAt: number;
  doneAt: number;
}
interface Followed extends RunTrace {
  readonly waiting: PromiseWithResolvers<void>;
  readonly done: PromiseWithResolvers<void>;
}

const log: Logger = {
  info: () => undefined,
  warn: (fields, event) => process.stderr.write(`${event} ${JSON.stringify(fields)}\n`),
  error: (fields, event) => process.stderr.write(`${event} ${JSON.stringify(fields)}\n`),
};

/**
 * The engine with its real record, queue, outbox, approvals and sweeper, and the agents. Whoever
 * asks for runs is in the same process, as in the peers' harness.
 */
export async function openEngineApp(o: {
  readonly redisUrl: string;
  readonly postgresUrl: string | undefined;
  readonly folder: string;
  /** The agents over their network, instead of in this process. */
  readonly fullPath: boolean;
}) {
  const clock = { now: () => Date.now() };
  const database = await openDatabase<RecordTables>({
    name: "record",
    migrations: recordMigrations,
    ...(o.postgresUrl === undefined ? { folder: path.join(o.folder, "record") } : { url: o.postgresUrl }),
  });
  const store = await openRecordStore({
    database,
    recordKey: new Uint8Array(32).fill(7),
    clock,
    writer: `bench-${process.pid}`,
  });
  const queue = await openRedisQueue(o.redisUrl, log);
  const followed = new Map<RunId, Followed>();
  let nextRun = "";
  const started = ({ subject }: OutgoingEnvelope): void => {
    const run = followed.get(subject.run);
    if (run !== undefined && subject.step === lastStep) {
      run.nextAt = performance.now();
    }
  };
  const around = { store, clock, log };
  const agents = await (o.fullPath ? openPath(around) : createExecutor({ ...around, started }));
  const { relay } = agents;
  const engine = createEngine({
    store,
    queue,
    definitions: benchDefinitions,
    clock,
    ids: { next: () => nextRun },
    log,
    trust: () => agents.trust,
    approvalPlaces: (run) => [run.thread],
    undoPlaces: (run) => [run.thread],
    acknowledge: (message) => agents.acknowledge(message),
    prepare: (row) => relay.prepare(row),
    sendDue: () => relay.kick(),
    committed(cards, closed) {
      relay.forget(closed);
      cards.forEach((card) => cardChanged(card));
    },
  });
  const approvals = createApprovals({
    store,
    engine,
    clock,
    trust: () => agents.trust,
    sign: agents.sign,
    delegations: { handedTo: () => Promise.resolve([]) },
  });
  const sweeper = createSweeper({
    store,
    engine,
    clock,
    log,
    after: (ms, call) => systemTimers.after(ms, call),
  });

  /** A card changes with the commit that opens its approval, or ends its run. */
  function cardChanged(card: string): void {
    const [, kind, run = ""] = /^(approval|result)-(.+?)(?:-1-gate)?$/.exec(card) ?? [];
    const found = followed.get(run);
    if (found === undefined) {
      return;
    }
    if (kind === "result") {
      found.doneAt = performance.now();
      found.done.resolve();
    } else if (found.waitingAt === 0) {
      found.waitingAt = performance.now();
      found.waiting.resolve();
    }
  }

  await startWorker({ queue, engine, log });
  await agents.begin((message) => engine.receive(message));
  relay.start();
  sweeper.start();

  return {
    /** Starts a run; resolves when it durably waits for its approval. */
    async park(run: RunId): Promise<void> {
      const waiting = Promise.withResolvers<void>();
      const done = Promise.withResolvers<void>();
      const times = { startedAt: performance.now(), waitingAt: 0, decidedAt: 0, nextAt: 0, doneAt: 0 };
      followed.set(run, { ...times, waiting, done });
      nextRun = run;
      const text = JSON.stringify(firstInput(run));
      await engine.start({ key: run, thread: "console:bench", person: "employee", text });
      await waiting.promise;
    },
    /** Takes up a run that was parked and forgotten. */
    follow(run: RunId): void {
      const now = performance.now();
      followed.set(run, {
        startedAt: now,
        waitingAt: now,
        decidedAt: 0,
        nextAt: 0,
        doneAt: 0,
        waiting: Promise.withResolvers(),
        done: Promise.withResolvers(),
      });
    },
    /** Approves a run that waits; resolves with its times when it is done. */
    async approve(run: RunId): Promise<RunTrace> {
      const found = followed.get(run);
      if (found === undefined) {
        throw new Error(`run ${run} is not followed`);
      }
      found.decidedAt = performance.now();
      const outcome = await approvals.decide({
        approval: `${run}-1-${approvalStep}`,
        person: "manager",
        verdict: "approved",
        adapter: "console",
        assurance: "clicked",
      });
      if (outcome.outcome !== "accepted") {
        throw new Error(`the decision on run ${run} was ${JSON.stringify(outcome)}`);
      }
      await found.done.promise;
      followed.delete(run);
      return found;
    },
    /** A parked run needs nothing of this process. */
    forget: (run: RunId) => followed.delete(run),
    /** Throws unless the record has the right result of the run. */
    async assertDone(run: RunId): Promise<void> {
      const [result] = await store.contents(run, [{ step: lastStep, name: "output" }]);
      assertResult(run, result?.value);
    },
    async close(): Promise<void> {
      await sweeper.stop();
      await queue.close();
      await agents.close();
      await store.close();
    },
  };
}
export type EngineApp = Awaited<ReturnType<typeof openEngineApp>>;
