import type { SqliteFailure } from "./database-errors.ts";

/** The messages between `sqlite-client.ts` and its worker thread. */

export type SqliteValue = null | number | bigint | string | Uint8Array;
export interface SqliteWorkerData {
  readonly folder: string;
  readonly name: string;
}
export interface SqliteRequest {
  readonly id: number;
  readonly on: "read" | "write";
  /** Transaction statements for the writing connection, run first; if one fails, the transaction is rolled back. */
  readonly control: readonly string[];
  readonly sql: string | null;
  readonly parameters: readonly SqliteValue[];
}
/** One transaction, made by the thread on its own unless a statement does not return as many rows as it must. */
export interface SqliteBatch {
  readonly id: number;
  /** See `sqlite-batch.ts`. */
  readonly statements: string;
  readonly bytes: Uint8Array;
}
/** Instead of a request: finish and end. */
export type SqliteClose = "close";
export type SqliteReply =
  | {
      readonly id: number;
      readonly rows: readonly Record<string, unknown>[];
      readonly changes: number | null;
    }
  /** Of a batch; false: nothing of it is written. */
  | { readonly id: number; readonly made: boolean }
  /** `lost`: the transaction is gone, with all units in it. */
  | { readonly id: number; readonly failure: SqliteFailure; readonly lost: boolean };
/** The first message of the worker. */
export interface SqliteOpened {
  readonly failure: SqliteFailure | null;
}
