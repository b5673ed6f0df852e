import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import type { PoolClient } from "pg";
import { AppError } from "../../src/errors.ts";
import { postgresError } from "./database-errors.ts";

/** Statements that the server is told to keep, on each connection; only short ones, for those come again. */
const mostKept = 200;
const longestKept = 2_000;
const kept = new Map<string, string>();

/** The name under which a statement is kept; none for those whose columns a migration may change. */
function nameOf(text: string): string | undefined {
  const known = kept.get(text);
  if (known !== undefined || kept.size >= mostKept || text.length > longestKept || text.includes("*")) {
    return known;
  }
  const name = `kept-${kept.size}`;
  kept.set(text, name);
  return name;
}

/**
 * One unit of work on PostgreSQL. Its statements are sent as they come and answered in order: those that need no answer
 * of another go in one round trip, the beginning with them.
 */
export class PostgresUnit implements DatabaseConnection {
  readonly #client: PoolClient;
  readonly #place: string;
  #open = true;
  #corked = false;
  /** The first failure: it dooms the unit. */
  #failed: AppError | null = null;

  constructor(client: PoolClient, place: string) {
    this.#client = client;
    this.#place = place;
    this.#inBackground("begin isolation level read committed");
  }

  get open(): boolean {
    return this.#open;
  }

  /** A Kysely whose every statement is this unit's. */
  kysely<S>(): Kysely<S> {
    return new Kysely<S>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new UnitDriver(this),
        createQueryCompiler: () => new PostgresQueryCompiler(),
        createIntrospector: (db) => new PostgresIntrospector(db),
      },
    });
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (!this.#open) {
      throw new AppError("unit-over", "this unit of work is over: its tx cannot be used any more");
    }
    const { command, rowCount, rows } = await this.#send<R & object>(sql, parameters);
    const changes = command === "INSERT" || command === "UPDATE" || command === "DELETE";
    return changes ? { rows, numAffectedRows: BigInt(rowCount ?? 0) } : { rows };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new AppError("unsupported", "streaming a query is not supported: read page by page");
  }

  /** Resolves when it is durable. A function that swallowed a failed statement's error must not look like a success. */
  async commit(): Promise<void> {
    this.#open = false;
    if (this.#failed !== null) {
      throw this.#failed;
    }
    await this.#send("commit", []);
  }

  async rollback(): Promise<void> {
    this.#open = false;
    await this.#send("rollback", []);
  }

  async #send<R extends object>(text: string, values: readonly unknown[]) {
    this.#cork();
    const name = nameOf(text);
    try {
      return await this.#client.query<R>({
        text,
        values: [...values],
        ...(name === undefined ? {} : { name }),
      });
    } catch (error) {
      const failed = postgresError(error, this.#place);
      this.#failed ??= failed;
      throw failed;
    }
  }

  #inBackground(text: string): void {
    this.#send(text, []).catch(() => undefined);
  }

  /** What is asked for in the same turn leaves in one write. */
  #cork(): void {
    const { stream } = this.#client.connection;
    if (!this.#corked) {
      this.#corked = true;
      stream.cork();
      process.nextTick(() => {
        this.#corked = false;
        stream.uncork();
      });
    }
  }
}

class UnitDriver implements Driver {
  readonly #unit: PostgresUnit;

  constructor(unit: PostgresUnit) {
    this.#unit = unit;
  }
  async init(): Promise<void> {}
  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#unit);
  }
  beginTransaction(): Promise<void> {
    return Promise.reject(new AppError("unsupported", "a transaction is begun by Database.unit only"));
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}
