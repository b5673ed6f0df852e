import type { JournalEntry } from "../../src/record-types.ts";
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
