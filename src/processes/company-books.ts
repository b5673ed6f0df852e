import path from "node:path";
import { type BooksAccess, openBooks } from "../../adapters/store/books-database.ts";
import { booksMigration, type BookTables } from "../../adapters/store/books-tables.ts";
import { agentStoreMigration, type AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import type { Database } from "../../adapters/store/database.ts";
import { journalMigration } from "../../adapters/store/journal-store.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import type { Settings } from "../config.ts";
import type { Person, Role } from "../domain.ts";
import { seedCompany } from "../sandbox/company/seed-company.ts";

export type BooksTables = BookTables & AgentStoreTables;
export interface CompanyBooks {
  readonly database: Database<BooksTables>;
  readonly books: BooksAccess;
}

/** Opens the company's books, SQLite in the data folder or PostgreSQL; with `demo`, fills empty ones. */
export async function openCompanyBooks(settings: Settings, demo: boolean): Promise<CompanyBooks> {
  const database = await openDatabase<BooksTables>({
    name: "books",
    migrations: [booksMigration, journalMigration, agentStoreMigration],
    ...(settings.booksDatabaseUrl === undefined
      ? { folder: path.join(settings.data, "books") }
      : { url: settings.booksDatabaseUrl }),
  });
  const books = openBooks(database);
  if (demo) {
    await books.unit((unit) => seedCompany(unit, { now: () => Date.now() }));
  }
  return { database, books };
}

/** The people of the books as the trust document lists them. */
export async function readPeople(settings: Settings, demo: boolean): Promise<readonly Person[]> {
  const { database, books } = await openCompanyBooks(settings, demo);
  try {
    const rows = await books.reader.find("people");
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      // The schema of the kind lets only these words through.
      roles: row.roles.split(";") as Role[],
      active: row.active === "yes",
      ...(row.osUser === "" ? {} : { osUser: row.osUser }),
    }));
  } finally {
    await database.close();
  }
}
