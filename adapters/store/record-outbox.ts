import type { ExpressionBuilder, Kysely } from "kysely";
import { z } from "zod";
import { farWaitMs } from "../../src/clock-ahead.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import type { Opening, RowOpener } from "./open-rows.ts";
import { contentName, ofContents } from "./record-contents.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

/** A row that cannot be opened is looked at again that much later; meanwhile the others are sent. */
export const brokenMs = 3_600_000;

/** Instead of a body that is a text of its step: the text's name. */
const namedText = z.strictObject({ "countersign/text": z.string() });

/** `text`: the name of the text that the body is, written by the same commit; it is not written twice. */
export function outboxRow(
  row: OutboxRow,
  { key, now, text }: { readonly key: RunKey; readonly now: number; readonly text: string | undefined },
): RecordTables["outbox"] {
  const clear = {
    id: row.id,
    recipient: row.to,
    kind: row.kind,
    run: row.subject.run,
    revision: row.subject.revision,
    step: row.subject.step,
    attempt: row.subject.attempt,
  };
  return {
    ...clear,
    instance: row.instance ?? null,
    fencing: row.fencing ?? null,
    body: key.seal(bodyPlace(clear), text === undefined ? row.body : { "countersign/text": text }),
    due_at: row.dueAt,
    tries: row.tries,
    expires_at: row.expiresAt,
    closed_at: null,
    created_at: now,
    requester: row.requester ?? null,
  };
}

/**
 * Claims due rows by moving their due time to the end of the lease: whoever sees a row due may have it, once. Rows
 * that cannot be opened are put aside.
 */
export async function claimOutbox(
  database: Database<RecordTables>,
  rows: RowOpener,
  o: { readonly now: number; readonly leaseMs: number; readonly limit: number },
): Promise<readonly OutboxRow[]> {
  const { now, leaseMs, limit } = o;
  // The usual answer is "nothing": a read costs no commit.
  const due = await database.read((db) => dueIds(db, now, limit).execute());
  if (due.length === 0) {
    return [];
  }
  const claimed = await database.unit((tx) =>
    tx
      .updateTable("outbox")
      .set((eb) => ({ due_at: now + leaseMs, tries: eb("tries", "+", 1) }))
      .where("id", "in", dueIds(tx, now, limit))
      // Compared again on the locked row: on PostgreSQL another relay may have been first.
      .where(isDue(now))
      .where("closed_at", "is", null)
      .returningAll()
      .execute(),
  );
  const sorted = claimed.toSorted((a, b) => compare(due, a.id, b.id));
  const putAside = ({ id }: { readonly id: string }) => postponeOutbox(database, id, now + brokenMs);
  const opened = await rows.all(sorted, ofOutbox, putAside);
  return withTexts(database, rows, opened, putAside);
}

/** The rows with the texts that their bodies only name. */
async function withTexts(
  database: Database<RecordTables>,
  rows: RowOpener,
  opened: readonly OutboxRow[],
  putAside: (row: OutboxRow) => Promise<void>,
): Promise<readonly OutboxRow[]> {
  const names = new Map(
    opened.flatMap(({ id, body, subject: { run, revision, step } }) => {
      const named = namedText.safeParse(body);
      return named.success ? [[id, { run, revision, step, name: named.data["countersign/text"] }]] : [];
    }),
  );
  if (names.size === 0) {
    return opened;
  }
  const found = await database.read((db) =>
    db
      .selectFrom("contents")
      .selectAll()
      .where((eb) =>
        eb.or(
          [...names.values()].map(({ run, revision, step, name }) => eb.and({ run, revision, step, name })),
        ),
      )
      .execute(),
  );
  const texts = new Map((await rows.all(found, ofContents)).map((each) => [contentName(each), each.value]));
  const whole: OutboxRow[] = [];
  for (const row of opened) {
    const name = names.get(row.id);
    const text = name === undefined ? row.body : texts.get(contentName(name));
    if (text === undefined) {
      await putAside(row);
    } else {
      whole.push({ ...row, body: text });
    }
  }
  return whole;
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

/** Makes open rows due that were claimed before; rows that still wait for their first time are left alone. */
export async function resumeOutbox(tx: Kysely<RecordTables>, now: number): Promise<void> {
  await tx
    .updateTable("outbox")
    .set({ due_at: now })
    .where("closed_at", "is", null)
    .where("tries", ">", 0)
    .where("due_at", ">", now)
    .execute();
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
    .where(isDue(now))
    .orderBy("due_at")
    .orderBy("id")
    .limit(limit);
}
/** Also what a clock that was ahead has put off: nothing waits that long. */
function isDue(now: number) {
  return (eb: ExpressionBuilder<RecordTables, "outbox">) =>
    eb.or([eb("due_at", "<=", now), eb("due_at", ">", now + farWaitMs)]);
}
function compare(order: readonly { readonly id: string }[], a: string, b: string): number {
  return order.findIndex((each) => each.id === a) - order.findIndex((each) => each.id === b);
}

const ofOutbox: Opening<RecordTables["outbox"], OutboxRow> = {
  table: "outbox",
  id: (row) => row.id,
  run: (row) => row.run,
  open: fromRow,
};
function fromRow(row: RecordTables["outbox"], key: RunKey): OutboxRow {
  return {
    id: row.id,
    to: row.recipient,
    ...(row.instance === null ? {} : { instance: row.instance }),
    ...(row.fencing === null ? {} : { fencing: row.fencing }),
    kind: row.kind,
    subject: { run: row.run, revision: row.revision, step: row.step, attempt: row.attempt },
    body: key.open(bodyPlace(row), row.body),
    dueAt: row.due_at,
    tries: row.tries,
    expiresAt: row.expires_at,
    ...(row.requester === null ? {} : { requester: row.requester }),
  };
}
/** To whom it goes and what it is about are bound with the body: who changes them makes it unreadable. */
function bodyPlace(
  row: Pick<RecordTables["outbox"], "id" | "recipient" | "kind" | "run" | "revision" | "step" | "attempt">,
): SealPlace {
  const { id, recipient, kind, run, revision, step, attempt } = row;
  const name = JSON.stringify([id, recipient, kind, run, revision, step, attempt]);
  return { table: "outbox", row: name, column: "body", version: 1 };
}
