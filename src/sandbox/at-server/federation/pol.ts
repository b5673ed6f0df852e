import { randomUUID, type X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { AtServer } from "../at-server.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError } from "../server-error.ts";
import { peerRecord } from "./peer-data.ts";
import { isSignedBy } from "./signing-keys.ts";

const challengeMs = 60_000;

/** `from:` by another atSign's server: answers what it must sign to become that atSign here (specification 2.5). */
export async function challengePeer(
  server: AtServer,
  connection: ServerConnection,
  atSign: string,
): Promise<string> {
  await checkCertificate(server, connection, atSign);
  const { sessionId } = connection;
  const uuid = randomUUID();
  connection.peerChallenge = { atSign, uuid, expiresAt: server.clock() + challengeMs };
  return `proof:${sessionId}${atSign}:${uuid}`;
}

/** `pol`: looks for the signature at the caller's own server; then the connection is that atSign's. No usual reply. */
export async function pol(server: AtServer, connection: ServerConnection, rest: string): Promise<undefined> {
  const challenge = connection.peerChallenge;
  if (rest !== "" || !challenge)
    throw new ServerError("AT0011", "You must execute a 'from:' command before you may run the pol command", {
      closes: true,
    });
  connection.peerChallenge = undefined;
  const { atSign, uuid, expiresAt } = challenge;
  if (expiresAt <= server.clock() || !(await isProven(server, atSign, connection.sessionId, uuid)))
    throw new ServerError("AT0401", "Pol Authentication Failed");
  connection.identity = { kind: "pol", atSign };
  connection.write(`${atSign}@`);
}

async function isProven(server: AtServer, atSign: string, sessionId: string, uuid: string): Promise<boolean> {
  try {
    const signature = await peerRecord(server, atSign, sessionId, "anyone");
    const publicKey = await peerRecord(server, atSign, "signing_publickey", "anyone");
    return (
      signature !== undefined && publicKey !== undefined && isSignedBy(publicKey.value, uuid, signature.value)
    );
  } catch (error) {
    if (error instanceof ServerError) return false;
    throw error;
  }
}

/** Another atSign's server must hold a certificate for the host that the atDirectory gives for that atSign. */
async function checkCertificate(
  server: AtServer,
  connection: ServerConnection,
  atSign: string,
): Promise<void> {
  const { clientCertificates } = server.behaviour;
  const certificate = connection.clientCertificate;
  if (clientCertificates === "off" || (clientCertificates === "request" && certificate === "none")) return;
  const host = typeof certificate === "string" ? undefined : await server.federation.hostOf(atSign);
  if (typeof certificate === "string" || host === undefined || !names(certificate, host))
    throw new ServerError("AT0401", "Certificate Verification Failed");
}

function names(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
}
