import type { Kysely } from "kysely";
import { z } from "zod";
import type { MessageId, Run, ThreadId } from "../../src/domain.ts";
import type { CardRecord, CardRow, RunCommit } from "../../src/record-types.ts";
import type { BatchStatement, Database } from "./database.ts";
import { quoted, statementOver } from "./many-rows.ts";
import type { Opening } from "./open-rows.ts";
import { openRunIdentity } from "./record-identity.ts";
import { ofRun } from "./record-queries.ts";
import type { OfRun } from "./record-rows.ts";
import { readable } from "./record-rows.ts";
import { cardColumns } from "./record-columns.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import { sealedBroken, type SealPlace } from "./sealed.ts";

/** The cards' copies, each with its run. */

type CopyId = Pick<CardRow, "key" | "copy">;
const text = z.string();
/** The end of a posting that is over: long past, but not "never begun". */
const over = 1;

/** A copy's name in seals and alarms. */
function copyName({ key, copy }: CopyId): string {
  return copy === 0 ? key : `${key}/${copy}`;
}
function sealPlace(row: CopyId, column: "message" | "place"): SealPlace {
  return { table: "cards", row: copyName(row), column, version: 1 };
}

/** Fails with "sealed-broken" when somebody else changed where it stands. */
export const ofCards: Opening<OfRun<"cards">, CardRow> = {
  table: "cards",
  id: ({ row }) => copyName(row),
  run: ({ row }) => row.run,
  open: cardFrom,
};
function cardFrom({ row, run }: OfRun<"cards">, key: RunKey): CardRow {
  return readable("cards", copyName(row), () => ({
    key: row.key,
    copy: row.copy,
    run: row.run,
    thread: threadOf({ row, run }, key),
    version: row.version,
    shownVersion: row.shown_version,
    message: row.message === null ? null : text.parse(key.open(sealPlace(row, "message"), row.message)),
    barred: row.barred === 1,
  }));
}
function threadOf({ row, run }: OfRun<"cards">, key: RunKey): ThreadId {
  const { thread } = openRunIdentity(run, key);
  const place = sealPlace(row, "place");
  if ((row.copy === 0) !== (row.place === null)) {
    throw sealedBroken(place);
  }
  return row.place === null ? thread : (text.parse(key.open(place, row.place)) as ThreadId);
}

/** Raises the version of all copies of the cards that commits change; writes those of new cards. */
export function cardStatements(
  engine: Database<unknown>["engine"],
  commits: readonly { readonly commit: RunCommit; readonly key: RunKey }[],
): readonly BatchStatement[] {
  const changed = commits.flatMap(({ commit: { run, expectedVersion, cards = [] }, key }) =>
    cards.map((card) => ({ card, run, key, isNew: expectedVersion === 0 })),
  );
  // A new run has no cards yet.
  const maybeKnown = changed.filter(({ isNew }) => !isNew).map(({ card }) => ({ key: card.key }));
  const rows = changed.flatMap(({ card, run, key }) =>
    newCopies(card.key, run, card.threads ?? [run.thread], key),
  );
  const raised = (keys: string): string =>
    `with changed ("key") as (${keys}) update cards set version = version + 1 from changed where cards.key = changed.key`;
  const written = (copies: string): string =>
    `with fresh (${quoted(cardColumns)}) as (${copies}) insert into cards (${quoted(cardColumns)}) ` +
    "select * from fresh where not exists (select 1 from cards where cards.key = fresh.key)";
  return [
    ...(maybeKnown.length === 0 ? [] : [statementOver(engine, { key: "text" }, maybeKnown, raised)]),
    ...(rows.length === 0 ? [] : [statementOver(engine, cardColumns, rows, written)]),
  ];
}
function newCopies(
  card: string,
  run: Run,
  threads: readonly ThreadId[],
  key: RunKey,
): readonly RecordTables["cards"][] {
  const others = [...new Set(threads)].filter((thread) => thread !== run.thread);
  const own = { ...newCard, key: card, run: run.id, urgency: urgencyOf(card), copy: 0, place: null };
  return [
    ...(threads.includes(run.thread) ? [own] : []),
    ...others.map((thread, index) => copyAt(own, index + 1, thread, key)),
  ];
}
const newCard = {
  version: 1,
  shown_version: 0,
  message: null,
  retry_at: 0,
  posting_until: 0,
  drawing_until: 0,
  barred: 0,
};
function urgencyOf(card: string): number {
  return card.startsWith("approval-") ? 0 : 1;
}
function copyAt(
  card: Omit<RecordTables["cards"], "copy" | "place">,
  copy: number,
  thread: ThreadId,
  key: RunKey,
): RecordTables["cards"] {
  return { ...card, copy, place: key.seal(sealPlace({ key: card.key, copy }, "place"), thread) };
}

