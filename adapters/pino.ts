import { pino, type Level } from "pino";
import type { Logger } from "../src/ports.ts";

/** Structured JSON lines to a file (0600) or, without one, to stderr. Ids and codes only; see `Logger`. */
export function openLogger(o: {
  readonly name: string;
  readonly level: Level;
  readonly file?: string;
}): Logger {
  const destination = pino.destination({ dest: o.file ?? 2, sync: true, mkdir: true, mode: 0o600 });
  const log = pino({ name: o.name, level: o.level, base: { name: o.name, pid: process.pid } }, destination);
  return {
    info: (fields, event) => log.info(fields, event),
    warn: (fields, event) => log.warn(fields, event),
    error: (fields, event) => log.error(fields, event),
  };
}
