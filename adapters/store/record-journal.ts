import type { Kysely } from "kysely";
import { AppError } from "../../src/errors.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal } from "./journal-store.ts";
import { sealBody } from "./record-commit.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey, RunKeys } from "./run-keys.ts";
import { noRun } from "./run-keys.ts";

export interface JournalPlace {
  readonly database: Database<RecordTables>;
  readonly keys: RunKeys;
  readonly clock: Clock;
  readonly writer: string;
}

/**
 * Appends entries that belong to no commit of a run, in a unit of their own, after what `write` writes in it; bodies
 * are sealed.
 */
export async function journalAlone(
  o: JournalPlace,
  entries: readonly JournalEntry[],
  write: (tx: Kysely<RecordTables>) => Promise<void> = async () => undefined,
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
  await o.database.unit(async (tx) => {
    await write(tx);
    await appendJournal(tx, { writer: o.writer, at, entries, seal });
  });
}
