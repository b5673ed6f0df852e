import type { Kysely } from "kysely";
import { AppError } from "../../src/errors.ts";
import type { JournalEntry, OutboxRow } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey, RunKeys } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

/** A row that cannot be opened is looked at again that much later; meanwhile the others are sent. */
const brokenMs = 3_600_000;

export function outboxRow(row: OutboxRow, key: RunKey): RecordTables["outbox"] {
  return {
    id: row.id,
    recipient: row.to,
    kind: row.kind,
    run: row.subject.run,
    revision: row.subject.revision,
    step: row.subject.step,
    attempt: row.subject.attempt,
    body: key.seal(bodyPlace(row.id), row.body),
    due_at: row.dueAt,
    tries: row.tries,
    expires_at: row.expiresAt,
    closed_at: null,
  };
}

/**
 * Claims due rows by moving their due time to the end of the lease: whoever sees a row due may have it, once. Rows
 * that cannot be opened are left out and reported.
 */
export async function claimOutbox(
  database: Database<RecordTables>,
  keys: RunKeys,
  o: { readonly now: number; readonly leaseMs: number; readonly limit: number },
): Promise<{ readonly rows: readonly OutboxRow[]; readonly alarms: readonly JournalEntry[] }> {
  const { now, leaseMs, limit } = o;
  // The usual answer is "nothing": a read costs no commit.
  const due = await database.read((db) => dueIds(db, now, limit).execute());
  if (due.length === 0) {
    return { rows: [], alarms: [] };
  }
  const claimed = await database.unit((tx) =>
    tx
      .updateTable("outbox")
      .set((eb) => ({ due_at: now + leaseMs, tries: eb("tries", "+", 1) }))
      .where("id", "in", dueIds(tx, now, limit))
      // Compared again on the locked row: on PostgreSQL another relay may have been first.
      .where("due_at", "<=", now)
      .where("closed_at", "is", null)
      .returningAll()
      .execute(),
  );
  const rows: OutboxRow[] = [];
  const alarms: JournalEntry[] = [];
  for (const row of claimed.toSorted((a, b) => compare(due, a.id, b.id))) {
    try {
      rows.push(fromRow(row, await keys.get(row.run)));
    } catch (error) {
      if (!(error instanceof AppError) || (error.code !== "sealed-broken" && error.code !== "erased")) {
        throw error;
      }
      await postponeOutbox(database, row.id, now + brokenMs);
      alarms.push({
        kind: "alarm",
        run: row.run,
        facts: { code: error.code, table: "outbox", row: row.id },
      });
    }
  }
  return { rows, alarms };
}

/** After a sending: when to send again if nothing closes the row before. */
export async function postponeOutbox(
  database: Database<RecordTables>,
  id: string,
  dueAt: number,
): Promise<void> {
  await database.unit((tx) =>
    tx
      .updateTable("outbox")
      .set({ due_at: dueAt })
      .where("id", "=", id)
      .where("closed_at", "is", null)
      .execute(),
  );
}

export async function closeOutbox(
  tx: Kysely<RecordTables>,
  ids: readonly string[],
  now: number,
): Promise<void> {
  if (ids.length > 0) {
    await tx
      .updateTable("outbox")
      .set({ closed_at: now })
      .where("id", "in", ids)
      .where("closed_at", "is", null)
      .execute();
  }
}

function dueIds(db: Kysely<RecordTables>, now: number, limit: number) {
  return db
    .selectFrom("outbox")
    .select("id")
    .where("closed_at", "is", null)
    .where("due_at", "<=", now)
    .orderBy("due_at")
    .orderBy("id")
    .limit(limit);
}
function compare(order: readonly { readonly id: string }[], a: string, b: string): number {
  return order.findIndex((each) => each.id === a) - order.findIndex((each) => each.id === b);
}

function fromRow(row: RecordTables["outbox"], key: RunKey): OutboxRow {
  return {
    id: row.id,
    to: row.recipient,
    kind: row.kind,
    subject: { run: row.run, revision: row.revision, step: row.step, attempt: row.attempt },
    body: key.open(bodyPlace(row.id), row.body),
    dueAt: row.due_at,
    tries: row.tries,
    expiresAt: row.expires_at,
  };
}
function bodyPlace(id: string): SealPlace {
  return { table: "outbox", row: id, column: "body", version: 1 };
}
