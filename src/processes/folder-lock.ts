import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../errors.ts";

/**
 * Holds a folder for this process: refused at once when another one has it, free again after kill -9. Creates the
 * folder (0700) when it is missing.
 */
export function lockFolder(folder: string, what: string): { release(): void } {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(path.join(folder, "lock.db"), { timeout: 0 });
    database.exec("begin exclusive");
  } catch (error) {
    database?.close();
    const reason = error instanceof Error ? error.message : String(error);
    if (/locked|busy/i.test(reason)) {
      throw new AppError("data-in-use", `${what} is already running on the data folder ${folder}`);
    }
    throw new AppError("data-not-writable", `the data folder ${folder} cannot be written: ${reason}`);
  }
  const held = database;
  return {
    release() {
      held.close();
    },
  };
}
