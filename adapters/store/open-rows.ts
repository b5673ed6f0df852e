import type { RunId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { RunKey, RunKeys } from "./run-keys.ts";

/** Fewer than the keys kept in memory. */
const together = 500;
const remembered = 10_000;

/** What a kind of row is, and how one is opened. */
export interface Opening<R, T> {
  readonly table: string;
  readonly id: (row: R) => string;
  readonly run: (row: R) => RunId;
  readonly open: (row: R, key: RunKey) => T;
}

/** Opens sealed rows; what was altered or erased spoils no list, and what was altered raises an alarm. */
export class RowOpener {
  readonly #keys: RunKeys;
  readonly #journal: (entries: readonly JournalEntry[]) => Promise<void>;
  readonly #reported = new Set<string>();

  constructor(keys: RunKeys, journal: (entries: readonly JournalEntry[]) => Promise<void>) {
    this.#keys = keys;
    this.#journal = journal;
  }

  /** The row, opened; fails with "sealed-broken" when it was altered, "erased" when its run was erased. */
  async one<R, T>(row: R | undefined, o: Opening<R, T>): Promise<T | undefined> {
    return row === undefined
      ? undefined
      : (
          await this.all([row], o, (_row, error) => {
            throw error;
          })
        )[0];
  }

  /** The rows that open, each with its run's key; `onBroken` is told of the others, after the alarm. */
  async all<R, T>(
    rows: readonly R[],
    o: Opening<R, T>,
    onBroken?: (row: R, error: AppError) => Promise<void>,
  ): Promise<readonly T[]> {
    const opened: T[] = [];
    for (let start = 0; start < rows.length; start += together) {
      const part = rows.slice(start, start + together);
      if (part.length > 1) {
        await this.#keys.prepare(part.map(o.run));
      }
      for (const row of part) {
        try {
          opened.push(o.open(row, await this.#keys.get(o.run(row))));
        } catch (error) {
          if (!(error instanceof AppError) || (error.code !== "sealed-broken" && error.code !== "erased")) {
            throw error;
          }
          await this.#report(o.table, o.id(row), o.run(row), error);
          await onBroken?.(row, error);
        }
      }
    }
    return opened;
  }

  /** Once per row and process: a row that stays broken is looked at again and again. */
  async #report(table: string, row: string, run: RunId, error: AppError): Promise<void> {
    const name = `${table} ${row}`;
    if (error.code !== "sealed-broken" || this.#reported.has(name) || this.#reported.size >= remembered) {
      return;
    }
    this.#reported.add(name);
    await this.#journal([{ kind: "alarm", run, facts: { code: error.code, table, row } }]);
  }
}
