import type { Json } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { StoredJournalRecord } from "../../src/journal.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { journalRow } from "./journal-store.ts";
import { journalPlace } from "./record-commit.ts";
import type { RecordGroup } from "./record-group.ts";
import { noRun, type RunKey, type RunKeys } from "./run-keys.ts";

/** Appends entries that belong to no commit of a run; bodies are sealed. */
export async function journalAlone(
  o: { readonly group: RecordGroup; readonly keys: RunKeys },
  entries: readonly JournalEntry[],
): Promise<void> {
  if (entries.length === 0) {
    return;
  }
  const keys = new Map<string, RunKey>();
  for (const { run, body } of entries) {
    if (body !== undefined) {
      keys.set(run ?? noRun, await o.keys.get(run ?? noRun));
    }
  }
  await o.group.commit({ rows: null, urgent: false, journal: entries, keys });
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
