import type { Kysely } from "kysely";
import type { RunId } from "../../src/domain.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal } from "./journal-store.ts";
import { sealBody } from "./record-commit.ts";
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
