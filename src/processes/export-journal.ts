import { z } from "zod";
import type { Database } from "../../adapters/store/database.ts";
import {
  type JournalFilter,
  type JournalTables,
  readChainHeads,
  readJournalPages,
} from "../../adapters/store/journal-store.ts";
import { chainHeadSchema, journalRecordSchema } from "../checkpoint-schema.ts";
import type { Json } from "../domain.ts";
import type { StoredJournalRecord } from "../journal.ts";
import { parsedJson } from "../parsed-json.ts";
import type { DatabaseName } from "./databases.ts";

/** The lines of an exported journal; see README, "The journal". */

const databaseSchema = z.enum(["record", "books", "gateway"]);
const timeSchema = z.iso.datetime({ precision: 3 });

/** First of the file. */
export const exportSchema = z.strictObject({
  type: z.literal("journal"),
  version: z.literal(1),
  at: timeSchema,
  /** What was chosen; null everywhere: all of it. */
  run: z.string().nullable(),
  since: timeSchema.nullable(),
  until: timeSchema.nullable(),
});
/** Before the records of a database: its chains' ends, and what its witness signed. */
export const headsSchema = z.strictObject({
  type: z.literal("heads"),
  database: databaseSchema,
  heads: z.array(chainHeadSchema),
  checkpoints: z.array(z.string()),
});
export const recordSchema = journalRecordSchema.omit({ at: true }).extend({
  type: z.literal("record"),
  database: databaseSchema,
  at: timeSchema,
  /** Only where texts were asked for: the body as stored, in base64, and opened; null: it was erased. */
  body: z.base64().optional(),
  text: parsedJson.optional(),
});
/** Last of the file: without it something is missing. */
export const endSchema = z.strictObject({ type: z.literal("end"), records: z.int().min(0) });

export type HeadsLine = z.output<typeof headsSchema>;
export type RecordLine = z.output<typeof recordSchema>;
/** Opens a body; null when its key was destroyed. */
export type OpenText = (record: StoredJournalRecord) => Promise<Json>;

/** The lines of one database, in batches: first its heads (without checkpoints), then its records. */
export async function* exportLines<S extends JournalTables>(
  database: DatabaseName,
  from: Database<S> | undefined,
  o: { readonly filter: JournalFilter; readonly open?: OpenText | undefined },
): AsyncGenerator<readonly (HeadsLine | RecordLine)[]> {
  // Heads first: what is appended meanwhile is beyond them.
  const heads = from === undefined ? [] : await readChainHeads(from);
  yield [{ type: "heads", database, heads: [...heads], checkpoints: [] }];
  if (from === undefined) {
    return;
  }
  for await (const page of readJournalPages(from, o.filter)) {
    yield await Promise.all(page.map((record) => recordLine(database, record, o.open)));
  }
}

async function recordLine(
  database: DatabaseName,
  record: StoredJournalRecord,
  open: OpenText | undefined,
): Promise<RecordLine> {
  const { body, at, writer, seq, kind, run, facts, bodyHash, prev, hash } = record;
  return {
    type: "record",
    database,
    writer,
    seq,
    at: new Date(at).toISOString(),
    kind,
    run,
    facts,
    bodyHash,
    prev,
    hash,
    ...(open === undefined || body === null
      ? {}
      : { body: Buffer.from(body).toString("base64"), text: await open(record) }),
  };
}
