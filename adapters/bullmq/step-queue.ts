import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import manifest from "../../package.json" with { type: "json" };
import { createPostgresBackend, Queue, runMigrations, withBackend, Worker } from "bullmq";
import { z } from "zod";
import { AppError } from "../../src/errors.ts";
import type { Logger, StepJob, StepQueue } from "../../src/ports.ts";
import { doneWithin } from "./done-within.ts";
import { PglitePool } from "./pglite-pool.ts";
import { connectRedis, keyPrefix } from "./redis-connection.ts";
import { parseRedisUrl } from "./redis-url.ts";

const queueName = "steps";
/** BullMQ's PostgreSQL backend looks for its tables here when it is given a pool. */
const schema = "bullmq";
/**
 * Jobs worked on at the same time. Few: what people do is committed by the same thread, and a burst of theirs waits better
 * in the queue.
 */
const concurrency = 4;
/** Requests that are being sent by who adds their jobs: these are for the case that it cannot, and may wait for others. */
const lingerMs = 100;
/** Steps that one job brings at most. */
const mostSteps = 50;
/** Longer than any hand-over; what a dead bot held is taken up again after this. */
const lockDuration = 30_000;
/** The queue is a hint: who hands a job over waits no longer for a backend that hangs. */
const addDeadlineMs = 1_000;
/** A worker whose backend does not answer yet takes jobs as soon as it does. */
const readyDeadlineMs = 5_000;
const closeDeadlineMs = 2_000;
const stepJob = z.strictObject({
  run: z.string(),
  revision: z.int(),
  step: z.string(),
  attempt: z.int(),
  dispatch: z.int(),
  ready: z.boolean(),
});
/** What is queued together travels together: a job costs the backend as much as a few commits cost the record. */
const jobData = z.strictObject({ steps: z.array(stepJob).min(1).max(mostSteps) });

interface JobHandle {
  readonly data: unknown;
}
interface NewJob {
  readonly name: string;
  readonly data: z.infer<typeof jobData>;
  readonly opts: object;
}
interface Added {
  readonly job: StepJob;
  readonly delayMs: number;
}
/** Steps that go to the backend together, and for how long further ones may join them. */
interface Batch {
  open: { readonly steps: Added[]; readonly added: Promise<void> } | undefined;
  readonly wait: () => Promise<unknown>;
}
interface QueueHandle {
  addBulk(jobs: NewJob[]): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}
