import { type CipherKey, createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AppError } from "../../src/errors.ts";

/**
 * Sealed columns: AES-256-GCM, bound to the place they stand in, so that a value moved to another row, column or
 * version does not open. Layout: format byte 1, nonce (12), ciphertext, tag (16).
 */

/** Where a sealed value stands. `version` is the row's, 1 for what is written once. */
export interface SealPlace {
  readonly table: string;
  readonly row: string;
  readonly column: string;
  readonly version: number;
}

export const keyBytes = 32;
const format = 1;
const nonceBytes = 12;
const tagBytes = 16;
const noncesAtOnce = 256;

export function newKey(): Uint8Array {
  return randomBytes(keyBytes);
}

/** Random bytes that are not used yet: many at once cost little more than one nonce. */
let unused: Uint8Array = new Uint8Array();

function newNonce(): Uint8Array {
  if (unused.length === 0) {
    unused = randomBytes(nonceBytes * noncesAtOnce);
  }
  const nonce = unused.subarray(0, nonceBytes);
  unused = unused.subarray(nonceBytes);
  return nonce;
}

/** `key` is 32 bytes, or a KeyObject of them: much faster where it is used again and again. */
export function sealBytes(key: CipherKey, place: SealPlace, plain: Uint8Array): Uint8Array {
  const nonce = newNonce();
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(boundTo(place));
  return Buffer.concat([
    Uint8Array.of(format),
    nonce,
    cipher.update(plain),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Fails with "sealed-broken", naming the place and nothing of the content. */
export function openBytes(key: CipherKey, place: SealPlace, sealed: Uint8Array): Uint8Array {
  if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== format) {
    throw sealedBroken(place);
  }
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 1 + nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(boundTo(place));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, end)), decipher.final()]);
  } catch {
    throw sealedBroken(place);
  }
}

/** What is said when a sealed value does not open, or does not agree with what stands clear beside it. */
export function sealedBroken(place: SealPlace): AppError {
  return new AppError(
    "sealed-broken",
    `column "${place.column}" of table "${place.table}", row "${place.row}", cannot be opened: ` +
      "the record key is not the one it was sealed with, or the data was altered",
  );
}

function boundTo(place: SealPlace): Uint8Array {
  return Buffer.from(JSON.stringify([place.table, place.row, place.column, place.version]));
}
