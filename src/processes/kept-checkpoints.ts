import { z } from "zod";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import type { AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import { noBooks, openBooks } from "../../adapters/store/books-database.ts";
import type { BookTables } from "../../adapters/store/books-tables.ts";
import type { Database } from "../../adapters/store/database.ts";
import type { JournalTables } from "../../adapters/store/journal-store.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { getValue } from "../../adapters/store/record-values.ts";
import { signedKey } from "../link/witness.ts";
import type { DatabaseName } from "./databases.ts";
import { journalWitnesses } from "./journal-witness.ts";
import { systemClock } from "./system.ts";

/** The checkpoints that lie in a database, as text. */
export const keptCheckpointsSchema = z.object({
  /** Of its own journal, as its owner got it back. */
  own: z.string().nullable(),
  /** Of others' journals, by the atSign of their owner without "@". */
  witnessed: z.record(z.string(), z.string()),
});
export type KeptCheckpoints = z.infer<typeof keptCheckpointsSchema>;

/** Reads them; `undefined` stands for a database that is not there. */
export async function readCheckpoints<S extends JournalTables>(
  name: DatabaseName,
  database: Database<S> | undefined,
): Promise<KeptCheckpoints> {
  if (database === undefined) {
    return { own: null, witnessed: {} };
  }
  if (name === "record") {
    const record = database as unknown as Database<RecordTables>;
    return { own: (await getValue(record, signedKey)) ?? null, witnessed: {} };
  }
  // Both have the agents' tables and what was witnessed here.
  const tables = database as unknown as Database<AgentStoreTables & BookTables>;
  const agent = journalWitnesses[name].owner;
  const store = openAgentStore({
    database: tables,
    books: noBooks,
    agent,
    clock: systemClock,
    writer: agent,
  });
  const rows = await openBooks(tables).reader.find("checkpoints");
  return {
    own: (await store.getValue(signedKey)) ?? null,
    witnessed: Object.fromEntries(rows.map(({ id, document }) => [id, document])),
  };
}
