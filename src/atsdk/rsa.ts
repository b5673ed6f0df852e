import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { promisify } from "node:util";
import { AtError } from "./at-error.ts";

const generate = promisify(generateKeyPair);
const keyTextLength = 44; // base64 of an AES-256 key

/** A new RSA-2048 pair: base64 SPKI and base64 PKCS#8. Runs on the thread pool, so several run in parallel. */
export async function newRsaPair(): Promise<{ publicKey: string; privateKey: string }> {
  const { publicKey, privateKey } = await generate("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  return { publicKey: publicKey.toString("base64"), privateKey: privateKey.toString("base64") };
}

/** Reads a base64 PKCS#8 private key. */
export function rsaPrivateKey(pkcs8Base64: string): KeyObject {
  return readKey(
    () => createPrivateKey({ key: Buffer.from(pkcs8Base64, "base64"), format: "der", type: "pkcs8" }),
    "private",
  );
}

/** Reads a base64 SPKI public key. */
export function rsaPublicKey(spkiBase64: string): KeyObject {
  return readKey(
    () => createPublicKey({ key: Buffer.from(spkiBase64, "base64"), format: "der", type: "spki" }),
    "public",
  );
}

/**
 * True when a private key (base64 PKCS#8) belongs to a public one (base64 SPKI) and all its numbers fit each other: it
 * came encrypted without authentication, and signing with a number altered on the way would give the key away.
 */
export function isWholeKeyOf(privateKey: string, publicKey: string): boolean {
  try {
    const key = rsaPrivateKey(privateKey);
    if (!createPublicKey(key).equals(rsaPublicKey(publicKey))) return false;
    const jwk = key.export({ format: "jwk" });
    const number = (text = "") => BigInt(`0x0${Buffer.from(text, "base64url").toString("hex")}`);
    const [n, e, d, p, q] = [number(jwk.n), number(jwk.e), number(jwk.d), number(jwk.p), number(jwk.q)];
    return (
      p * q === n &&
      (d * e) % (p - 1n) === 1n &&
      (d * e) % (q - 1n) === 1n &&
      number(jwk.dp) === d % (p - 1n) &&
      number(jwk.dq) === d % (q - 1n) &&
      (number(jwk.qi) * q) % p === 1n
    );
  } catch {
    return false;
  }
}

function readKey(read: () => KeyObject, kind: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    throw new AtError("invalid-value", `This is no RSA ${kind} key in base64 DER.`);
  }
  if (key.asymmetricKeyType !== "rsa" || key.asymmetricKeyDetails?.modulusLength !== 2048)
    throw new AtError("invalid-value", `The ${kind} key is not RSA-2048.`);
  return key;
}

/** RSASSA-PKCS1-v1_5 with SHA-256 over UTF-8 text, base64. */
export function signRsa(text: string, key: KeyObject): string {
  return sign("sha256", Buffer.from(text, "utf8"), { key, padding: constants.RSA_PKCS1_PADDING }).toString(
    "base64",
  );
}

/** Checks what `signRsa` makes; false for a signature of any other form. */
export function verifyRsa(text: string, signatureBase64: string, key: KeyObject): boolean {
  return verify(
    "sha256",
    Buffer.from(text, "utf8"),
    { key, padding: constants.RSA_PKCS1_PADDING },
    Buffer.from(signatureBase64, "base64"),
  );
}

/** Encrypts an AES key (its base64 text) with RSAES-PKCS1-v1_5, base64. */
export function wrapAesKey(aesKeyBase64: string, key: KeyObject): string {
  return publicEncrypt(
    { key, padding: constants.RSA_PKCS1_PADDING },
    Buffer.from(aesKeyBase64, "utf8"),
  ).toString("base64");
}

/**
 * Decrypts an AES key wrapped by `wrapAesKey`. It never fails: for a bad ciphertext it returns a random key, so that
 * the caller learns only later that "decryption failed" and neither an error nor timing is an oracle (Bleichenbacher).
 */
export function unwrapAesKey(ciphertextBase64: string, key: KeyObject): string {
  const replacement = randomBytes(32).toString("base64");
  const ciphertext = Buffer.from(ciphertextBase64, "base64");
  let block: Buffer;
  try {
    // Node's own PKCS#1 unpadding is refused or rejects implicitly, depending on the OpenSSL it was built with.
    block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext);
  } catch {
    return replacement; // longer than, or not below, the modulus: visible from the ciphertext alone
  }
  return unpadAesKey(block, Buffer.from(replacement, "latin1")).toString("latin1");
}

/**
 * `00 02 <non-zero padding> 00 <44 base64 characters>`, read without branches on the content. As the message has a
 * fixed length, the separator has a fixed place, and nothing needs to be searched for.
 */
function unpadAesKey(block: Buffer, replacement: Buffer): Buffer {
  const separator = block.length - keyTextLength - 1;
  let bad = (block[0] ?? 1) | ((block[1] ?? 0) ^ 2) | (block[separator] ?? 1);
  for (let i = 2; i < separator; i++) bad |= isZero(block[i] ?? 0);
  for (let i = 0; i < keyTextLength - 1; i++) bad |= 1 ^ isBase64(block[separator + 1 + i] ?? 0);
  bad |= (block[block.length - 1] ?? 0) ^ 0x3d; // 32 bytes end in exactly one "="
  const mask = isZero(bad) * 0xff;
  const result = Buffer.alloc(keyTextLength);
  for (let i = 0; i < keyTextLength; i++)
    result[i] = ((block[separator + 1 + i] ?? 0) & mask) | ((replacement[i] ?? 0) & ~mask & 0xff);
  return result;
}

/** 1 when the byte is zero, else 0. */
function isZero(byte: number): number {
  return ((byte - 1) >>> 31) & 1;
}

/** 1 when the byte lies in [low, high], else 0. */
function inRange(byte: number, low: number, high: number): number {
  return (((byte - low) | (high - byte)) >>> 31) ^ 1;
}

function isBase64(byte: number): number {
  return (
    inRange(byte, 0x41, 0x5a) |
    inRange(byte, 0x61, 0x7a) |
    inRange(byte, 0x30, 0x39) |
    inRange(byte, 0x2b, 0x2b) |
    inRange(byte, 0x2f, 0x2f)
  );
}

/**
 * Lower-case hex digest of UTF-8 text: of the base64 public key for `pubKeyCS` (md5) and `pubKeyHash`, of secret and
 * challenge for CRAM.
 */
export function hexDigest(text: string, algorithm: "md5" | "sha256" | "sha512"): string {
  return createHash(algorithm).update(text, "utf8").digest("hex");
}
