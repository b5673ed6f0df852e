import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { Kysely, sql } from "kysely";
import { escapeIdentifier, type Pool } from "pg";
import { AppError } from "../../src/errors.ts";
import { closed, postgresError } from "./database-errors.ts";
import type { BatchStatement, Database } from "./database.ts";
import type { Migration } from "./migrate.ts";
import { migrate } from "./migrate.ts";
import { batchSettings, PostgresBatches } from "./postgres-batch.ts";
import { openPool, PostgresAppDialect, type PostgresLimits, postgresLimits } from "./postgres-dialect.ts";
import { PostgresUnit } from "./postgres-unit.ts";

/** Small, because a fleet has many processes and PostgreSQL few connections. */
const readConnections = 2;
const writeConnections = 3;
/** Rewriting large tables takes longer than any other statement. */
const purgeMs = 3_600_000;
const attempts = 5;
const retryMs = 10;

/** See `open-database.ts`. Tables live in the schema `name`, so that record and books may share one database. */
export async function openPostgres<S>(o: {
  readonly url: string;
  readonly name: string;
  readonly migrations: readonly Migration[];
  readonly limits?: PostgresLimits;
}): Promise<Database<S>> {
  const database = new PostgresDatabase<S>(o.url, o.name, o.limits ?? postgresLimits);
  try {
    await database.unit(async (tx) => {
      // Another process may be bringing the tables up to date.
      await sql`set local lock_timeout = 0`.execute(tx);
      // "create … if not exists" fails when two processes start at the same moment.
      await sql`select pg_advisory_xact_lock(hashtext(${`countersign.${o.name}`}))`.execute(tx);
      await sql`create schema if not exists ${sql.id(o.name)}`.execute(tx);
      await sql`create table if not exists migrations (name text primary key)`.execute(tx);
    });
    await migrate(database, o.migrations, database.place);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

class PostgresDatabase<S> implements Database<S> {
  readonly engine = "postgres";
  /** Host, database and schema, for messages; no user, no password. */
  readonly place: string;
  readonly #writers: Pool;
  readonly #batcher: Pool;
  readonly #batches: PostgresBatches;
  readonly #reader: Kysely<S>;
  readonly #inUnit = new AsyncLocalStorage<PostgresUnit>();
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(url: string, name: string, limits: PostgresLimits) {
    this.place = placeOf(url, name);
    const open = (max: number, settings: Readonly<Record<string, string>>): Pool =>
      openPool(url, { max, settings: { search_path: name, ...settings }, limits });
    this.#writers = open(writeConnections, {});
    this.#batcher = open(1, batchSettings);
    this.#batches = new PostgresBatches(this.#batcher, this.place);
    const readers = open(readConnections, { default_transaction_read_only: "on" });
    this.#reader = new Kysely<S>({ dialect: new PostgresAppDialect(readers, this.place) });
  }

  async read<T>(fn: (db: Kysely<S>) => Promise<T>): Promise<T> {
    return this.#tracked(() => fn(this.#reader));
  }

  async unit<T>(fn: (tx: Kysely<S>) => Promise<T>): Promise<T> {
    this.#assertOutside();
    return this.#tracked(() => this.#attempt(() => this.#once(fn)));
  }

  async batch(statements: readonly BatchStatement[]): Promise<"made" | "refused"> {
    this.#assertOutside();
    return this.#tracked(() => this.#attempt(() => this.#batches.make(statements)));
  }

  async purge(tables: readonly string[]): Promise<void> {
    await this.#tracked(async () => {
      const client = await this.#writers.connect();
      try {
        await client.query(`set statement_timeout = ${purgeMs}`);
        for (const table of tables) {
          // Outside any transaction; the names are those of this program's own tables.
          const query = { text: `vacuum full ${escapeIdentifier(table)}`, query_timeout: purgeMs };
          await client.query(query);
        }
      } catch (error) {
        throw postgresError(error, this.place);
      } finally {
        // Its settings go with it.
        client.release(true);
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    await Promise.all([this.#writers.end(), this.#batcher.end(), this.#reader.destroy()]);
  }

  #assertOutside(): void {
    if (this.#inUnit.getStore()?.open === true) {
      throw new AppError(
        "nested-unit",
        "a unit of work inside a unit of work would wait for itself: use its tx",
      );
    }
  }

  async #attempt<T>(once: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once();
      } catch (error) {
        // A deadlock or serialization failure: the transaction was undone and nothing was returned yet.
        if (!(error instanceof AppError) || error.code !== "data-busy" || attempt === attempts) {
          throw error;
        }
      }
      await delay(attempt * retryMs);
    }
  }

  async #once<T>(fn: (tx: Kysely<S>) => Promise<T>): Promise<T> {
    const client = await this.#writers.connect().catch((error: unknown) => {
      throw postgresError(error, this.place);
    });
    const unit = new PostgresUnit(client, this.place);
    try {
      const value = await this.#inUnit.run(unit, () => fn(unit.kysely<S>()));
      await unit.commit();
      client.release();
      return value;
    } catch (error) {
      await unit.rollback().then(
        () => client.release(),
        // Nobody knows in what state it is: the pool makes another one.
        () => client.release(true),
      );
      throw error;
    }
  }

  async #tracked<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw closed(this.place);
    }
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}

function placeOf(url: string, name: string): string {
  const [address = ""] = url.replace(/^[a-z]+:\/\/([^/]*@)?/, "").split("?");
  return `${address}, schema ${name}`;
}
