import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { openingError } from "../../adapters/store/database-errors.ts";

/**
 * Opens a database of the sandbox (0600) for this process alone. Committed means safe against kill -9; against power
 * loss only with `synchronous = full`, which callers set for what must not be lost at all. Fails with `data-in-use`,
 * `data-not-writable` or `data-corrupt`.
 */
export function openSandboxDatabase(file: string, schema: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    chmodSync(file, 0o600);
    db.exec("pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal;");
    db.exec(schema);
    return db;
  } catch (error) {
    db?.close();
    throw openingError(error, file);
  }
}
