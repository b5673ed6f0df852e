import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { AppError } from "../../src/errors.ts";
import { closed, sqliteError } from "./database-errors.ts";
import type { BatchStatement } from "./database.ts";
import { makeFolder } from "./make-folder.ts";
import { packBatch } from "./sqlite-batch.ts";
import type {
  SqliteBatch,
  SqliteClose,
  SqliteOpened,
  SqliteReply,
  SqliteRequest,
  SqliteValue,
  SqliteWorkerData,
} from "./sqlite-protocol.ts";

export interface SqliteResult {
  readonly rows: readonly Record<string, unknown>[];
  /** Null for statements that return rows. */
  readonly changes: number | null;
}
type SqliteAnswer = Exclude<SqliteReply, { readonly failure: unknown }>;
/** Marks an error after which the transaction is gone, with every unit in it. */
export class TransactionLost extends AppError {}

/** This thread's end of `sqlite-worker.ts`. Requests are answered in the order they were sent. */
export class SqliteClient {
  readonly folder: string;
  readonly #file: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (answer: SqliteAnswer) => void; readonly reject: (error: AppError) => void }
  >();
  readonly #exited: Promise<unknown>;
  /** What was asked for in this turn: it goes to the worker as one message, which costs more than a statement. */
  #outgoing: (SqliteRequest | SqliteBatch)[] = [];
  #lastId = 0;
  #closing = false;
  #ended: AppError | null = null;
  #onLost: (error: AppError) => void = () => undefined;

  private constructor(
    worker: Worker,
    { folder, name }: SqliteWorkerData,
    opened: (failure: AppError | null) => void,
  ) {
    this.#worker = worker;
    this.folder = folder;
    this.#file = join(folder, `${name}.db`);
    worker.on("message", (message: readonly SqliteReply[] | SqliteOpened) => {
      if (isReplies(message)) {
        message.forEach((reply) => this.#settle(reply));
      } else {
        opened(message.failure === null ? null : sqliteError(message.failure, this.#file));
      }
    });
    const end = (error: AppError): void => {
      this.#end(error);
      opened(error);
    };
    worker.on("error", (error) => {
      end(new AppError("data-unavailable", `the database thread of ${folder} failed: ${error.message}`));
    });
    this.#exited = new Promise((resolve) => {
      worker.on("exit", () => {
        end(closed(folder));
        resolve(undefined);
      });
    });
  }

  /**
   * Creates the folder (0700) if needed, takes its lock and opens `name`.db in it. `onLost`: see `open-database.ts`.
   */
  static async open(
    folder: string,
    name: string,
    onLost: (error: AppError) => void = () => undefined,
  ): Promise<SqliteClient> {
    makeFolder(folder);
    const workerData: SqliteWorkerData = { folder, name };
    const worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), { workerData });
    // All listeners are there from the start: message and exit may come in the same turn.
    const { promise, resolve } = Promise.withResolvers<AppError | null>();
    const client = new SqliteClient(worker, workerData, resolve);
    const failure = await promise;
    if (failure !== null) {
      // Only then is the folder's lock free again.
      await client.#exited;
      throw failure;
    }
    // An idle database keeps no process alive, for instance one that failed before it could close it.
    worker.unref();
    client.#onLost = onLost;
    return client;
  }

  async send(
    on: "read" | "write",
    control: readonly string[],
    sql: string | null,
    parameters: readonly SqliteValue[],
  ): Promise<SqliteResult> {
    const answer = await this.#ask((id) => ({ id, on, control, sql, parameters }));
    return "rows" in answer ? answer : { rows: [], changes: null };
  }

  /** False when nothing of it was written. Must not come in the middle of a transaction. */
  async make(batch: readonly BatchStatement[]): Promise<boolean> {
    const packed = packBatch(batch);
    const answer = await this.#ask((id) => ({ id, ...packed }));
    return "made" in answer && answer.made;
  }

  #ask(requestOf: (id: number) => SqliteRequest | SqliteBatch): Promise<SqliteAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(this.#ended);
        return;
      }
      this.#lastId += 1;
      if (this.#outgoing.length === 0) {
        // After all microtasks: what they still ask for goes along.
        process.nextTick(() => this.#flush());
      }
      this.#outgoing.push(requestOf(this.#lastId));
      if (this.#waiting.size === 0) {
        this.#worker.ref();
      }
      this.#waiting.set(this.#lastId, { resolve, reject });
    });
  }

  async close(): Promise<void> {
    if (this.#ended === null && !this.#closing) {
      this.#closing = true;
      this.#worker.ref();
      this.#flush();
      this.#post("close");
    }
    await this.#exited;
  }

  #flush(): void {
    if (this.#outgoing.length > 0) {
      this.#post(this.#outgoing);
      this.#outgoing = [];
    }
  }
  #post(message: readonly (SqliteRequest | SqliteBatch)[] | SqliteClose): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    this.#worker.postMessage(message);
  }
  #settle(reply: SqliteReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0 && !this.#closing) {
      this.#worker.unref();
    }
    if (!("failure" in reply)) {
      waiting?.resolve(reply);
      return;
    }
    const error = sqliteError(reply.failure, this.#file);
    waiting?.reject(
      reply.lost ? new TransactionLost(error.code, error.message, { retryable: error.retryable }) : error,
    );
  }
  #end(error: AppError): void {
    if (this.#ended === null && !this.#closing) {
      this.#onLost(error);
    }
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(this.#ended);
    }
    this.#waiting.clear();
  }
}

function isReplies(message: readonly SqliteReply[] | SqliteOpened): message is readonly SqliteReply[] {
  return Array.isArray(message);
}
