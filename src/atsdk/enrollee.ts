import { decryptAes, decryptionFailed, newAesKey } from "./aes.ts";
import type { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { toAtSign } from "./at-sign.ts";
import { authenticatePkam } from "./authenticate.ts";
import { backOff } from "./back-off.ts";
import { lookUpCommand } from "./codec/commands.ts";
import {
  type EnrollmentMetadata,
  enrollRequestCommand,
  keysGetCommand,
  type LoginAlgorithm,
  type Namespaces,
  readEnrolled,
  readWrappedKey,
} from "./codec/enrollment.ts";
import type { LookUpOptions } from "./directory.ts";
import { loginKey, newLoginPair } from "./login-key.ts";
import { hexDigest, isWholeKeyOf, rsaPublicKey, wrapAesKey } from "./rsa.ts";
import { isConnectionLoss } from "./session.ts";
import { wholeMs } from "./whole-ms.ts";
import { defaultTimeoutMs, withConnection } from "./with-connection.ts";

export interface EnrollOptions extends LookUpOptions {
  readonly atSign: string;
  /**
   * With `deviceName` the name of this enrollment: no other pending or approved one may have both. May be made from the
   * request's fingerprint (`enrollmentFingerprint`), to prove to the approver that it comes from whom it invited.
   */
  readonly appName: string | ((fingerprint: string) => string);
  readonly deviceName: string;
  readonly namespaces: Namespaces;
  /** The passcode that the owner of the atSign handed out. */
  readonly otp: string;
  /** How long the login key is good, from approval on; default for ever. */
  readonly keysExpireAfterMs?: number;
  /** Of the login key; default `rsa2048`. */
  readonly signingAlgo?: LoginAlgorithm;
  readonly metadata?: EnrollmentMetadata;
}

/** A request that waits for approval. Plain data and secret: keep it (0600) if the process may end meanwhile. */
export interface PendingEnrollment {
  readonly atSign: string;
  readonly enrollmentId: string;
  readonly pkamPublicKey: string;
  readonly pkamPrivateKey: string;
  readonly apkamSymmetricKey: string;
  /** The atSign's public key as its server gave it: what is received must belong to it. */
  readonly encryptionPublicKey: string;
}

/** How a request has come out; only `pending` may still change. */
export type EnrollmentOutcome =
  | { readonly status: "approved"; readonly keys: AtKeys }
  | { readonly status: "pending" | "denied" | "revoked" | "expired" };

/**
 * Asks to be enrolled as a new app or device of an atSign, with keys made here (specification 3.4). Throws AT0011 for a
 * wrong passcode, too many requests or a name that is taken; AT0015 when the atSign is not activated.
 */
export async function requestEnrollment(options: EnrollOptions): Promise<PendingEnrollment> {
  const { appName, deviceName, namespaces, otp, keysExpireAfterMs, timeoutMs = defaultTimeoutMs } = options;
  const { signingAlgo = "rsa2048", metadata } = options;
  const atSign = toAtSign(options.atSign);
  const pair = await newLoginPair(signingAlgo);
  const apkamSymmetricKey = newAesKey();
  return withConnection(atSign, options, async (connection) => {
    const lookUpKey = lookUpCommand("lookup", `publickey${atSign}`, { bypassCache: false });
    const encryptionPublicKey = await connection.request(lookUpKey, timeoutMs);
    const line = enrollRequestCommand({
      appName: typeof appName === "string" ? appName : appName(enrollmentFingerprint({ apkamSymmetricKey })),
      deviceName,
      namespaces,
      otp,
      apkamPublicKey: pair.publicKey,
      signingAlgo,
      encryptedAPKAMSymmetricKey: wrapAesKey(apkamSymmetricKey, rsaPublicKey(encryptionPublicKey)),
      ...(keysExpireAfterMs === undefined
        ? {}
        : { apkamKeysExpiryInMillis: wholeMs(keysExpireAfterMs, "keysExpireAfterMs") }),
      ...(metadata === undefined ? {} : { metadata }),
    });
    // A wrong passcode is answered late, to slow down those who guess.
    const { id } = readEnrolled(await connection.request(line, timeoutMs + mostDelayMs));
    return {
      atSign,
      enrollmentId: id,
      pkamPublicKey: pair.publicKey,
      pkamPrivateKey: pair.privateKey,
      apkamSymmetricKey,
      encryptionPublicKey,
    };
  });
}

/**
 * What the device may show and the approver compares (64 hexadecimal characters), because a dishonest atServer could hand
 * the approver another key than the device's, and so read the keys of the atSign.
 */
export function enrollmentFingerprint(pending: Pick<PendingEnrollment, "apkamSymmetricKey">): string {
  return hexDigest(pending.apkamSymmetricKey, "sha256");
}

/**
 * Looks once whether a request was decided, and fetches the keys if it was approved. Throws `decrypt-failed` when they
 * are not those of the atSign, and what connecting throws.
 */
export async function checkEnrollment(
  pending: PendingEnrollment,
  options: LookUpOptions,
): Promise<EnrollmentOutcome> {
  const { timeoutMs = defaultTimeoutMs } = options;
  const { atSign, enrollmentId } = pending;
  return withConnection(atSign, options, async (connection) => {
    try {
      const key = loginKey(pending.pkamPrivateKey);
      await authenticatePkam(connection, atSign, key, { enrollmentId, timeoutMs });
    } catch (error) {
      const status = error instanceof AtError ? statusOf[error.code] : undefined;
      if (status === undefined) throw error;
      return { status };
    }
    return { status: "approved", keys: await fetchKeys(connection, pending, timeoutMs) };
  });
}

export interface WaitOptions extends LookUpOptions {
  /** After this time a request that nobody decided is returned as `pending`; default: wait as long as it takes. */
  readonly giveUpAfterMs?: number;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: () => number;
  /** The pause before look number `attempt` (from 0); default up to 5 s. */
  readonly pause?: (attempt: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * Looks until a request is decided or given up, over lost connections. Throws `aborted` by `signal`, and errors of the
 * server that come three times in a row.
 */
export async function waitForEnrollment(
  pending: PendingEnrollment,
  options: WaitOptions,
): Promise<EnrollmentOutcome> {
  const { giveUpAfterMs = Infinity, clock = Date.now, pause = backOff, signal } = options;
  const end = clock() + giveUpAfterMs;
  let refusals = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      const outcome = await checkEnrollment(pending, options);
      if (outcome.status !== "pending" || clock() >= end) return outcome;
      refusals = 0;
    } catch (error) {
      if (signal?.aborted || !mayPass(error) || clock() >= end) throw error;
      if (!isConnectionLoss(error) && ++refusals >= mostRefusals) throw error;
    }
    await pause(attempt, signal);
  }
}

const mostDelayMs = 55_000;
const mostRefusals = 3;
/** Older servers refuse the key of a pending enrollment like a wrong one. */
const statusOf: Partial<Record<string, "pending" | "denied" | "revoked" | "expired">> = {
  AT0401: "pending",
  AT0026: "pending",
  AT0025: "denied",
  AT0027: "revoked",
  AT0028: "expired",
  AT0029: "expired",
};

function mayPass(error: unknown): boolean {
  return isConnectionLoss(error) || (error instanceof AtError && /^AT\d/.test(error.code));
}

async function fetchKeys(
  connection: AtConnection,
  pending: PendingEnrollment,
  timeoutMs: number,
): Promise<AtKeys> {
  const { atSign, enrollmentId, apkamSymmetricKey, encryptionPublicKey } = pending;
  const fetch = async (name: Parameters<typeof keysGetCommand>[1]) => {
    const line = keysGetCommand(enrollmentId, name, atSign);
    const { value, iv } = readWrappedKey(await connection.request(line, timeoutMs));
    return decryptAes(value, apkamSymmetricKey, iv);
  };
  const encryptionPrivateKey = await fetch("default_enc_private_key");
  const selfEncryptionKey = await fetch("default_self_enc_key");
  if (!isWholeKeyOf(encryptionPrivateKey, encryptionPublicKey) || !isAesKey(selfEncryptionKey))
    throw decryptionFailed();
  return {
    pkamPublicKey: pending.pkamPublicKey,
    pkamPrivateKey: pending.pkamPrivateKey,
    encryptionPublicKey,
    encryptionPrivateKey,
    selfEncryptionKey,
    enrollmentId,
    apkamSymmetricKey,
  };
}

function isAesKey(base64: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(base64);
}
