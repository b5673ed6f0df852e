import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { notWritable } from "./database-errors.ts";

/** Creates a folder for private data (0700), and its parents, unless it is there; fails with `data-not-writable`. */
export function makeFolder(folder: string): void {
  // Not `recursive`: Node then tries for ever where a parent exists but refuses entries as if it did not (/proc), and
  // calls a read-only disk a missing folder.
  if (existsSync(folder)) {
    return;
  }
  makeFolder(dirname(resolve(folder)));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split(",");
    throw notWritable(folder, why, false);
  }
}
