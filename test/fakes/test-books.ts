import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { agentStoreMigrations, type AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import { booksMigrations, type BookTables } from "../../adapters/store/books-tables.ts";
import type { Database } from "../../adapters/store/database.ts";
import { journalMigration } from "../../adapters/store/journal-store.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { startPostgres } from "./postgres.ts";

/** An empty database for the books and the agents' stores, gone when closed. */
export interface TestBooks {
  readonly database: Database<BookTables & AgentStoreTables>;
  /** Where the engine is a server: whoever knows it is one more owner. */
  readonly url?: string;
  /** A second owner of the same database, where the engine allows one. */
  again?(): Promise<Database<BookTables & AgentStoreTables>>;
  close(): Promise<void>;
}

const common = { name: "books", migrations: [...booksMigrations, journalMigration, ...agentStoreMigrations] };

/** On SQLite in a temporary folder. */
export async function sqliteTestBooks(): Promise<TestBooks> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-books-"));
  const database = await openDatabase<BookTables & AgentStoreTables>({ ...common, folder });
  return {
    database,
    async close() {
      await database.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** On the test process's PostgreSQL, which the test file stops. */
export async function postgresTestBooks(): Promise<TestBooks> {
  const server = await startPostgres();
  const url = await server.createDatabase();
  const open = () => openDatabase<BookTables & AgentStoreTables>({ ...common, url });
  const database = await open();
  return { database, url, again: open, close: () => database.close() };
}
