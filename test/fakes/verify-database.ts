import type { Database } from "../../adapters/store/database.ts";
import { type JournalTables, readChainHeads, readJournalPages } from "../../adapters/store/journal-store.ts";
import type { CheckpointStatement } from "../../src/journal.ts";
import { type JournalReport, verifyJournal } from "../../src/verify-journal.ts";

/** Verifies the journal in a database. */
export async function verifyDatabase<S extends JournalTables>(
  database: Database<S>,
  checkpoints: readonly CheckpointStatement[] = [],
): Promise<JournalReport> {
  return verifyJournal(readJournalPages(database), await readChainHeads(database), checkpoints);
}
