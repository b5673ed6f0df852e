import { chmodSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { notWritable, sqliteError } from "../../adapters/store/database-errors.ts";

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
    if (error instanceof Error && "errcode" in error && typeof error.errcode === "number") {
      throw sqliteError({ errcode: error.errcode, message: error.message }, file);
    }
    throw notWritable(path.dirname(file), error instanceof Error ? error.message : String(error), false);
  }
}
