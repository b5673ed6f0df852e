import type { Kysely } from "kysely";
import { z } from "zod";
import { canonicalJson } from "../../src/canonical.ts";
import type { ChainHead, JournalRecord, StoredJournalRecord } from "../../src/journal.ts";
import { genesis, nextRecord } from "../../src/journal.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { BatchStatement, Database } from "./database.ts";
import { type Columns, insertion, quoted, statementOver } from "./many-rows.ts";
import type { Migration } from "./migrate.ts";

/** The journal in a database: the record and the books have the same two tables. */
export interface JournalTables {
  readonly journal: {
    readonly writer: string;
    readonly seq: number;
    readonly at: number;
    readonly kind: string;
    readonly run: string | null;
    /** JSON */
    readonly facts: string;
    readonly body: Uint8Array | null;
    readonly body_hash: string | null;
    readonly prev: string;
    readonly hash: string;
  };
  readonly chains: {
    readonly writer: string;
    readonly seq: number;
    readonly hash: string;
  };
}

const journalColumns: Columns<JournalTables["journal"]> = {
  writer: "text",
  seq: "bigint",
  at: "bigint",
  kind: "text",
  run: "text",
  facts: "text",
  body: "bytea",
  body_hash: "text",
  prev: "text",
  hash: "text",
};
const moveColumns = {
  writer: "text",
  seq: "bigint",
  hash: "text",
  old_seq: "bigint",
  old_hash: "text",
} as const;

export const journalMigration: Migration = {
  name: "journal-1",
  statements: [
    `create table journal (
      writer text not null, seq bigint not null, at bigint not null, kind text not null, run text,
      facts text not null, body bytea, body_hash text, prev text not null, hash text not null,
      primary key (writer, seq))`,
    "create index journal_run on journal (run)",
    "create table chains (writer text primary key, seq bigint not null, hash text not null)",
  ],
};

/** Seals an entry's body for the journal row given; without it bodies are stored as clear canonical JSON. */
export type SealBody = (row: string, entry: JournalEntry) => Uint8Array;

interface Appended {
  readonly writer: string;
  readonly at: number;
  readonly entries: readonly JournalEntry[];
  readonly seal?: SealBody;
}

/**
 * Appends to the writer's chain, inside the unit of what is recorded. Call it last in a unit: on PostgreSQL the
 * chain's row is locked from here to the commit. Resolves with the chain's new head.
 */
export async function appendJournal<S extends JournalTables>(
  tx: Kysely<S>,
  o: Appended,
): Promise<ChainHead | undefined> {
  const db = tx as unknown as Kysely<JournalTables>;
  const { writer, entries } = o;
  if (entries.length === 0) {
    return undefined;
  }
  // The sequence numbers are taken here; the row still holds the hash of the record before.
  const chain = await db
    .insertInto("chains")
    .values({ writer, seq: entries.length, hash: genesis })
    .onConflict((conflict) =>
      conflict.column("writer").doUpdateSet((eb) => ({ seq: eb("chains.seq", "+", entries.length) })),
    )
    .returning(["seq", "hash"])
    .executeTakeFirstOrThrow();
  const { head, rows } = rowsAfter({ writer, seq: chain.seq - entries.length, hash: chain.hash }, o);
  await Promise.all([
    db
      .insertInto("journal")
      .values([...rows])
      .execute(),
    db.updateTable("chains").set({ hash: head.hash }).where("writer", "=", writer).execute(),
  ]);
  return head;
}

/** The same as statements, for a writer who knows where the chain ended: refused where somebody has written to it since. */
export function journalStatements(
  engine: Database<unknown>["engine"],
  known: ChainHead,
  o: Appended,
): { readonly head: ChainHead; readonly statements: readonly BatchStatement[] } {
  const { head, rows } = rowsAfter(known, o);
  const move = { ...head, old_seq: known.seq, old_hash: known.hash };
  const moved = statementOver(
    engine,
    moveColumns,
    [move],
    (moves) =>
      `with next (${quoted(moveColumns)}) as (${moves}) update chains set seq = next.seq, hash = next.hash from next ` +
      "where chains.writer = next.writer and chains.seq = next.old_seq and chains.hash = next.old_hash returning chains.writer",
  );
  const written = insertion(engine, "journal", { columns: journalColumns, rows });
  return { head, statements: [{ ...moved, returns: 1 }, written] };
}

