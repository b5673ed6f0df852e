import { randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import path from "node:path";
import { openLogger } from "../../adapters/pino.ts";
import { makeFolder } from "../../adapters/store/make-folder.ts";
import type { Settings } from "../config.ts";
import type { Clock, Ids, Logger } from "../ports.ts";

const alphabet = "ABCDEFGHJKMNPQRSTVWXYZ0123456789";
const idLength = 16;

export const systemClock: Clock = { now: () => Date.now() };

/** 80 random bits in letters and digits; the alphabet has 32 of them, so that no byte is favoured. */
export const randomIds: Ids = {
  next: (prefix) =>
    prefix + [...randomBytes(idLength)].map((byte) => alphabet[byte % alphabet.length]).join(""),
};

/** A process's log file in the data folder; the folder is 0700. */
export function processLogger(settings: Settings, name: string): Logger {
  const folder = path.join(settings.data, "log");
  makeFolder(folder);
  chmodSync(folder, 0o700);
  return openLogger({ name, level: settings.logLevel, file: path.join(folder, `${name}.log`) });
}
/** Names this life of a process in journals. */
export function incarnation(name: string): string {
  return `${name}-${randomIds.next("")}`;
}
