import type { JournalEntry } from "../../src/record-types.ts";
import type { FreezeRecord, FreezeRow } from "../../src/safety-types.ts";

/** The record's freezes in memory. */
export class MemoryFreezes implements FreezeRecord {
  private readonly rows = new Map<number, FreezeRow>();
  private readonly journal: JournalEntry[];

  constructor(journal: JournalEntry[]) {
    this.journal = journal;
  }

  async newest(): Promise<FreezeRow | undefined> {
    await Promise.resolve();
    return this.rows.get(Math.max(...this.rows.keys()));
  }

  async save(row: FreezeRow, journal: readonly JournalEntry[]): Promise<boolean> {
    await Promise.resolve();
    const { serial } = row.freeze.statement;
    if ((this.rows.get(serial)?.version ?? 0) !== row.version - 1) {
      return false;
    }
    this.rows.set(serial, structuredClone(row));
    this.journal.push(...journal);
    return true;
  }
}
