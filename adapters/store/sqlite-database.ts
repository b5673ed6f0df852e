import { AsyncLocalStorage } from "node:async_hooks";
import type { Kysely } from "kysely";
import { AppError } from "../../src/errors.ts";
import { closed, readOnly } from "./database-errors.ts";
import type { BatchStatement, Database } from "./database.ts";
import type { Migration } from "./migrate.ts";
import { migrate } from "./migrate.ts";
import { SqliteClient, TransactionLost } from "./sqlite-client.ts";
import { kyselyOver } from "./sqlite-dialect.ts";
import { SqliteUnit } from "./sqlite-unit.ts";

/** A group is committed when nobody waits, or at these limits: one more unit never waits long for its commit. */
const groupUnits = 64;
const groupMs = 10;

interface Job<S> {
  readonly run: (tx: Kysely<S>) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** See `open-database.ts`. */
export async function openSqlite<S>(o: {
  readonly folder: string;
  readonly name: string;
  readonly migrations: readonly Migration[];
  readonly onLost?: (error: AppError) => void;
}): Promise<Database<S>> {
  const client = await SqliteClient.open(o.folder, o.name, o.onLost);
  const database = new SqliteDatabase<S>(client);
  try {
    await migrate(database, o.migrations, `the database in ${o.folder}`);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/**
 * Group commit: units run one after the other, each in its savepoint, inside one transaction; all of them are answered
 * only after its COMMIT, whether they succeeded or failed, because each may have seen what those before it wrote.
 */
class SqliteDatabase<S> implements Database<S> {
  readonly engine = "sqlite";
  readonly #client: SqliteClient;
  readonly #reader: Kysely<S>;
  readonly #inUnit = new AsyncLocalStorage<SqliteUnit>();
  /** Somebody waits for these: they go before all others. */
  readonly #urgent: Job<S>[] = [];
  readonly #waiting: Job<S>[] = [];
  /** Asked for between groups, where no transaction is open. */
  readonly #between: (() => Promise<void>)[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;

  constructor(client: SqliteClient) {
    this.#client = client;
    this.#reader = kyselyOver(async (sql, parameters) => {
      try {
        return await client.send("read", [], sql, parameters);
      } catch (error) {
        throw error instanceof AppError && error.code === "data-not-writable" ? readOnly() : error;
      }
    });
  }

  async read<T>(fn: (db: Kysely<S>) => Promise<T>): Promise<T> {
    return fn(this.#reader);
  }

  async unit<T>(fn: (tx: Kysely<S>) => Promise<T>, o: { readonly urgent?: boolean } = {}): Promise<T> {
    this.#assertUsable();
    const result = new Promise<unknown>((resolve, reject) => {
      (o.urgent === true ? this.#urgent : this.#waiting).push({ run: fn, resolve, reject });
    });
    this.#draining ??= this.#drain();
    return (await result) as T;
  }

  async batch(statements: readonly BatchStatement[]): Promise<"made" | "refused"> {
    this.#assertUsable();
    const make = (): Promise<boolean> => this.#client.make(statements);
    // Where no transaction can be open, it need not wait for the answers to those before.
    const isMade = this.#draining === null ? make() : this.#inBetween(make);
    return (await isMade) ? "made" : "refused";
  }

  async purge(): Promise<void> {
    this.#assertUsable();
    const control = ["vacuum", "pragma wal_checkpoint(truncate)"];
    await this.#inBetween(() => this.#client.send("write", control, null, []));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#client.close();
  }

  #assertUsable(): void {
    if (this.#closed) {
      throw closed(this.#client.folder);
    }
    if (this.#inUnit.getStore()?.open === true) {
      throw new AppError(
        "nested-unit",
        "a unit of work inside a unit of work would wait for itself: use its tx",
      );
    }
  }

  #inBetween<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#between.push(() => work().then(resolve, reject));
    this.#draining ??= this.#drain();
    return promise;
  }

  async #drain(): Promise<void> {
    // Units asked for in the same turn share the first group too.
    await Promise.resolve();
    while (this.#urgent.length + this.#waiting.length + this.#between.length > 0) {
      // By turns: neither waits for more than one of the others.
      await this.#between.shift()?.();
      if (this.#urgent.length + this.#waiting.length > 0) {
        await this.#group();
      }
    }
    this.#draining = null;
  }

  #next(): Job<S> | undefined {
    return this.#urgent.shift() ?? this.#waiting.shift();
  }

  async #group(): Promise<void> {
    const settled: { readonly job: Job<S>; readonly settle: () => void }[] = [];
    const control = ["begin immediate"];
    const end = performance.now() + groupMs;
    let job = this.#next();
    try {
      while (job !== undefined) {
        const settle = await this.#run(job, control);
        settled.push({ job, settle });
        job = settled.length < groupUnits && performance.now() < end ? this.#next() : undefined;
      }
      await this.#client.send("write", [...control, "commit"], null, []);
    } catch (error) {
      for (const each of settled) {
        each.job.reject(error);
      }
      job?.reject(error);
      return;
    }
    for (const each of settled) {
      each.settle();
    }
  }

  /** Runs one unit in its savepoint; throws only when the whole group is lost. */
  async #run(job: Job<S>, control: string[]): Promise<() => void> {
    control.push("savepoint unit");
    const unit = new SqliteUnit(this.#client, control);
    try {
      const value = await this.#inUnit.run(unit, () =>
        unit.run(() => job.run(kyselyOver<S>(unit.statement))),
      );
      control.push("release unit");
      return () => {
        job.resolve(value);
      };
    } catch (error) {
      if (error instanceof TransactionLost || unit.lost !== null) {
        throw unit.lost ?? error;
      }
      control.push("rollback to unit", "release unit");
      return () => {
        job.reject(error);
      };
    }
  }
}
