import { DatabaseSync, type StatementSync } from "node:sqlite";
import { openSandboxDatabase } from "../sandbox-database.ts";

/** Work that waits for the transaction at the end of this turn. */
interface Unit {
  run(): () => void;
  reject(error: unknown): void;
}

/** The commit failed: nothing is kept, though what was done `beforeCommit` may have been seen by others. */
export class CommitError extends Error {
  override readonly name = "CommitError";
}

/** More than this are not kept waiting for the end of a turn. */
const maxGroup = 256;
/** Pages that gather in the log before they are copied: index pages that many notifications touch are copied once. */
const checkpointPages = 4_000;
const cacheKiB = 8_000;

/**
 * The SQLite database that holds the data of all atSigns of one sandbox, and its transactions. Each store keeps tables of
 * its own in it. Committed means safe against the end of the process (WAL). Text is opaque.
 */
export class AtDatabase {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #undo: StatementSync;
  readonly #release: StatementSync;
  readonly #usedBytes: StatementSync;
  #beforeCommit: (() => void)[] | undefined;
  #afterCommit: (() => void)[] | undefined;
  #group: Unit[] = [];

  /** `schema` may run at each opening: it creates what is not there. Without a file all is in memory. */
  constructor(file: string | undefined, schema: string) {
    this.#db = file === undefined ? inMemory(schema) : onDisk(file, schema);
    this.#begin = this.#db.prepare("begin immediate");
    this.#commit = this.#db.prepare("commit");
    this.#rollback = this.#db.prepare("rollback");
    this.#savepoint = this.#db.prepare("savepoint unit");
    this.#undo = this.#db.prepare("rollback to unit");
    this.#release = this.#db.prepare("release unit");
    this.#usedBytes = this.#db.prepare(
      `select (page_count - freelist_count) * page_size as bytes
       from pragma_page_count, pragma_freelist_count, pragma_page_size`,
    );
  }

  prepare(sql: string): StatementSync {
    return this.#db.prepare(sql);
  }

  /** How much there is in it, as whole pages. */
  get usedBytes(): number {
    const row = this.#usedBytes.get();
    return Number(row?.["bytes"]);
  }

  /** Runs those of the steps that this file has not seen yet, each once and as a transaction. */
  migrate(steps: readonly (() => void)[]): void {
    const done = Number(this.#db.prepare("pragma user_version").get()?.["user_version"]);
    for (const [i, step] of steps.entries()) {
      if (i < done) continue;
      this.transaction(() => {
        step();
        this.#db.exec(`pragma user_version = ${i + 1}`);
      });
    }
  }

  /** Runs `work` in one transaction; an inner call joins the outer one. Throws CommitError and what `work` throws. */
  transaction<T>(work: () => T): T {
    if (this.#afterCommit) return work();
    const beforeCommit: (() => void)[] = [];
    const afterCommit: (() => void)[] = [];
    this.#begin.run();
    this.#beforeCommit = beforeCommit;
    this.#afterCommit = afterCommit;
    let result: T;
    try {
      result = work();
      for (const action of beforeCommit) action();
      this.#commitNow();
    } catch (error) {
      if (this.#db.isTransaction) this.#rollback.run();
      throw error;
    } finally {
      this.#beforeCommit = undefined;
      this.#afterCommit = undefined;
    }
    for (const action of afterCommit) action();
    return result;
  }

  #commitNow(): void {
    try {
      this.#commit.run();
    } catch (cause) {
      throw new CommitError("The commit failed", { cause });
    }
  }

  /**
   * Does `work` in the transaction that ends this turn of the event loop, together with the work of others: one commit
   * for all. Resolves once that is committed; rejects with what `work` throws, of which nothing is kept.
   */
  grouped<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run = () => {
      const result = work();
      return () => resolve(result);
    };
    if (this.#group.push({ run, reject }) === 1) setImmediate(() => this.#commitGroup());
    else if (this.#group.length === maxGroup) this.#commitGroup();
    return promise;
  }

  #commitGroup(): void {
    const units = this.#group;
    const [first, ...others] = units;
    if (!first) return;
    this.#group = [];
    try {
      const settle = this.transaction(() =>
        others.length === 0 ? [first.run()] : units.map((unit) => this.#runApart(unit)),
      );
      for (const each of settle) each();
    } catch (error) {
      for (const unit of units) unit.reject(error);
    }
  }

  /** Runs one unit so that its failure undoes nothing but its own. */
  #runApart(unit: Unit): () => void {
    const early = this.#beforeCommit?.length ?? 0;
    const actions = this.#afterCommit?.length ?? 0;
    this.#savepoint.run();
    try {
      return unit.run();
    } catch (error) {
      this.#undo.run();
      this.#beforeCommit?.splice(early);
      this.#afterCommit?.splice(actions);
      return () => unit.reject(error);
    } finally {
      this.#release.run();
    }
  }

  /** Does something when the work of the running transaction is done and only its commit is missing. */
  beforeCommit(action: () => void): void {
    if (this.#beforeCommit) this.#beforeCommit.push(action);
    else action();
  }

  /** Does something once the running transaction is committed; nothing of it when it fails. */
  afterCommit(action: () => void): void {
    if (this.#afterCommit) this.#afterCommit.push(action);
    else action();
  }

  get isClosed(): boolean {
    return !this.#db.isOpen;
  }

  close(): void {
    if (!this.isClosed) this.#commitGroup();
    if (!this.isClosed) this.#db.close();
  }
}

function onDisk(file: string, schema: string): DatabaseSync {
  return openSandboxDatabase(
    file,
    `
    pragma secure_delete = on; pragma wal_autocheckpoint = ${checkpointPages}; pragma cache_size = -${cacheKiB};
    ${schema}`,
  );
}

function inMemory(schema: string): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec(schema);
  return db;
}
