import { rm } from "node:fs/promises";
import type { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import { type AtKeys, type KeyFileOptions, readAtKeysFile, writeAtKeysFile } from "./at-keys.ts";
import { toAtSign } from "./at-sign.ts";
import { authenticatePkam } from "./authenticate.ts";
import {
  enrollUpdateCommand,
  type LoginAlgorithm,
  possessionText,
  readEnrolled,
} from "./codec/enrollment.ts";
import type { LookUpOptions } from "./directory.ts";
import { loginAlgorithm, loginKey, newLoginPair, signLogin } from "./login-key.ts";
import { defaultTimeoutMs, withConnection } from "./with-connection.ts";

export interface ChangeLoginKeyOptions extends LookUpOptions, KeyFileOptions {
  readonly atSign: string;
  /** The key file of an enrollment. It gets the new key once that has opened a connection. */
  readonly keyFile: string;
  /** Of the new key; default `rsa2048`. */
  readonly signingAlgo?: LoginAlgorithm;
}

/**
 * Gives an enrollment another login key under the same id (atServers from 3.16), and returns its keys. The old key opens
 * no connection from then on; open ones stay, so that a client goes on until it is opened again with the new keys.
 * Whom else the old key got to may have changed it before: to shut somebody out, revoke the enrollment.
 *
 * The new key waits in `KEYFILE.next` until it is good. After a call that was broken off anywhere, call again as before:
 * on whichever side of the change the server is, one of the two files opens it. Throws AT0401 when neither does, AT0003
 * or AT0011 when the server does not change keys, `invalid-key-file` for keys without an enrollment and where the key of
 * another change waits.
 */
export async function changeLoginKey(options: ChangeLoginKeyOptions): Promise<AtKeys> {
  const { keyFile, signingAlgo = "rsa2048" } = options;
  const nextFile = `${keyFile}.next`;
  const atSign = toAtSign(options.atSign);
  const keys = await readAtKeysFile(keyFile, options);
  const id = enrollmentOf(keys, keyFile);
  const left = await readIfThere(nextFile, options);
  // What was sent before may still take effect, so that its key is never replaced by another one.
  if (left && (left.enrollmentId !== id || loginAlgorithm(loginKey(left.pkamPrivateKey)) !== signingAlgo))
    throw new AtError("invalid-key-file", `${nextFile} is of another change, which was broken off.`);
  const next = left ?? (await withNewKey(keys, signingAlgo));
  if (left === undefined) await writeAtKeysFile(nextFile, next, { ...options, isNew: true });
  if (left === undefined || !(await opens(atSign, next, options))) {
    const refused = await sendChange(atSign, keys, next, options);
    if (!(await opens(atSign, next, options)))
      throw (
        refused ?? new AtError("bad-reply", "The atServer took the new login key, but does not let it in.")
      );
  }
  await writeAtKeysFile(keyFile, next, options);
  await rm(nextFile, { force: true });
  return next;
}

async function readIfThere(path: string, options: KeyFileOptions): Promise<AtKeys | undefined> {
  try {
    return await readAtKeysFile(path, options);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Sends the change under the old key; returns the refusal of that one, which may be due to an earlier sending. */
async function sendChange(
  atSign: string,
  keys: AtKeys,
  next: AtKeys,
  options: LookUpOptions,
): Promise<AtError | undefined> {
  try {
    await loggedIn(atSign, keys, options, async (connection, timeoutMs) => {
      readEnrolled(await connection.request(updateLine(next), timeoutMs));
    });
    return undefined;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

async function withNewKey(keys: AtKeys, signingAlgo: LoginAlgorithm): Promise<AtKeys> {
  const { publicKey, privateKey } = await newLoginPair(signingAlgo);
  return { ...keys, pkamPublicKey: publicKey, pkamPrivateKey: privateKey };
}

function updateLine({ enrollmentId: id = "", pkamPublicKey, pkamPrivateKey }: AtKeys): string {
  const key = loginKey(pkamPrivateKey);
  const signingAlgo = loginAlgorithm(key);
  return enrollUpdateCommand(id, {
    apkamPublicKey: pkamPublicKey,
    signingAlgo,
    apkamPublicKeySignature: signLogin(possessionText(id, pkamPublicKey, signingAlgo), key),
  });
}

function enrollmentOf({ enrollmentId }: AtKeys, keyFile: string): string {
  if (enrollmentId === undefined || enrollmentId === "primary")
    throw new AtError("invalid-key-file", `${keyFile} has no enrollment whose login key could be changed.`);
  return enrollmentId;
}

/** False when the atServer refuses the login key; throws for every other reason not to get in. */
async function opens(atSign: string, keys: AtKeys, options: LookUpOptions): Promise<boolean> {
  try {
    await loggedIn(atSign, keys, options, async () => {});
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

function isRefusal(error: unknown): error is AtError {
  return error instanceof AtError && error.code === "AT0401";
}

function loggedIn(
  atSign: string,
  { pkamPrivateKey, enrollmentId }: AtKeys,
  options: LookUpOptions,
  work: (connection: AtConnection, timeoutMs: number) => Promise<void>,
): Promise<void> {
  const { timeoutMs = defaultTimeoutMs } = options;
  return withConnection(atSign, options, async (connection) => {
    await authenticatePkam(connection, atSign, loginKey(pkamPrivateKey), { enrollmentId, timeoutMs });
    await work(connection, timeoutMs);
  });
}
