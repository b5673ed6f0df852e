import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { createPostgresBackend, Queue, runMigrations, withBackend, Worker } from "bullmq";
import { z } from "zod";
import { AppError } from "../../src/errors.ts";
import type { Logger, StepJob, StepQueue } from "../../src/ports.ts";
import { PglitePool } from "./pglite-pool.ts";
import { connectRedis, keyPrefix } from "./redis-connection.ts";
import { parseRedisUrl } from "./redis-url.ts";

const queueName = "steps";
/** BullMQ's PostgreSQL backend looks for its tables here when it is given a pool. */
const schema = "bullmq";
/**
 * Steps being handed to the outbox at the same time; each is a short transaction. Few: what people do is committed by the
 * same thread, and a burst of theirs waits better in the queue.
 */
const concurrency = 4;
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
});

interface JobHandle {
  readonly data: unknown;
}
interface NewJob {
  readonly name: string;
  readonly data: StepJob;
  readonly opts: object;
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

/** Ids and data of a job: ids only, no business text; no ":" because BullMQ forbids it in custom ids. */
function jobId(job: StepJob): string {
  return `${job.run}-${job.revision}-${job.step}-${job.attempt}-${job.dispatch}`;
}

function stepQueue(backend: Backend, log: Logger): StepQueue {
  const warn = (error: Error) => log.warn({ error: error.message }, "queue-error");
  backend.queue.on("error", warn);
  let worker: WorkerHandle | undefined;
  let closed: Promise<void> | undefined;
  let adding: { readonly jobs: NewJob[]; readonly added: Promise<void> } | undefined;

  /** What is added in one turn goes to the backend together. */
  function addTurn(): NonNullable<typeof adding> {
    const jobs: NewJob[] = [];
    return { jobs, added: addTogether(jobs) };
  }
  async function addTogether(jobs: readonly NewJob[]): Promise<void> {
    await nextTurn();
    adding = undefined;
    const added = backend.queue.addBulk([...jobs]);
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
      adding ??= addTurn();
      const delay = o?.delayMs === undefined ? {} : { delay: o.delayMs };
      const opts = { jobId: jobId(job), ...delay, removeOnComplete: true, removeOnFail: true };
      adding.jobs.push({ name: "step", data: job, opts });
      return adding.added;
    },
    async work(handler) {
      worker = backend.worker((job) => handler(stepJob.parse(job.data)));
      worker.on("error", warn);
      if (!(await doneWithin(worker.waitUntilReady(), readyDeadlineMs))) {
        log.warn({ ms: readyDeadlineMs }, "queue-not-ready");
      }
    },
    close: () => (closed ??= close()),
  };
}

/** After all that was begun in this turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** False when it is not over by then; what comes of it later counts for nothing. */
async function doneWithin(call: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([call.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
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
      queue: new Queue<StepJob>(queueName, { connection, prefix }),
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
      queue: new PgQueue<StepJob>(queueName, { connection: pool }),
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