interface Backend {
  readonly queue: QueueHandle;
  worker(handle: (job: JobHandle) => Promise<void>): WorkerHandle;
  end(): Promise<void>;
}
interface WorkerHandle {
  on(event: "error", listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** A job of one step has an id of its own; no ":" because BullMQ forbids it there. */
function jobId({ run, revision, step, attempt, dispatch }: StepJob): string {
  return `${run}-${revision}-${step}-${attempt}-${dispatch}`;
}

/** Ids only, no business text. A delayed step comes alone, at its own time. */
function jobsOf(added: readonly Added[]): NewJob[] {
  const now = added.filter(({ delayMs }) => delayMs === 0).map(({ job }) => job);
  const kept = { removeOnComplete: true, removeOnFail: true };
  const job = (steps: readonly StepJob[], opts: object): NewJob => ({
    name: "steps",
    data: { steps: [...steps] },
    // Several under one id would be dropped with the one step of it that the queue may know.
    opts: { ...kept, ...opts, ...(steps.length === 1 && steps[0] ? { jobId: jobId(steps[0]) } : {}) },
  });
  const together: NewJob[] = [];
  for (let at = 0; at < now.length; at += mostSteps) {
    together.push(job(now.slice(at, at + mostSteps), {}));
  }
  const later = added.filter(({ delayMs }) => delayMs > 0);
  return [...together, ...later.map(({ job: step, delayMs }) => job([step], { delay: delayMs }))];
}

function stepQueue(backend: Backend, log: Logger): StepQueue {
  const warn = (error: Error) => log.warn({ error: error.message }, "queue-error");
  backend.queue.on("error", warn);
  let worker: WorkerHandle | undefined;
  let closed: Promise<void> | undefined;
  const atOnce: Batch = { open: undefined, wait: nextTurn };
  const ready: Batch = { open: undefined, wait: () => pause(lingerMs) };

  async function addTogether(batch: Batch, steps: readonly Added[]): Promise<void> {
    await batch.wait();
    batch.open = undefined;
    if (closed !== undefined) {
      return;
    }
    const added = backend.queue.addBulk(jobsOf(steps));
    const taken = await doneWithin(added, addDeadlineMs).catch((cause: unknown) => {
      throw new AppError("queue-failed", "the queue did not take a job", { retryable: true, cause });
    });
    if (!taken) {
      throw new AppError("queue-failed", `the queue did not answer within ${addDeadlineMs} ms`, {
        retryable: true,
      });
    }
  }
  async function close(): Promise<void> {
    const closing = [worker?.close(), backend.queue.close()].filter((each) => each !== undefined);
    await doneWithin(Promise.all(closing), closeDeadlineMs);
    await backend.end();
  }
  return {
    add(job, o) {
      const batch = job.ready ? ready : atOnce;
      if (batch.open === undefined) {
        const steps: Added[] = [];
        batch.open = { steps, added: addTogether(batch, steps) };
      }
      batch.open.steps.push({ job, delayMs: o?.delayMs ?? 0 });
      return batch.open.added;
    },
    async work(handler) {
      worker = backend.worker(async (job) => {
        const { steps } = jobData.parse(job.data);
        const results = await Promise.allSettled(steps.map((step) => handler(step)));
        for (const result of results) {
          if (result.status === "rejected") {
            throw result.reason;
          }
        }
      });
      worker.on("error", warn);
      if (!(await doneWithin(worker.waitUntilReady(), readyDeadlineMs))) {
        log.warn({ ms: readyDeadlineMs }, "queue-not-ready");
      }
    },
    close: () => (closed ??= close()),
  };
}

/** After what is being done in this one. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The reference backend; for the forms of `url` see `parseRedisUrl`. */
export async function openRedisQueue(url: string, log: Logger): Promise<StepQueue> {
  const place = parseRedisUrl(url);
  const prefix = keyPrefix(place);
  const connection = connectRedis(place, { blocking: false, commandMs: addDeadlineMs });
  const workerConnection = connectRedis(place, { blocking: true, commandMs: addDeadlineMs });
  for (const each of [connection, workerConnection]) {
    each.on("error", (error: Error) => log.warn({ error: error.message }, "redis-error"));
  }
  return stepQueue(
    {
      queue: new Queue(queueName, { connection, prefix }),
      worker: (handle) =>
        new Worker(queueName, handle, { connection: workerConnection, prefix, concurrency, lockDuration }),
      async end() {
        connection.disconnect();
        workerConnection.disconnect();
      },
    },
    log,
  );
}

/**
 * The fallback for a laptop or a demo: BullMQ's PostgreSQL backend on a PostgreSQL in this process's memory. With a
 * `cacheFolder` an empty database is kept there, so that later starts need not make one.
 */
export async function openMemoryQueue(log: Logger, cacheFolder?: string): Promise<StepQueue> {
  const pool = await openPool(log, cacheFolder);
  const { Queue: PgQueue, Worker: PgWorker } = withBackend(createPostgresBackend);
  return stepQueue(
    {
      queue: new PgQueue(queueName, { connection: pool }),
      worker: (handle) => new PgWorker(queueName, handle, { connection: pool, concurrency, lockDuration }),
      end: () => pool.end(),
    },
    log,
  );
}

async function openPool(log: Logger, cacheFolder: string | undefined): Promise<PglitePool> {
  const { "@electric-sql/pglite": pglite, bullmq } = manifest.dependencies;
  const file =
    cacheFolder === undefined ? undefined : path.join(cacheFolder, `queue-${pglite}-${bullmq}.tar`);
  if (file !== undefined) {
    try {
      return await migrated(await PglitePool.open(schema, new Blob([await readFile(file)])));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
        log.warn({ code: "queue-template-unusable" }, "queue-template-unusable");
      }
    }
  }
  const pool = await migrated(await PglitePool.open(schema));
  if (file !== undefined) {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, await (await pool.dump()).bytes(), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
  return pool;
}
async function migrated(pool: PglitePool): Promise<PglitePool> {
  await runMigrations(await pool.connect(), schema);
  return pool;
}
