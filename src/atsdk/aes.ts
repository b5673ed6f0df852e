import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { AtError } from "./at-error.ts";

const blockBytes = 16;
const algorithm = "aes-256-ctr";
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A new AES-256 key, base64. */
export function newAesKey(): string {
  return randomBytes(32).toString("base64");
}

/** A new random initialisation vector, base64 of 16 bytes. */
export function newIv(): string {
  return randomBytes(blockBytes).toString("base64");
}

/**
 * Encrypts text with AES-256-CTR over PKCS#7-padded UTF-8. Key, IV and result are base64. Without an IV the legacy zero
 * IV is used: all texts under one key then share one key stream. Throws `invalid-value` for keys of another length.
 */
export function encryptAes(plaintext: string, keyBase64: string, ivBase64?: string): string {
  const text = Buffer.from(plaintext, "utf8");
  const pad = blockBytes - (text.length % blockBytes);
  const key = createSecretKey(keyBase64, "base64");
  const iv = readIv(ivBase64);
  if (key.symmetricKeySize !== 32 || iv.length !== blockBytes)
    throw new AtError(
      "invalid-value",
      "An AES key must have 32 bytes and an initialisation vector 16, base64.",
    );
  const cipher = createCipheriv(algorithm, key, iv);
  // CTR ignores setAutoPadding, so the padding is added by hand.
  return Buffer.concat([cipher.update(text), cipher.update(Buffer.alloc(pad, pad)), cipher.final()]).toString(
    "base64",
  );
}

/**
 * Reverses `encryptAes`. Every failure is the same `decrypt-failed`; success proves nothing, because CTR is not authenticated.
 */
export function decryptAes(ciphertextBase64: string, keyBase64: string, ivBase64?: string): string {
  const bytes = Buffer.from(ciphertextBase64, "base64");
  const iv = readIv(ivBase64);
  const key = Buffer.from(keyBase64, "base64");
  if (iv.length !== blockBytes || key.length !== 32 || bytes.length === 0 || bytes.length % blockBytes !== 0)
    throw decryptionFailed();
  // Node.js takes several times as long with a key that is no KeyObject.
  const decipher = createDecipheriv(algorithm, createSecretKey(key), iv);
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()]);
  const pad = padded[padded.length - 1] ?? 0;
  let wrong = pad < 1 || pad > blockBytes ? 1 : 0;
  for (let i = 1; i <= blockBytes; i++) {
    if (i <= pad) wrong |= (padded[padded.length - i] ?? 0) ^ pad;
  }
  if (wrong !== 0) throw decryptionFailed();
  try {
    return utf8.decode(padded.subarray(0, padded.length - pad));
  } catch {
    throw decryptionFailed();
  }
}

function readIv(base64: string | undefined): Buffer {
  return base64 === undefined ? Buffer.alloc(blockBytes) : Buffer.from(base64, "base64");
}

/** The one error for everything that goes wrong in decryption, so that no stage can be told apart. */
export function decryptionFailed(): AtError {
  return new AtError("decrypt-failed", "Decryption failed.");
}
