import { PGlite, types } from "@electric-sql/pglite";

/** The part of a `pg.Pool` that BullMQ's PostgreSQL backend uses, over one PostgreSQL in memory (PGlite). */

interface Result<R> {
  rows: R[];
  rowCount: number;
}
type NotificationListener = (message: { channel: string; payload?: string }) => void;

// node-postgres hands 64-bit integers and numerics over as text; BullMQ is written for that.
const asText = (value: string) => value;
const parsers = { [types.INT8]: asText, [types.NUMERIC]: asText };

/** One "connection". PGlite has a single session, so a transaction excludes everyone else until it ends. */
class PgliteClient {
  readonly #pool: PglitePool;
  readonly #listeners = new Map<unknown, () => void>();

  constructor(pool: PglitePool) {
    this.#pool = pool;
  }
  query<R>(text: string, params: readonly unknown[] = []): Promise<Result<R>> {
    return this.#pool.run<R>(this, text, params);
  }
  on(event: string, listener: NotificationListener | ((error: Error) => void)): this {
    if (event === "notification") {
      this.#listeners.set(listener, this.#pool.onNotification(listener as NotificationListener));
    }
    return this;
  }
  removeListener(_event: "notification", listener: unknown): this {
    this.#listeners.get(listener)?.();
    this.#listeners.delete(listener);
    return this;
  }
  removeAllListeners(): this {
    for (const remove of this.#listeners.values()) {
      remove();
    }
    this.#listeners.clear();
    return this;
  }
  connect(): Promise<void> {
    return Promise.resolve();
  }
  end(): Promise<void> {
    this.removeAllListeners();
    return Promise.resolve();
  }
  release(): void {
    this.removeAllListeners();
  }
}

/** See above. `options.keepAlive` tells BullMQ that this connection cannot silently drop: it is in this process. */
export class PglitePool {
  readonly options = { keepAlive: true };
  readonly #database: PGlite;
  /** Who is inside BEGIN … COMMIT, and the others' turn after it. */
  #holder: PgliteClient | undefined;
  #released: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  private constructor(database: PGlite) {
    this.#database = database;
  }
  /**
   * A new database in memory; `schema` is created and becomes the search path. Making one from nothing takes seconds,
   * so it may begin as the copy of an earlier empty one (`dump`).
   */
  static async open(schema: string, dump?: Blob): Promise<PglitePool> {
    const database = await PGlite.create({ parsers, ...(dump === undefined ? {} : { loadDataDir: dump }) });
    await database.exec(`create schema if not exists ${schema}; set search_path to ${schema}`);
    return new PglitePool(database);
  }
  /** All of the database, for the next `open`. */
  dump(): Promise<Blob> {
    return this.#database.dumpDataDir("none");
  }
  async run<R>(
    client: PgliteClient | undefined,
    text: string,
    params: readonly unknown[],
  ): Promise<Result<R>> {
    while (this.#holder !== undefined && this.#holder !== client) {
      await this.#released;
    }
    const word = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase();
    if (word === "BEGIN" && client !== undefined) {
      this.#holder = client;
      this.#released = new Promise((resolve) => {
        this.#release = resolve;
      });
    }
    try {
      return await this.#execute<R>(text, params);
    } finally {
      if ((word === "COMMIT" || word === "ROLLBACK") && this.#holder === client) {
        this.#holder = undefined;
        this.#release();
      }
    }
  }
  async #execute<R>(text: string, params: readonly unknown[]): Promise<Result<R>> {
    if (params.length === 0) {
      // Migrations hold several statements, which only the simple protocol takes.
      const results = await this.#database.exec(text, { parsers });
      const last = results.at(-1);
      // The column types are BullMQ's own affair.
      return { rows: (last?.rows ?? []) as R[], rowCount: last?.affectedRows || (last?.rows.length ?? 0) };
    }
    const { rows, affectedRows } = await this.#database.query<R>(text, [...params], { parsers });
    return { rows, rowCount: affectedRows || rows.length };
  }
  query<R>(text: string, params: readonly unknown[] = []): Promise<Result<R>> {
    return this.run<R>(undefined, text, params);
  }
  connect(): Promise<PgliteClient> {
    return Promise.resolve(new PgliteClient(this));
  }
  onNotification(listener: NotificationListener): () => void {
    return this.#database.onNotification((channel, payload) => listener({ channel, payload }));
  }
  on(): this {
    return this;
  }
  removeAllListeners(): this {
    return this;
  }
  end(): Promise<void> {
    return this.#database.close();
  }
}
