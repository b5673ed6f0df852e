import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openSandboxDatabase } from "../sandbox-database.ts";

/**
 * The SQLite file that holds the data of all atSigns of one sandbox, and its transactions. Each store keeps tables of
 * its own in it. Committed means safe against the end of the process (WAL). Text is opaque.
 */
export class AtDatabase {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  #afterCommit: (() => void)[] | undefined;

  /** `schema` may run at each opening: it creates what is not there. */
  constructor(file: string, schema: string) {
    this.#db = openSandboxDatabase(file, `pragma secure_delete = on; ${schema}`);
    this.#begin = this.#db.prepare("begin immediate");
    this.#commit = this.#db.prepare("commit");
    this.#rollback = this.#db.prepare("rollback");
  }

  prepare(sql: string): StatementSync {
    return this.#db.prepare(sql);
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

  /** Runs `work` in one transaction; an inner call joins the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#afterCommit) return work();
    const afterCommit: (() => void)[] = [];
    this.#begin.run();
    this.#afterCommit = afterCommit;
    let result: T;
    try {
      result = work();
      this.#commit.run();
    } catch (error) {
      if (this.#db.isTransaction) this.#rollback.run();
      throw error;
    } finally {
      this.#afterCommit = undefined;
    }
    for (const action of afterCommit) action();
    return result;
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
    this.#db.close();
  }
}
