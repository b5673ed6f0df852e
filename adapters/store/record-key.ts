import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../../src/errors.ts";
import { keyBytes } from "./sealed.ts";

/**
 * The key (32 bytes) of the record, or of the gateway's store, from its file, which holds it in base64; made on first
 * use, with mode 0600 in a 0700 folder. A file that others may read is refused.
 */
export function readOrCreateRecordKey(path: string): Uint8Array {
  return readKey(path) ?? createKey(path);
}

function readKey(path: string): Uint8Array | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return null;
    }
    throw badKey(path, error instanceof Error ? error.message : String(error));
  }
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw badKey(path, `its mode is ${mode.toString(8)}, others may read it: expected 600`);
  }
  return parseRecordKey(text, path);
}

/** A record key as text (base64 of 32 bytes), e.g. from the environment; `source` names it in errors. */
export function parseRecordKey(text: string, source: string): Uint8Array {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== keyBytes || key.toString("base64") !== text.trim()) {
    throw badKey(source, `expected base64 of ${keyBytes} bytes`);
  }
  return key;
}

function createKey(path: string): Uint8Array {
  // A name of its own: in a container, a process that was killed here had the same pid.
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(draft, "wx", 0o600);
    try {
      writeSync(file, `${randomBytes(keyBytes).toString("base64")}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    chmodSync(draft, 0o600);
    linkUnlessThere(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw badKey(path, error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(draft, { force: true });
  }
  // Read back: another process may have been first.
  const key = readKey(path);
  if (key === null) {
    throw badKey(path, "it vanished");
  }
  return key;
}

/** Never overwrites a key: everything sealed under it would be lost. */
function linkUnlessThere(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
      throw error;
    }
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function badKey(path: string, why: string): AppError {
  return new AppError("bad-record-key", `record key ${path} cannot be used: ${why}`);
}