function rowsAfter(
  known: ChainHead,
  { writer, at, entries, seal = clearBody }: Appended,
): { readonly head: ChainHead; readonly rows: readonly JournalTables["journal"][] } {
  let head = known;
  const rows = entries.map((entry) => {
    const row = journalRow(writer, head.seq + 1);
    const body = entry.body === undefined ? null : seal(row, entry);
    const record = nextRecord(head, at, entry, body);
    head = record;
    return toRow(record, body);
  });
  return { head: { writer, seq: head.seq, hash: head.hash }, rows };
}

/** The name of a journal row, as sealed bodies are bound to it. */
export function journalRow(writer: string, seq: number): string {
  return `${writer}/${seq}`;
}

const pageRows = 1_000;

/** Which records are read: of a run, written at or after `since`, before `until`. Milliseconds. */
export interface JournalFilter {
  readonly run?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** Records, ordered by writer and sequence number, in pages; committed ones only. */
export async function* readJournalPages<S extends JournalTables>(
  database: Database<S>,
  { run, since, until }: JournalFilter = {},
): AsyncGenerator<readonly StoredJournalRecord[]> {
  let after = { writer: "", seq: 0 };
  for (;;) {
    const { writer, seq } = after;
    const rows = await database.read((db) =>
      (db as unknown as Kysely<JournalTables>)
        .selectFrom("journal")
        .selectAll()
        .where((eb) =>
          eb.or([eb("writer", ">", writer), eb.and([eb("writer", "=", writer), eb("seq", ">", seq)])]),
        )
        .$if(run !== undefined, (query) => query.where("run", "=", run ?? null))
        .$if(since !== undefined, (query) => query.where("at", ">=", since ?? 0))
        .$if(until !== undefined, (query) => query.where("at", "<", until ?? 0))
        .orderBy("writer")
        .orderBy("seq")
        .limit(pageRows)
        .execute(),
    );
    const last = rows.at(-1);
    if (last === undefined) {
      return;
    }
    yield rows.map(fromRow);
    after = last;
  }
}

/** The same, one by one. */
export async function* readJournal<S extends JournalTables>(
  database: Database<S>,
): AsyncGenerator<StoredJournalRecord> {
  for await (const page of readJournalPages(database)) {
    yield* page;
  }
}

/** The chains' heads as the database itself holds them. */
export async function readChainHeads<S extends JournalTables>(
  database: Database<S>,
): Promise<readonly ChainHead[]> {
  return database.read((db) =>
    (db as unknown as Kysely<JournalTables>).selectFrom("chains").selectAll().orderBy("writer").execute(),
  );
}

/**
 * Up to `limit` records beyond the heads given, without bodies: writer by writer, each in order. A writer without a
 * head is read from its first record.
 */
export async function readJournalAfter<S extends JournalTables>(
  database: Database<S>,
  heads: readonly ChainHead[],
  limit: number,
): Promise<readonly JournalRecord[]> {
  const known = new Map(heads.map((head) => [head.writer, head.seq]));
  const records: JournalRecord[] = [];
  for (const { writer, seq } of await readChainHeads(database)) {
    const start = known.get(writer) ?? 0;
    if (seq <= start || records.length >= limit) {
      continue;
    }
    const rows = await database.read((db) =>
      (db as unknown as Kysely<JournalTables>)
        .selectFrom("journal")
        .select(["writer", "seq", "at", "kind", "run", "facts", "body_hash", "prev", "hash"])
        .where("writer", "=", writer)
        .where("seq", ">", start)
        .orderBy("seq")
        .limit(limit - records.length)
        .execute(),
    );
    records.push(...rows.map(recordFrom));
  }
  return records;
}

const factsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

type BodilessRow = Omit<JournalTables["journal"], "body">;

function fromRow(row: JournalTables["journal"]): StoredJournalRecord {
  return { ...recordFrom(row), body: row.body };
}
function recordFrom(row: BodilessRow): JournalRecord {
  const { writer, seq, at, kind, run, body_hash: bodyHash, prev, hash } = row;
  return { writer, seq, at, kind, run, facts: parseFacts(row), bodyHash, prev, hash };
}
/** What cannot be read was altered: verifying then names the record, because its hash cannot match. */
function parseFacts(row: BodilessRow): StoredJournalRecord["facts"] {
  try {
    return factsSchema.parse(JSON.parse(row.facts));
  } catch {
    return { unreadable: row.facts };
  }
}
function toRow(record: JournalRecord, body: Uint8Array | null): JournalTables["journal"] {
  const { writer, seq, at, kind, run, facts, bodyHash, prev, hash } = record;
  return { writer, seq, at, kind, run, facts: JSON.stringify(facts), body, body_hash: bodyHash, prev, hash };
}
function clearBody(_row: string, entry: JournalEntry): Uint8Array {
  return Buffer.from(canonicalJson(entry.body));
}
