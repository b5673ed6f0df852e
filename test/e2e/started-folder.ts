import { cpSync, existsSync } from "node:fs";

/**
 * A first start makes keys, grants, atServers and books: most of what a system costs a test. `test/run.ts` does it once,
 * and systems that differ from a plain one in nothing begin with a copy of that folder: theirs are later starts.
 */
const place = "COUNTERSIGN_TEST_STARTED";
/** What changes nothing of what a first start leaves behind. */
const harmless: ReadonlySet<string> = new Set(["NODE_OPTIONS"]);

/** Tells this process's children of the data folder of a plain system that was started once, and stopped. */
export function offerStarted(data: string): void {
  process.env[place] = data;
}

/** Fills a data folder that is not there yet, where a system with nothing special but `differences` may have a copy. */
export function fillFromStarted(data: string, differences: readonly string[]): void {
  const from = process.env[place];
  if (from !== undefined && !existsSync(data) && differences.every((name) => harmless.has(name))) {
    // Files keep their modes, folders get the process's own.
    const before = process.umask(0o077);
    cpSync(from, data, { recursive: true });
    process.umask(before);
  }
}