/** Adds copies to a card that stands somewhere, and bars or unbars those there were. */
export async function placeCard(
  database: Database<RecordTables>,
  { key: card, run }: Pick<CardRow, "key" | "run">,
  { add, barred }: Parameters<CardRecord["placeCard"]>[1],
  key: RunKey,
): Promise<void> {
  const fresh = { ...newCard, key: card, run, urgency: urgencyOf(card) };
  await database.unit(async (tx) => {
    for (const [copy, isBarred] of barred) {
      const change = isBarred ? 1 : 0;
      await updateCopy(tx, { key: card, copy })
        .set((eb) => ({ barred: change, version: eb("version", "+", 1) }))
        .where("barred", "<>", change)
        .execute();
    }
    const { last } = await tx
      .selectFrom("cards")
      .select((eb) => eb.fn.max("copy").as("last"))
      .where("key", "=", card)
      .executeTakeFirstOrThrow();
    if (add.length > 0) {
      // Where another bot adds the same ones at this moment, one of the two does.
      await tx
        .insertInto("cards")
        .values(add.map((thread, index) => copyAt(fresh, last + 1 + index, thread, key)))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  });
}

function cardsOfRuns(db: Kysely<RecordTables>) {
  return db
    .selectFrom("cards")
    .innerJoin("runs", "runs.id", "cards.run")
    .selectAll("cards")
    .select(["runs.requester", "runs.thread", "runs.identity as run_identity"]);
}

export async function cardRows(
  database: Database<RecordTables>,
  key: string,
): Promise<readonly OfRun<"cards">[]> {
  const rows = await database.read((db) =>
    cardsOfRuns(db).where("cards.key", "=", key).orderBy("cards.copy").execute(),
  );
  return rows.map((row) => ofRun<"cards">(row));
}

/** Approvals first; those postponed least first. */
export async function staleCards(
  database: Database<RecordTables>,
  now: number,
  limit: number,
): Promise<readonly OfRun<"cards">[]> {
  const rows = await database.read((db) =>
    cardsOfRuns(db)
      .whereRef("cards.shown_version", "<", "cards.version")
      .where("cards.retry_at", "<=", now)
      .orderBy("cards.urgency")
      .orderBy("cards.retry_at")
      .orderBy("cards.key")
      .orderBy("cards.copy")
      .limit(limit)
      .execute(),
  );
  return rows.map((row) => ofRun<"cards">(row));
}

function updateCopy(tx: Kysely<RecordTables>, { key, copy }: CopyId) {
  return tx.updateTable("cards").where("key", "=", key).where("copy", "=", copy);
}

/** Takes the posting of a copy by compare-and-set. */
export async function beginPost(
  database: Database<RecordTables>,
  card: CopyId,
  { now, leaseMs }: { readonly now: number; readonly leaseMs: number },
): Promise<"first" | "again" | "taken"> {
  return database.unit(async (tx) => {
    const begun = updateCopy(tx, card).set({ posting_until: now + leaseMs });
    const first = await begun.where("posting_until", "=", 0).executeTakeFirst();
    if (first.numUpdatedRows === 1n) {
      return "first";
    }
    const again = await begun.where("posting_until", "<=", now).executeTakeFirst();
    return again.numUpdatedRows === 1n ? "again" : "taken";
  });
}

/** Takes the drawing of a copy by compare-and-set. */
export async function beginDraw(
  database: Database<RecordTables>,
  card: CopyId,
  { now, leaseMs }: { readonly now: number; readonly leaseMs: number },
): Promise<boolean> {
  const taken = await database.unit((tx) =>
    updateCopy(tx, card)
      .set({ drawing_until: now + leaseMs })
      .where("drawing_until", "<=", now)
      .whereRef("shown_version", "<", "version")
      .executeTakeFirst(),
  );
  return taken.numUpdatedRows === 1n;
}

/** Postings under way are those of a process that is dead. */
export async function endPosts(tx: Kysely<RecordTables>, now: number): Promise<void> {
  await tx
    .updateTable("cards")
    .set({ posting_until: over })
    // What is being posted is not shown yet: this is the partial index.
    .whereRef("shown_version", "<", "version")
    .where("posting_until", ">", now)
    .execute();
}

export async function cardShown(
  database: Database<RecordTables>,
  card: CardRow,
  message: MessageId | null,
  key: RunKey,
): Promise<void> {
  const change = {
    message: message === null ? null : key.seal(sealPlace(card, "message"), message),
    // Also an older one than was shown before: a slow drawing by another bot may have come last.
    shown_version: card.version,
    retry_at: 0,
    drawing_until: 0,
    ...(message === null ? {} : { posting_until: over }),
  };
  await database.unit((tx) => updateCopy(tx, card).set(change).execute());
}

export async function postponeCard(
  database: Database<RecordTables>,
  card: CopyId,
  retryAt: number,
  o: { readonly unposted?: boolean } = {},
): Promise<void> {
  await database.unit((tx) =>
    updateCopy(tx, card)
      .set((eb) => ({
        retry_at: retryAt,
        drawing_until: 0,
        posting_until:
          o.unposted === true
            ? 0
            : eb.case().when("posting_until", ">", retryAt).then(retryAt).else(eb.ref("posting_until")).end(),
      }))
      .execute(),
  );
}
