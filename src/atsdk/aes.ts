import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { AtError } from "./at-error.ts";

const blockBytes = 16;
const algorithm = "aes-256-ctr";
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A new AES-256 key, base64. */
export function newAesKey(): string {
  return randomBytes(32).toString("base64");
}

/** A key made ready once for many values; Node.js takes several times as long with one that is no KeyObject. */
export function aesKey(keyBase64: string): KeyObject {
  return createSecretKey(keyBase64, "base64");
}

const ivsAtOnce = 256;
let ivs = Buffer.alloc(0);
/** A new random initialisation vector, base64 of 16 bytes. They are no secrets: many are drawn at once, which is cheaper. */
export function newIv(): string {
  if (ivs.length === 0) ivs = randomBytes(ivsAtOnce * blockBytes);
  const iv = ivs.toString("base64", 0, blockBytes);
  ivs = ivs.subarray(blockBytes);
  return iv;
}

/**
 * Encrypts text with AES-256-CTR over PKCS#7-padded UTF-8. IV, result and a key given as text are base64. Without an IV the legacy zero
 * IV is used: all texts under one key then share one key stream. Throws `invalid-value` for keys of another length.
 */
export function encryptAes(plaintext: string, secret: string | KeyObject, ivBase64?: string): string {
  const length = Buffer.byteLength(plaintext);
  const pad = blockBytes - (length % blockBytes);
  const padded = Buffer.allocUnsafe(length + pad).fill(pad, length); // CTR ignores setAutoPadding
  padded.write(plaintext);
  const key = asKey(secret);
  const iv = readIv(ivBase64);
  if (key.symmetricKeySize !== 32 || iv.length !== blockBytes)
    throw new AtError(
      "invalid-value",
      "An AES key must have 32 bytes and an initialisation vector 16, base64.",
    );
  return createCipheriv(algorithm, key, iv).update(padded).toString("base64");
}

/**
 * Reverses `encryptAes`. Every failure is the same `decrypt-failed`; success proves nothing, because CTR is not authenticated.
 */
export function decryptAes(ciphertextBase64: string, secret: string | KeyObject, ivBase64?: string): string {
  const bytes = Buffer.from(ciphertextBase64, "base64");
  const iv = readIv(ivBase64);
  const key = asKey(secret);
  const fits = iv.length === blockBytes && key.symmetricKeySize === 32;
  if (!fits || bytes.length === 0 || bytes.length % blockBytes !== 0) throw decryptionFailed();
  const padded = createDecipheriv(algorithm, key, iv).update(bytes);
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

function asKey(secret: string | KeyObject): KeyObject {
  return typeof secret === "string" ? aesKey(secret) : secret;
}

function readIv(base64: string | undefined): Buffer {
  return base64 === undefined ? Buffer.alloc(blockBytes) : Buffer.from(base64, "base64");
}

/** The one error for everything that goes wrong in decryption, so that no stage can be told apart. */
export function decryptionFailed(): AtError {
  return new AtError("decrypt-failed", "Decryption failed.");
}
