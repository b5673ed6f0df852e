import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from "kysely";
import { PostgresAdapter, PostgresDriver, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { Pool, types } from "pg";
import { AppError } from "../../src/errors.ts";
import { postgresError } from "./database-errors.ts";

type PooledConnection = Parameters<PostgresDriver["releaseConnection"]>[0];

const connectMs = 10_000;
const statementMs = 30_000;
/** Longer than the server's own limit: it matters only where the network swallowed the answer. */
const queryMs = 40_000;

export interface PostgresLimits {
  /** After so long without a statement in the middle of a unit the server undoes it and lets go of what it held. */
  readonly idleInUnitMs: number;
  /** A unit that waits this long for what another one holds is undone. */
  readonly lockMs: number;
}
/**
 * Both shorter than an instance's lease: one that was stopped in the middle of a unit must not hold up those that take
 * over its work. Units wait for nothing but the database.
 */
export const postgresLimits: PostgresLimits = { idleInUnitMs: 5_000, lockMs: 10_000 };

type TypeId = Parameters<typeof types.getTypeParser>[0];
/** Session settings by name, e.g. { search_path: "record" }. Values are plain words. */
type Settings = Readonly<Record<string, string>>;

/** A pool whose integers are numbers: one beyond 2^53 is an error, never a rounded value. */
export function openPool(
  url: string,
  o: { readonly max: number; readonly settings: Settings; readonly limits: PostgresLimits },
): Pool {
  if (/[?&]options=/.test(url)) {
    throw new AppError(
      "bad-setting",
      'the PostgreSQL URL must not carry "options": schema and limits are set by us',
    );
  }
  const pool = new Pool({
    connectionString: url,
    options: Object.entries(o.settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(" "),
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: o.limits.idleInUnitMs,
    lock_timeout: o.limits.lockMs,
    max: o.max,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    allowExitOnIdle: true,
    query_timeout: queryMs,
    // Statements are sent without waiting for the answers to those before.
    pipeline: true,
    types: { getTypeParser },
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on("error", () => undefined);
  // Nor may one that the server ends in the middle of a unit: the unit's next statement fails.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

function getTypeParser(oid: TypeId, format?: "text" | "binary"): (value: string) => unknown {
  return oid === types.builtins.INT8 ? safeInteger : types.getTypeParser(oid, format);
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new AppError("data-error", `integer ${text} is too large`);
  }
  return value;
}

/** Kysely's PostgreSQL dialect outside any unit, with errors as AppErrors. `place` names the database in them. */
export class PostgresAppDialect implements Dialect {
  readonly #pool: Pool;
  readonly #place: string;

  constructor(pool: Pool, place: string) {
    this.#pool = pool;
    this.#place = place;
  }
  createDriver(): Driver {
    return new AppErrorDriver(this.#pool, this.#place);
  }
  createAdapter(): PostgresAdapter {
    return new PostgresAdapter();
  }
  createQueryCompiler(): PostgresQueryCompiler {
    return new PostgresQueryCompiler();
  }
  createIntrospector(db: ConstructorParameters<typeof PostgresIntrospector>[0]): PostgresIntrospector {
    return new PostgresIntrospector(db);
  }
}

class AppErrorDriver implements Driver {
  readonly #driver: PostgresDriver;
  readonly #place: string;

  constructor(pool: Pool, place: string) {
    this.#driver = new PostgresDriver({ pool });
    this.#place = place;
  }
  init(): Promise<void> {
    return this.#driver.init();
  }
  async acquireConnection(): Promise<DatabaseConnection> {
    return new AppErrorConnection(await this.#guard(this.#driver.acquireConnection()), this.#place);
  }
  beginTransaction(): Promise<void> {
    return Promise.reject(new AppError("unsupported", "a transaction is begun by Database.unit only"));
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return this.#driver.releaseConnection(innerOf(connection));
  }
  destroy(): Promise<void> {
    return this.#driver.destroy();
  }
  async #guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw postgresError(error, this.#place);
    }
  }
}

class AppErrorConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #place: string;

  constructor(inner: DatabaseConnection, place: string) {
    this.inner = inner;
    this.#place = place;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.inner.executeQuery<R>(query);
    } catch (error) {
      throw postgresError(error, this.#place);
    }
  }
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new AppError("unsupported", "streaming a query is not supported: read page by page");
  }
}
/** Only connections of this driver's own making come back to it. */
function innerOf(connection: DatabaseConnection): PooledConnection {
  return (connection instanceof AppErrorConnection ? connection.inner : connection) as PooledConnection;
}
