import type { Json } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { StoredJournalRecord } from "../../src/journal.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal, journalRow } from "./journal-store.ts";
import { journalPlace, sealBody } from "./record-commit.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey, RunKeys } from "./run-keys.ts";
import { noRun } from "./run-keys.ts";

/** Appends entries that belong to no commit of a run, in a unit of their own; bodies are sealed. */
export async function journalAlone(
  o: {
    readonly database: Database<RecordTables>;
    readonly keys: RunKeys;
    readonly clock: Clock;
    readonly writer: string;
  },
  entries: readonly JournalEntry[],
): Promise<void> {
  if (entries.length === 0) {
    return;
  }
  const keys = new Map<string, RunKey>();
  for (const entry of entries) {
    if (entry.body !== undefined) {
      keys.set(entry.run ?? noRun, await o.keys.get(entry.run ?? noRun));
    }
  }
  const seal = sealBody((run) => {
    const key = keys.get(run ?? noRun);
    if (key === undefined) {
      throw new AppError("internal", `no key was made ready for journal entries of run "${run}"`);
    }
    return key;
  });
  const at = o.clock.now();
  await o.database.unit((tx) => appendJournal(tx, { writer: o.writer, at, entries, seal }));
}

/** The body of a record, opened; null where there is none or where its key was destroyed. */
export async function openJournalText(
  keys: RunKeys,
  { run, writer, seq, body }: StoredJournalRecord,
): Promise<Json> {
  if (body === null) {
    return null;
  }
  try {
    const key = await keys.get(run ?? noRun);
    return key.open(journalPlace(journalRow(writer, seq)), body);
  } catch (error) {
    if (error instanceof AppError && error.code === "erased") {
      return null;
    }
    throw error;
  }
}
