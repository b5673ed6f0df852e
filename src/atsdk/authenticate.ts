import type { KeyObject } from "node:crypto";
import { AtError } from "./at-error.ts";
import type { AtConnection } from "./at-connection.ts";
import { loginAlgorithm, signLogin } from "./login-key.ts";
import { hexDigest } from "./rsa.ts";

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const challengePattern = new RegExp(`^_${uuid}(@[^:@\\s]+):${uuid}$`);

/**
 * Asks for a challenge. Its shape and atSign are checked, so that a server cannot have arbitrary text signed or pass on
 * the challenge of another server. A challenge is good for one attempt within 60 s.
 */
async function challenge(connection: AtConnection, atSign: string, timeoutMs: number): Promise<string> {
  const text = await connection.request(`from:${atSign}`, timeoutMs);
  if (challengePattern.exec(text)?.[1] !== atSign)
    throw new AtError(
      "bad-challenge",
      `The atServer's challenge does not have the required form for ${atSign}.`,
    );
  return text;
}

/** Authenticates with the PKAM (or APKAM) private key. Throws AT0401 when the server refuses it. */
export async function authenticatePkam(
  connection: AtConnection,
  atSign: string,
  key: KeyObject,
  options: { enrollmentId?: string | undefined; timeoutMs: number },
): Promise<void> {
  const signature = signLogin(await challenge(connection, atSign, options.timeoutMs), key);
  const { enrollmentId } = options;
  const algorithm = loginAlgorithm(key);
  // "primary" is the server's own name for the key that has no enrollment.
  const ofEnrollment =
    enrollmentId === undefined || enrollmentId === "primary"
      ? ""
      : `enrollmentId:${checkedId(enrollmentId)}:`;
  const says =
    algorithm === "rsa2048" && ofEnrollment === "" ? "" : `signingAlgo:${algorithm}:hashingAlgo:sha256:`;
  expectSuccess(await connection.request(`pkam:${says}${ofEnrollment}${signature}`, options.timeoutMs));
}

/** Authenticates with the secret that was handed out for activation (used as text, never hex-decoded). */
export async function authenticateCram(
  connection: AtConnection,
  atSign: string,
  secret: string,
  timeoutMs: number,
): Promise<void> {
  const digest = hexDigest(secret + (await challenge(connection, atSign, timeoutMs)), "sha512");
  expectSuccess(await connection.request(`cram:${digest}`, timeoutMs));
}

function checkedId(enrollmentId: string): string {
  if (!/^[\w-]+$/.test(enrollmentId))
    throw new AtError("invalid-key-file", "The enrollmentId must consist of letters, digits, _ and -.");
  return enrollmentId;
}

function expectSuccess(reply: string): void {
  if (reply !== "success")
    throw new AtError("bad-reply", "The atServer did not answer the authentication with success.");
}
