import type { Kysely } from "kysely";

/** A statement of a batch, in the engine's own words: see `many-rows.ts`. */
export interface BatchStatement {
  readonly text: string;
  readonly parameters: readonly unknown[];
  /** How many rows it must return. Default: any number. */
  readonly returns?: number;
}

/**
 * One SQL database behind Kysely, the same on both engines: the record, and the books of all agents.
 * Portable subset: JSON as text, integer milliseconds, `bytea` for bytes, 0 and 1 for booleans, `on conflict`,
 * `returning`, compare-and-set; never `select for update`.
 */
export interface Database<S> {
  readonly engine: "sqlite" | "postgres";
  /** Runs queries outside any unit: committed data only, each statement for itself. A write fails ("read-only"). */
  read<T>(fn: (db: Kysely<S>) => Promise<T>): Promise<T>;
  /**
   * One transaction; resolves (or rejects) only after it is durable (or undone). `fn` may be run again after a
   * deadlock, so it acts on nothing but `tx`; it must be short, for on SQLite units run one after the other. A failed
   * statement dooms its unit, also when `fn` catches the error: use `on conflict`. A unit inside a unit is refused.
   * `urgent`: somebody waits for it, so on SQLite it goes before all that are not.
   */
  unit<T>(fn: (tx: Kysely<S>) => Promise<T>, o?: { readonly urgent?: boolean }): Promise<T>;
  /**
   * One transaction of statements that need no answer of each other, in one round trip; resolves after it is durable.
   * "refused": one of them did not return as many rows as it must, and nothing is written. On PostgreSQL they are one
   * statement: none sees what another writes.
   */
  batch(statements: readonly BatchStatement[]): Promise<"made" | "refused">;
  /**
   * After deletions that must leave nothing: rewrites the tables named (SQLite: all of it) and empties the log beside
   * them, so that no byte of what was deleted is left in the database's own files. Slow; copies elsewhere (backups,
   * replicas, PostgreSQL's archived log) are not reached.
   */
  purge(tables: readonly string[]): Promise<void>;
  /** Finishes the units already asked for, then closes. */
  close(): Promise<void>;
}
