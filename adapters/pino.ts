import { writeSync } from "node:fs";
import { pino, type Level } from "pino";
import type { Logger } from "../src/ports.ts";

/** Lines kept for a file that cannot be written now; beyond this they are lost. */
const maxKeptBytes = 1_048_576;
const stderr = 2;

/**
 * Structured JSON lines to a file (0600) or, without one, to stderr. Ids and codes only; see `Logger`. Logging never
 * fails: that the file cannot be written (the disk is full) is said on stderr once, and its lines follow when it can be.
 */
export function openLogger(o: {
  readonly name: string;
  readonly level: Level;
  readonly file?: string;
}): Logger {
  const base = { name: o.name, pid: process.pid };
  const destination = pino.destination({
    dest: o.file ?? stderr,
    sync: true,
    mkdir: true,
    mode: 0o600,
    maxLength: maxKeptBytes,
  });
  let isTold = false;
  destination.on("error", (error: NodeJS.ErrnoException) => {
    if (!isTold && o.file !== undefined) {
      isTold = true;
      const line = { time: Date.now(), ...base, file: o.file, code: error.code, msg: "log-not-written" };
      try {
        writeSync(stderr, `${JSON.stringify(line)}\n`);
      } catch {
        // There is nowhere to say it.
      }
    }
  });
  destination.on("write", () => {
    isTold = false;
  });
  const log = pino({ name: o.name, level: o.level, base }, destination);
  return {
    info: (fields, event) => log.info(fields, event),
    warn: (fields, event) => log.warn(fields, event),
    error: (fields, event) => log.error(fields, event),
  };
}
