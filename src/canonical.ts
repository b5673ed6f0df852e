import { hash } from "node:crypto";
import canonicalize from "canonicalize";
import { AppError } from "./errors.ts";

/** RFC 8785 canonical JSON text of a plain value; refuses what JSON cannot carry (undefined, NaN, functions). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) {
    throw new AppError("not-json", "value cannot be written as canonical JSON");
  }
  return text;
}

/** SHA-256 of text (as UTF-8) or bytes, 64 lower-case hex digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

/** SHA-256 over the canonical JSON of a value, 64 lower-case hex digits. */
export function canonicalHash(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}
