import path from "node:path";
import { z } from "zod";
import { type BooksAccess, openBooks } from "../../adapters/store/books-database.ts";
import { booksMigration, type BookTables } from "../../adapters/store/books-tables.ts";
import { agentStoreMigration, type AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import type { Database } from "../../adapters/store/database.ts";
import { journalMigration } from "../../adapters/store/journal-store.ts";
import { bookSchemas } from "../../adapters/store/books-schema.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import type { BookRow } from "../book-rows.ts";
import { controlClient } from "../commands/control-client.ts";
import type { Settings } from "../config.ts";
import type { Person, Role } from "../domain.ts";
import { AppError } from "../errors.ts";
import { seedCompany } from "../sandbox/company/seed-company.ts";

export type BooksTables = BookTables & AgentStoreTables;
export interface CompanyBooks {
  readonly database: Database<BooksTables>;
  readonly books: BooksAccess;
}

/** Opens the company's books, SQLite in the data folder or PostgreSQL; with `demo`, fills empty ones. */
export async function openCompanyBooks(
  settings: Settings,
  demo: boolean,
  onLost: (error: AppError) => void = () => undefined,
): Promise<CompanyBooks> {
  const database = await openDatabase<BooksTables>({
    name: "books",
    migrations: [booksMigration, journalMigration, agentStoreMigration],
    onLost,
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

const peopleReply = z.object({ rows: z.array(bookSchemas.people) });

/**
 * The people of the books as the trust document lists them: from the agents process while it runs, which then owns
 * the books.
 */
export async function readPeople(settings: Settings, demo: boolean): Promise<readonly Person[]> {
  const rows = (await askForPeople(settings)) ?? (await lookUpPeople(settings, demo));
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    // The schema of the kind lets only these words through.
    roles: row.roles.split(";") as Role[],
    active: row.active === "yes",
    ...(row.osUser === "" ? {} : { osUser: row.osUser }),
  }));
}
async function askForPeople(settings: Settings): Promise<readonly BookRow<"people">[] | undefined> {
  try {
    return peopleReply.parse(await controlClient(settings.runtime, "agents").get("/books/people")).rows;
  } catch (error) {
    if (error instanceof AppError && error.code === "not-running") {
      return undefined;
    }
    throw error;
  }
}
async function lookUpPeople(settings: Settings, demo: boolean): Promise<readonly BookRow<"people">[]> {
  const { database, books } = await openCompanyBooks(settings, demo);
  try {
    return await books.reader.find("people");
  } finally {
    await database.close();
  }
}
