import type { Kysely } from "kysely";
import type { Json, RunId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { StoredJournalRecord } from "../../src/journal.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal, journalRow } from "./journal-store.ts";
import { journalPlace, sealBody } from "./record-commit.ts";
import type { RecordGroup } from "./record-group.ts";
import type { RecordTables } from "./record-schema.ts";
import { noRun, type RunKey, type RunKeys } from "./run-keys.ts";

/** Appends entries that belong to no commit of a run; bodies are sealed. */
export async function journalAlone(
  o: { readonly group: RecordGroup; readonly keys: RunKeys },
  entries: readonly JournalEntry[],
): Promise<void> {
  if (entries.length === 0) {
    return;
  }
  const keys = await keysFor(o.keys, entries);
  await o.group.commit({ rows: null, urgent: false, journal: entries, keys });
}

export interface JournalPlace {
  readonly database: Database<RecordTables>;
  readonly keys: RunKeys;
  readonly clock: Clock;
  readonly writer: string;
}

/** The same in a unit of its own, after what `write` writes in it. */
export async function journalWith(
  o: JournalPlace,
  entries: readonly JournalEntry[],
  write: (tx: Kysely<RecordTables>) => Promise<void>,
): Promise<void> {
  const seal = sealBody(await keysFor(o.keys, entries));
  const at = o.clock.now();
  await o.database.unit(async (tx) => {
    await write(tx);
    await appendJournal(tx, { writer: o.writer, at, entries, seal });
  });
}

async function keysFor(
  runKeys: RunKeys,
  entries: readonly JournalEntry[],
): Promise<ReadonlyMap<RunId, RunKey>> {
  const keys = new Map<RunId, RunKey>();
  for (const { run, body } of entries) {
    if (body !== undefined) {
      keys.set(run ?? noRun, await runKeys.get(run ?? noRun));
    }
  }
  return keys;
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
