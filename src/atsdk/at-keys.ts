import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { AtError } from "./at-error.ts";
import { decryptAes, encryptAes, newAesKey } from "./aes.ts";
import { isSealed, openSealed, sealWithPassphrase } from "./passphrase.ts";
import type { LoginAlgorithm } from "./codec/enrollment.ts";
import { newLoginPair } from "./login-key.ts";
import { newRsaPair } from "./rsa.ts";

/** The secrets of one atSign. RSA keys are base64 DER (SPKI, PKCS#8), AES keys base64 of 32 bytes. Never log them. */
export interface AtKeys {
  /** Of another algorithm than RSA: as atServers know it. The private one says which it is. */
  readonly pkamPublicKey: string;
  readonly pkamPrivateKey: string;
  readonly encryptionPublicKey: string;
  readonly encryptionPrivateKey: string;
  readonly selfEncryptionKey: string;
  /** Set for APKAM enrollments. */
  readonly enrollmentId?: string;
  /** The key under which the approver of an enrollment sent the atSign's keys, base64. */
  readonly apkamSymmetricKey?: string;
  /** Members of a key file that this SDK does not use; kept when the file is written again. */
  readonly other?: Readonly<Record<string, unknown>>;
}

const zeroIv = Buffer.alloc(16).toString("base64");
const sealedFields = {
  aesPkamPublicKey: "pkamPublicKey",
  aesPkamPrivateKey: "pkamPrivateKey",
  aesEncryptPublicKey: "encryptionPublicKey",
  aesEncryptPrivateKey: "encryptionPrivateKey",
} as const;

/** Makes the two pairs (RSA, but for `signingAlgo` of the login key) and the AES key of a new atSign, in parallel. */
export async function generateAtKeys(
  options: { readonly signingAlgo?: LoginAlgorithm } = {},
): Promise<AtKeys> {
  const [pkam, encryption] = await Promise.all([newLoginPair(options.signingAlgo), newRsaPair()]);
  return {
    pkamPublicKey: pkam.publicKey,
    pkamPrivateKey: pkam.privateKey,
    encryptionPublicKey: encryption.publicKey,
    encryptionPrivateKey: encryption.privateKey,
    selfEncryptionKey: newAesKey(),
  };
}

export interface KeyFileOptions {
  /** Protects the file; without one its secrets are in clear. */
  readonly passphrase?: string;
}

/**
 * Reads a `.atKeys` file. Throws `invalid-key-file` when it is none; for a protected one `passphrase-needed`,
 * `wrong-passphrase`, `no-argon2`, `unsupported-encryption`. A plain file is read even if a passphrase is given.
 * The zero-IV "encryption" of its members under a key in the same file is cosmetic: treat the file as clear secrets.
 */
export async function readAtKeysFile(path: string, options: KeyFileOptions = {}): Promise<AtKeys> {
  const text = await readFile(path, "utf8");
  const fields = readObject(text, path);
  if (!isSealed(fields)) return readKeys(fields, path);
  return parseAtKeys(await openSealed(fields, options.passphrase, path), path);
}

/**
 * Writes a `.atKeys` file (compact JSON, mode 0600), replacing an older one in a single step. With a passphrase it is
 * wrapped in the form that at_auth 4 writes: argon2id with a random salt. Clients from before cannot read that.
 */
export async function writeAtKeysFile(
  path: string,
  keys: AtKeys,
  options: KeyFileOptions & {
    /** Replaces nothing: throws `invalid-key-file` when there is a file. */
    readonly isNew?: boolean;
  } = {},
): Promise<void> {
  const { passphrase, isNew = false } = options;
  const text = formatAtKeys(keys);
  const content = passphrase === undefined ? text : await sealWithPassphrase(text, passphrase);
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await file.close();
  if (isNew) await nameFirst(temporary, path);
  else await rename(temporary, path);
}

async function nameFirst(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (cause) {
    throw new AtError("invalid-key-file", `${path} cannot be made: there may be one.`, { cause });
  } finally {
    await rm(temporary);
  }
}

/** The text of a `.atKeys` file. */
export function formatAtKeys(keys: AtKeys): string {
  const sealed = Object.entries(sealedFields).map(([field, name]) => [
    field,
    encryptAes(keys[name], keys.selfEncryptionKey, zeroIv), // the format demands the zero IV
  ]);
  return JSON.stringify({
    ...keys.other,
    ...Object.fromEntries(sealed),
    selfEncryptionKey: keys.selfEncryptionKey,
    ...(keys.apkamSymmetricKey === undefined ? {} : { apkamSymmetricKey: keys.apkamSymmetricKey }),
    ...(keys.enrollmentId === undefined ? {} : { enrollmentId: keys.enrollmentId }),
  });
}

/** Reads the text of a plain `.atKeys` file; `name` appears in errors. */
export function parseAtKeys(text: string, name: string): AtKeys {
  return readKeys(readObject(text, name), name);
}

function readKeys(fields: Record<string, unknown>, name: string): AtKeys {
  const { selfEncryptionKey, enrollmentId, apkamSymmetricKey, ...rest } = fields;
  if (typeof selfEncryptionKey !== "string" || Buffer.from(selfEncryptionKey, "base64").length !== 32)
    throw new AtError("invalid-key-file", `${name}: selfEncryptionKey must be base64 of 32 bytes.`);
  const unseal = (field: keyof typeof sealedFields): string => {
    const value = rest[field];
    delete rest[field];
    try {
      if (typeof value === "string") return decryptAes(value, selfEncryptionKey);
    } catch {
      // reported below like a missing field
    }
    throw new AtError("invalid-key-file", `${name}: ${field} is missing or cannot be decrypted.`);
  };
  return {
    pkamPublicKey: unseal("aesPkamPublicKey"),
    pkamPrivateKey: unseal("aesPkamPrivateKey"),
    encryptionPublicKey: unseal("aesEncryptPublicKey"),
    encryptionPrivateKey: unseal("aesEncryptPrivateKey"),
    selfEncryptionKey,
    ...(typeof enrollmentId === "string" ? { enrollmentId } : {}),
    ...(typeof apkamSymmetricKey === "string" ? { apkamSymmetricKey } : {}),
    ...(Object.keys(rest).length === 0 ? {} : { other: rest }),
  };
}

function readObject(text: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AtError("invalid-key-file", `${name} is not JSON.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new AtError("invalid-key-file", `${name} must be a JSON object.`);
  return value as Record<string, unknown>;
}
