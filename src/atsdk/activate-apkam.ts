import { existsSync } from "node:fs";
import { finishActivation } from "./activate.ts";
import { newAesKey } from "./aes.ts";
import type { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import {
  type AtKeys,
  generateAtKeys,
  type KeyFileOptions,
  readAtKeysFile,
  writeAtKeysFile,
} from "./at-keys.ts";
import { toAtSign } from "./at-sign.ts";
import { authenticateCram, authenticatePkam } from "./authenticate.ts";
import {
  enrollListCommand,
  enrollRequestCommand,
  type LoginAlgorithm,
  readEnrolled,
  readEnrollments,
} from "./codec/enrollment.ts";
import type { LookUpOptions } from "./directory.ts";
import { loginAlgorithm, loginKey } from "./login-key.ts";
import { defaultTimeoutMs, withConnection } from "./with-connection.ts";

export interface ActivateApkamOptions extends LookUpOptions {
  readonly atSign: string;
  readonly cramSecret: string;
  /** Where the new keys are written before anything depends on them. A file that is there already is gone on with. */
  readonly keyFile: string;
  /** Protects the key file. */
  readonly passphrase?: string;
  /** Name of the first enrollment; default `firstApp` on `firstDevice`. */
  readonly appName?: string;
  readonly deviceName?: string;
  /** Of the login key; default `rsa2048`. */
  readonly signingAlgo?: LoginAlgorithm;
}

/**
 * Binds a new atSign to new keys in `keyFile`, as its first enrollment with all rights (specification 8.2, modern flow).
 * May be repeated with the same file after it was broken off anywhere, even at the end. Throws AT0401 for a wrong secret.
 */
export async function activateApkam(options: ActivateApkamOptions): Promise<AtKeys> {
  const { keyFile } = options;
  const atSign = toAtSign(options.atSign);
  const found = existsSync(keyFile) ? await readAtKeysFile(keyFile, protectionOf(options)) : undefined;
  const keys = found?.enrollmentId === undefined ? await enrollFirst(atSign, found, options) : found;
  await loggedIn(atSign, keys, options, (connection, timeoutMs) =>
    finishActivation(connection, atSign, keys, timeoutMs),
  );
  return keys;
}

/** Enrolls the keys of a call that was broken off, or new ones, with the activation secret. */
async function enrollFirst(
  atSign: string,
  found: AtKeys | undefined,
  options: ActivateApkamOptions,
): Promise<AtKeys> {
  const { keyFile, timeoutMs = defaultTimeoutMs } = options;
  return withConnection(atSign, options, async (connection) => {
    await authenticateCram(connection, atSign, options.cramSecret, timeoutMs);
    const made = found ?? { ...(await generateAtKeys(options)), apkamSymmetricKey: newAesKey() };
    if (found === undefined) await writeAtKeysFile(keyFile, made, protectionOf(options));
    const keys = { ...made, enrollmentId: await enroll(connection, atSign, made, options) };
    await writeAtKeysFile(keyFile, keys, protectionOf(options));
    return keys;
  });
}

/** The id of the first enrollment with these keys; the one it has already when that was done before. */
async function enroll(
  connection: AtConnection,
  atSign: string,
  keys: AtKeys,
  options: ActivateApkamOptions,
): Promise<string> {
  const { appName = "firstApp", deviceName = "firstDevice", timeoutMs = defaultTimeoutMs } = options;
  const namespaces = { "*": "rw", __manage: "rw" } as const;
  const line = enrollRequestCommand({
    appName,
    deviceName,
    namespaces,
    apkamPublicKey: keys.pkamPublicKey,
    signingAlgo: loginAlgorithm(loginKey(keys.pkamPrivateKey)),
  });
  try {
    const { id, status } = readEnrolled(await connection.request(line, timeoutMs));
    if (status === "approved") return id;
    throw new AtError("bad-reply", `The atServer left the first enrollment ${status}.`);
  } catch (error) {
    if (!(error instanceof AtError && ["AT0011", "AT0032"].includes(error.code))) throw error;
    // The name or the key is taken: by us, if a call before this one ended between enrolling and writing the id.
    const listed = readEnrollments(await connection.request(enrollListCommand, timeoutMs));
    for (const { id } of listed.filter((e) => e.appName === appName && e.deviceName === deviceName))
      if (await isOurs(atSign, { ...keys, enrollmentId: id }, options)) return id;
    throw error;
  }
}

async function isOurs(atSign: string, keys: AtKeys, options: ActivateApkamOptions): Promise<boolean> {
  try {
    await loggedIn(atSign, keys, options, async () => {});
    return true;
  } catch (error) {
    if (error instanceof AtError && /^AT\d/.test(error.code)) return false;
    throw error;
  }
}

function loggedIn(
  atSign: string,
  keys: AtKeys,
  options: ActivateApkamOptions,
  work: (connection: AtConnection, timeoutMs: number) => Promise<void>,
): Promise<void> {
  const { enrollmentId } = keys;
  const { timeoutMs = defaultTimeoutMs } = options;
  return withConnection(atSign, options, async (connection) => {
    await authenticatePkam(connection, atSign, loginKey(keys.pkamPrivateKey), {
      enrollmentId,
      timeoutMs,
    });
    await work(connection, timeoutMs);
  });
}

function protectionOf({ passphrase }: ActivateApkamOptions): KeyFileOptions {
  return passphrase === undefined ? {} : { passphrase };
}
