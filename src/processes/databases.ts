import path from "node:path";
import { agentStoreMigrations } from "../../adapters/store/agent-store-tables.ts";
import { booksMigrations } from "../../adapters/store/books-tables.ts";
import type { Database } from "../../adapters/store/database.ts";
import { journalMigration } from "../../adapters/store/journal-store.ts";
import type { Migration } from "../../adapters/store/migrate.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import type { Settings } from "../config.ts";
import type { AppError } from "../errors.ts";

export type DatabaseName = "record" | "books" | "gateway";
export interface DatabasePlace {
  readonly name: DatabaseName;
  /** PostgreSQL; undefined: SQLite, `folder/name.db`. */
  readonly url: string | undefined;
  readonly folder: string;
  readonly migrations: readonly Migration[];
}

/**
 * Replies were stored clear once. They are forgotten, with what they answered: whoever still waits is answered anew.
 */
const clearReplies: Migration = {
  name: "gateway-1",
  statements: ["delete from agent_outbox", "delete from agent_inbox"],
};

/** What the gateway has witnessed; the table is as in the books. */
const checkpoints: Migration = {
  name: "gateway-2",
  statements: ["create table checkpoints (id text primary key, at text not null, document text not null)"],
};

/** Where each database of the product lies, and how its tables are made. */
export function databasePlace(settings: Settings, name: DatabaseName): DatabasePlace {
  const { data, databaseUrl, booksDatabaseUrl } = settings;
  const agents = [journalMigration, ...agentStoreMigrations];
  switch (name) {
    case "record":
      return { name, url: databaseUrl, folder: path.join(data, "bot"), migrations: recordMigrations };
    case "books":
      return {
        name,
        url: booksDatabaseUrl,
        folder: path.join(data, "books"),
        migrations: [...booksMigrations, ...agents],
      };
    case "gateway":
      return {
        name,
        url: undefined,
        folder: path.join(data, "gateway"),
        migrations: [...agents, clearReplies, checkpoints],
      };
  }
}

/** Opens one of them; `S` are the tables its migrations make. See `openDatabase`. */
export function openPlace<S>(
  { name, url, folder, migrations }: DatabasePlace,
  onLost: (error: AppError) => void = () => undefined,
): Promise<Database<S>> {
  return openDatabase<S>({ name, migrations, onLost, ...(url === undefined ? { folder } : { url }) });
}
