import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import type { AtServer } from "../at-server.ts";
import { connectionEnrollment, primaryId } from "../enrollment.ts";
import { challengePeer } from "../federation/pol.ts";
import { defaultAlgorithm, isSignedBy, signingAlgorithm } from "../login-key.ts";
import { pkamKey, secretKey } from "../reserved-keys.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const challengeMs = 60_000;
const jsonErrorsAfter = [3, 0, 37];

/** `from:<atSign>[:clientConfig:<json>]`: answers a challenge. */
export function from(server: AtServer, connection: ServerConnection, rest: string): string | Promise<string> {
  const match = /^@?([^:@\s]+)(?::clientConfig:(\{.+\}))?$/is.exec(rest);
  if (!match?.[1]) throw syntaxError("Invalid syntax. Expected from:@<atSign>");
  const atSign = `@${match[1].toLowerCase().replaceAll(".", "")}`;
  if (server.blocked.has(atSign)) throw new ServerError("AT0013", "Unable to connect", { closes: true });
  if (atSign !== server.atSign) return challengePeer(server, connection, atSign);
  if (match[2] !== undefined) connection.jsonErrors = readsJsonErrors(match[2]);
  const text = `${connection.sessionId}${server.atSign}:${randomUUID()}`;
  connection.challenge = { text, expiresAt: server.clock() + challengeMs };
  return text;
}

/** `cram:<digest>`: login with the activation secret, as long as there is one. */
export function cram(server: AtServer, connection: ServerConnection, rest: string): string {
  if (rest === "") throw syntaxError();
  const challenge = takeChallenge(server, connection);
  const secret = server.record(secretKey)?.value;
  const expected = createHash("sha512").update(`${secret}${challenge}`).digest();
  const given = Buffer.from(rest, "hex");
  if (
    secret === undefined ||
    challenge === undefined ||
    given.length !== expected.length ||
    !timingSafeEqual(given, expected)
  )
    throw new ServerError("AT0401", "Authentication Failed");
  connection.identity = { kind: "cram" };
  server.enrollments.live.attach(connection, undefined);
  return "success";
}

/**
 * `pkam:[signingAlgo:..:][hashingAlgo:..:][enrollmentId:..:]<signature>`: login with the atSign's key, or with that of an
 * enrollment, which alone says what kind of key it is.
 */
export function pkam(server: AtServer, connection: ServerConnection, rest: string): string {
  const match =
    /^(?:signingAlgo:(?<algorithm>rsa2048|ecc_secp256r1|mldsa65):)?(?:hashingAlgo:(?<hash>sha256|sha512):)?(?:enrollmentId:(?<enrollment>[^:]+):)?(?<signature>.+)$/i.exec(
      rest,
    )?.groups;
  if (!match) throw syntaxError();
  const challenge = takeChallenge(server, connection);
  const { enrollment: id = primaryId, signature = "" } = match;
  const hash = match["hash"]?.toLowerCase() === "sha512" ? "sha512" : "sha256";
  const enrollment =
    id === primaryId && !server.record(pkamKey) ? undefined : server.enrollments.forLogin(id);
  const algorithm =
    id === primaryId
      ? signingAlgorithm.parse(match["algorithm"]?.toLowerCase() ?? defaultAlgorithm)
      : (enrollment?.signingAlgo ?? defaultAlgorithm);
  const isValid =
    challenge !== undefined &&
    enrollment !== undefined &&
    isSignedBy(enrollment.apkamPublicKey, algorithm, { text: challenge, signature, hash });
  if (!isValid) throw new ServerError("AT0401", "pkam authentication failed");
  connection.identity =
    id === primaryId ? { kind: "owner" } : { kind: "owner", enrollment: connectionEnrollment(enrollment) };
  server.enrollments.live.attach(connection, id);
  return "success";
}

/** The challenge is used up by any attempt, whatever its outcome. */
function takeChallenge(server: AtServer, connection: ServerConnection): string | undefined {
  const { challenge } = connection;
  connection.challenge = undefined;
  return challenge && challenge.expiresAt > server.clock() ? challenge.text : undefined;
}

function readsJsonErrors(clientConfig: string): boolean {
  let version: unknown;
  try {
    version = (JSON.parse(clientConfig) as { version?: unknown }).version;
  } catch {
    throw syntaxError("Invalid syntax. clientConfig is not JSON");
  }
  if (typeof version !== "string") return false;
  const parts = version.split(/[.+-]/).map(Number);
  for (const [i, limit] of jsonErrorsAfter.entries()) {
    const part = parts[i] ?? 0;
    if (part !== limit) return part > limit;
  }
  return false;
}
