import { z } from "zod";
import { type BooksAccess, openBooks } from "../../adapters/store/books-database.ts";
import type { BookTables } from "../../adapters/store/books-tables.ts";
import type { AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import type { Database } from "../../adapters/store/database.ts";
import { bookSchemas } from "../../adapters/store/books-schema.ts";
import { readAccounts } from "../accounts.ts";
import type { BookRow } from "../book-rows.ts";
import { controlClient, ifRunning } from "../commands/control-client.ts";
import type { Settings } from "../config.ts";
import type { Person, Role } from "../domain.ts";
import type { AppError } from "../errors.ts";
import { seedCompany } from "../sandbox/company/seed-company.ts";
import { databasePlace, openPlace } from "./databases.ts";

export type BooksTables = BookTables & AgentStoreTables;
export interface CompanyBooks {
  readonly database: Database<BooksTables>;
  readonly books: BooksAccess;
}

/** Opens the company's books, SQLite in the data folder or PostgreSQL; with `demo`, fills empty ones. */
export async function openCompanyBooks(
  settings: Settings,
  demo: boolean,
  onLost?: (error: AppError) => void,
): Promise<CompanyBooks> {
  const database = await openPlace<BooksTables>(databasePlace(settings, "books"), onLost);
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
  const agents = controlClient(settings.runtime, "agents");
  const rows = await ifRunning<readonly BookRow<"people">[]>(
    async () => peopleReply.parse(await agents.get("/books/people")).rows,
    () => lookUpPeople(settings, demo),
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    // The schema of the kind lets only these words through.
    roles: row.roles.split(";") as Role[],
    active: row.active === "yes",
    ...(row.osUser === "" ? {} : { osUser: row.osUser }),
    accounts: readAccounts(row.accounts),
  }));
}
async function lookUpPeople(settings: Settings, demo: boolean): Promise<readonly BookRow<"people">[]> {
  const { database, books } = await openCompanyBooks(settings, demo);
  try {
    return await books.reader.find("people");
  } finally {
    await database.close();
  }
}
