import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from "kysely";
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { AppError } from "../../src/errors.ts";
import type { SqliteResult } from "./sqlite-client.ts";
import type { SqliteValue } from "./sqlite-protocol.ts";

/** Runs one statement somewhere. */
export type SqliteRunner = (sql: string, parameters: readonly SqliteValue[]) => Promise<SqliteResult>;

/** A Kysely whose every statement goes to `run`. Transactions are begun by the caller, never through it. */
export function kyselyOver<S>(run: SqliteRunner): Kysely<S> {
  const dialect: Dialect = {
    createAdapter: () => new ManyStatementsAdapter(),
    createDriver: () => new RunnerDriver(run),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
  return new Kysely<S>({ dialect });
}

class ManyStatementsAdapter extends SqliteAdapter {
  // The worker answers in order by itself: Kysely's mutex around the connection would only cost time.
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class RunnerConnection implements DatabaseConnection {
  readonly #run: SqliteRunner;

  constructor(run: SqliteRunner) {
    this.#run = run;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#run(query.sql, query.parameters.map(sendable));
    const rows = result.rows as R[];
    return result.changes === null ? { rows } : { rows, numAffectedRows: BigInt(result.changes) };
  }
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new AppError("unsupported", "streaming a query is not supported: read page by page");
  }
}

class RunnerDriver implements Driver {
  readonly #connection: RunnerConnection;

  constructor(run: SqliteRunner) {
    this.#connection = new RunnerConnection(run);
  }
  async init(): Promise<void> {}
  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection);
  }
  beginTransaction(): Promise<void> {
    return Promise.reject(new AppError("unsupported", "a transaction is begun by Database.unit only"));
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

/** A parameter as it goes to the database's thread. */
function sendable(value: unknown): SqliteValue {
  if (value instanceof Uint8Array) {
    // A view on a shared pool would be sent with the whole pool behind it.
    return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value);
  }
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isFinite(value))
  ) {
    return value;
  }
  throw new AppError("data-error", `a ${typeof value} cannot be a statement's parameter`);
}
