import { bookKinds } from "../../../adapters/store/books-kinds.ts";
import { openBooks } from "../../../adapters/store/books-database.ts";
import { readJournal } from "../../../adapters/store/journal-store.ts";
import { openRecordStore } from "../../../adapters/store/record-store.ts";
import { canonicalJson } from "../../../src/canonical.ts";
import type { StoredJournalRecord } from "../../../src/journal.ts";
import { verifyDatabase } from "../../fakes/verify-database.ts";
import { type Databases, startOfDay } from "./company.ts";
import type { Outcome } from "../outcome.ts";
import { businessText, journalRows } from "./business-rows.ts";
import type { Outside } from "./outside.ts";

/**
 * What a course came to, from what is kept and from outside: runs, approvals, books, the wholesalers' own order lists,
 * cards, and both journals, which are verified. The same for whoever did the same business.
 */
export async function readOutcome(databases: Databases, outside: Outside): Promise<Outcome> {
  const { record, books } = databases;
  const found: Record<string, readonly string[]> = {};
  const store = await openRecordStore({
    database: record,
    recordKey: new Uint8Array(32).fill(7),
    clock: { now: () => startOfDay },
    writer: "reader",
  });
  const all = await store.listRuns({ limit: 10 });
  const runs = all.map(({ id }) => id);
  const text = (row: object): string => businessText(row, runs);
  found["runs"] = all.map(({ id, status, reason, error, steps }) =>
    text({ id, status, reason, error, steps: steps.map((step) => `${step.id} ${step.status}`) }),
  );
  found["approvals"] = (await store.approvals({})).map(({ id, status, decisions }) =>
    text({ id, status, decisions: decisions.map(({ by, verdict }) => `${by} ${verdict}`) }),
  );
  for (const kind of bookKinds) {
    found[kind] = (await openBooks(books).reader.find(kind)).map(text).toSorted();
  }
  for (const [id, { booked }] of outside.wholesalers) {
    found[`orders at ${id}`] = booked.map(text).toSorted();
  }
  found["cards"] = [...outside.posts.values()]
    .map(({ key, thread, card }) => text({ key, thread, kind: card.kind }))
    .toSorted();
  for (const [name, database] of Object.entries({ record, books })) {
    const report = await verifyDatabase(database as Databases["record"]);
    found[`journal of the ${name}`] = report.ok ? [] : [canonicalJson({ ...report.firstBad })];
    const records: StoredJournalRecord[] = [];
    for await (const each of readJournal(database as Databases["record"])) {
      records.push(each);
    }
    Object.assign(found, journalRows(name, records, runs));
  }
  return found;
}
