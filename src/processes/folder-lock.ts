import { accessSync, chmodSync, constants } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openingError } from "../../adapters/store/database-errors.ts";
import { makeFolder } from "../../adapters/store/make-folder.ts";
import { AppError } from "../errors.ts";

/**
 * Holds a folder for this process: refused at once when another one has it, free again after kill -9. Creates the
 * folder (0700) when it is missing.
 */
export function lockFolder(folder: string, what: string): { release(): void } {
  makeFolder(folder);
  const file = path.join(folder, "lock.db");
  let database: DatabaseSync | undefined;
  try {
    // SQLite would open a lock that it cannot write for reading, and hold nothing.
    accessSync(folder, constants.W_OK);
    database = new DatabaseSync(file, { timeout: 0 });
    chmodSync(file, 0o600);
    database.exec("begin exclusive");
  } catch (error) {
    database?.close();
    throw lockError(error, file, what);
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) {
        held.close();
      }
    },
  };
}

function lockError(error: unknown, file: string, what: string): AppError {
  const known = openingError(error, file);
  return known.code === "data-in-use"
    ? new AppError("data-in-use", `${what} is already running on the data folder ${path.dirname(file)}`)
    : known;
}
