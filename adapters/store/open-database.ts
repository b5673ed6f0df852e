import { AppError } from "../../src/errors.ts";
import type { Database } from "./database.ts";
import type { Migration } from "./migrate.ts";
import { openPostgres } from "./postgres-database.ts";
import { openSqlite } from "./sqlite-database.ts";

export interface DatabaseOptions {
  /** `postgres://…`; without it SQLite in `folder`. */
  readonly url?: string;
  /** Created with mode 0700; owned by this process alone while open. */
  readonly folder?: string;
  /** File name (SQLite) or schema (PostgreSQL), e.g. "record". */
  readonly name: string;
  /** In order; applied ones are remembered by name. */
  readonly migrations: readonly Migration[];
  /** Told when an open SQLite database has ended other than by `close`: nothing can be read or written any more. */
  readonly onLost?: (error: AppError) => void;
}

const namePattern = /^[a-z][a-z0-9_]{0,39}$/;

/**
 * Opens the database and brings its tables up to date. Fails with "data-in-use" (another process owns the folder),
 * "data-not-writable", "data-corrupt", "data-newer" (made by a later version) or "data-unavailable".
 */
export async function openDatabase<S>(options: DatabaseOptions): Promise<Database<S>> {
  const { url, folder, name, migrations, onLost } = options;
  if (!namePattern.test(name)) {
    throw new AppError("bad-setting", `database name "${name}" must be lower-case letters, digits and "_"`);
  }
  if (url !== undefined) {
    return openPostgres<S>({ url, name, migrations });
  }
  if (folder === undefined) {
    throw new AppError("bad-setting", `database "${name}" needs a PostgreSQL url or a folder`);
  }
  return openSqlite<S>({ folder, name, migrations, ...(onLost === undefined ? {} : { onLost }) });
}
