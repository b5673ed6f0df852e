import * as crypto from "node:crypto";
import { promisify } from "node:util";
import { decryptAes, encryptAes, newIv } from "./aes.ts";
import { AtError } from "./at-error.ts";

/** What an argon2id key is derived with; memory in KiB. */
interface Argon2Costs {
  readonly memory: number;
  readonly iterations: number;
  readonly parallelism: number;
}
/** Not imported by name: where Node.js lacks it, nothing of the SDK could be loaded. */
type Runtime = Partial<Pick<typeof crypto, "argon2">>;

const algorithm = "argon2id";
const newCosts: Argon2Costs = { memory: 19_456, iterations: 2, parallelism: 1 };
const legacyCosts: Argon2Costs = { memory: 10_000, iterations: 2, parallelism: 2 };
/** More than anybody writes: a file must not make the reader work for hours or without memory. */
const mostCosts: Argon2Costs = { memory: 1_048_576, iterations: 64, parallelism: 16 };
const saltBytes = 16;
const leastPassphrase = 8;

/** True for the members of a key file that is protected by a passphrase. */
export function isSealed(fields: Readonly<Record<string, unknown>>): boolean {
  return fields["iv"] !== undefined && fields["selfEncryptionKey"] === undefined;
}

/** Encrypts the text of a key file, as version 1 of the envelope. Throws `no-argon2` on Node.js before 24.7. */
export async function sealWithPassphrase(text: string, passphrase: string): Promise<string> {
  if (passphrase.length < leastPassphrase)
    throw new AtError("invalid-value", `A passphrase must have at least ${leastPassphrase} characters.`);
  const salt = crypto.randomBytes(saltBytes);
  const iv = newIv();
  const key = await deriveKey(passphrase, salt, newCosts);
  return JSON.stringify({
    v: 1,
    content: encryptAes(text, key, iv),
    iv,
    hashingAlgoType: algorithm,
    salt: salt.toString("base64"),
    kdfParams: newCosts,
  });
}

/**
 * The text in the envelope, version 1 or the legacy form without version. The encryption is not authenticated: a wrong
 * passphrase and a damaged file look alike (`wrong-passphrase`).
 */
export async function openSealed(
  fields: Readonly<Record<string, unknown>>,
  passphrase: string | undefined,
  name: string,
  runtime: Runtime = crypto,
): Promise<string> {
  const { v, content, iv, hashingAlgoType } = fields;
  if (passphrase === undefined)
    throw new AtError("passphrase-needed", `${name} is protected by a passphrase.`);
  if (hashingAlgoType !== algorithm || (v !== undefined && v !== 1))
    throw new AtError(
      "unsupported-encryption",
      `${name} is protected in another way than argon2id, envelope version 1 or none.`,
    );
  if (typeof content !== "string" || typeof iv !== "string")
    throw new AtError("invalid-key-file", `${name}: content and iv must be base64.`);
  const key =
    v === 1
      ? await deriveKey(
          passphrase,
          readSalt(fields["salt"], name),
          readCosts(fields["kdfParams"], name),
          runtime,
        )
      : await deriveKey(passphrase, legacySalt(passphrase, name), legacyCosts, runtime);
  try {
    const text = decryptAes(content, key, iv);
    JSON.parse(text);
    return text;
  } catch {
    throw new AtError("wrong-passphrase", `${name} does not open with this passphrase, or is damaged.`);
  }
}

async function deriveKey(
  passphrase: string,
  nonce: Uint8Array,
  costs: Argon2Costs,
  { argon2 }: Runtime = crypto,
): Promise<string> {
  if (argon2 === undefined)
    throw new AtError("no-argon2", "Key files with a passphrase need Node.js 24.7 or newer.");
  const { memory, iterations: passes, parallelism } = costs;
  const parameters = { message: passphrase, nonce, memory, passes, parallelism, tagLength: 32 };
  return (await promisify(argon2)(algorithm, parameters)).toString("base64");
}

/** The passphrase itself: the low byte of each UTF-16 unit. */
function legacySalt(passphrase: string, name: string): Uint8Array {
  if (passphrase.length < leastPassphrase)
    throw new AtError(
      "unsupported-encryption",
      `${name}: Node.js derives no key from fewer than ${leastPassphrase} characters in the legacy form.`,
    );
  return Buffer.from(passphrase, "latin1");
}

function readSalt(salt: unknown, name: string): Uint8Array {
  const bytes = Buffer.from(typeof salt === "string" ? salt : "", "base64");
  if (bytes.length < 8 || bytes.length > 1_024)
    throw new AtError("invalid-key-file", `${name}: salt must be base64 of 8 to 1024 bytes.`);
  return bytes;
}

function readCosts(params: unknown, name: string): Argon2Costs {
  const given = (typeof params === "object" ? params : undefined) as Partial<Record<string, unknown>> | null;
  const cost = (field: keyof Argon2Costs): number => {
    const value = given?.[field];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= mostCosts[field])
      return value;
    throw new AtError(
      "invalid-key-file",
      `${name}: kdfParams.${field} must be a whole number from 1 to ${mostCosts[field]}.`,
    );
  };
  return { memory: cost("memory"), iterations: cost("iterations"), parallelism: cost("parallelism") };
}
