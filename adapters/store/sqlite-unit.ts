import { AppError } from "../../src/errors.ts";
import type { SqliteClient, SqliteResult } from "./sqlite-client.ts";
import { TransactionLost } from "./sqlite-client.ts";
import type { SqliteRunner } from "./sqlite-dialect.ts";

/** Others wait for a unit: one that is not done by then is undone. */
const unitMs = 30_000;

/** One unit of work on SQLite: its statements, and whether it may still go on. */
export class SqliteUnit {
  readonly #client: SqliteClient;
  readonly #control: string[];
  #last: Promise<unknown> = Promise.resolve();
  #failed: unknown = null;
  #open = true;
  /** Set when the transaction was rolled back under this unit and those before it. */
  lost: TransactionLost | null = null;

  /** `control` holds the transaction statements that go before the next statement; whoever sends empties it. */
  constructor(client: SqliteClient, control: string[]) {
    this.#client = client;
    this.#control = control;
  }

  get open(): boolean {
    return this.#open;
  }

  readonly statement: SqliteRunner = (sql, parameters) => {
    if (!this.#open) {
      return Promise.reject(
        new AppError("unit-over", "this unit of work is over: its tx cannot be used any more"),
      );
    }
    const sent = this.#watch(this.#client.send("write", this.#control.splice(0), sql, parameters));
    this.#last = sent.catch(() => undefined);
    return sent;
  };

  /** Runs the unit's function to its end; afterwards no statement of it is under way and none can follow. */
  async run<T>(fn: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(
          new AppError("unit-timeout", `a unit of work took longer than ${unitMs} ms`, { retryable: true }),
        );
      }, unitMs);
    });
    try {
      const value = await Promise.race([fn(), late]);
      await this.#last;
      if (this.#failed !== null) {
        throw this.#failed;
      }
      return value;
    } finally {
      clearTimeout(timer);
      this.#open = false;
      await this.#last;
    }
  }

  async #watch(sent: Promise<SqliteResult>): Promise<SqliteResult> {
    try {
      return await sent;
    } catch (error) {
      this.#failed ??= error;
      if (error instanceof TransactionLost) {
        this.lost ??= error;
      }
      throw error;
    }
  }
}
