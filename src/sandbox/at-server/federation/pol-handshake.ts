import type { AtServer } from "../at-server.ts";
import { ServerError } from "../server-error.ts";
import { type OutboundConnection, PeerRefusal } from "./outbound-connection.ts";
import { rememberPublicKey } from "./public-keys.ts";
import { parseRecord } from "./record-json.ts";

const answerMs = 10_000;
const signatureMs = 60_000;
const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

/**
 * Makes a fresh connection one of our atSign at the server of `peer` (specification 2.5, as the caller): checks the
 * peer's public key, then proves by a signed challenge who we are. Throws PeerRefusal or ServerError.
 */
export async function authenticateToPeer(
  connection: OutboundConnection,
  server: AtServer,
  peer: string,
): Promise<void> {
  await checkPublicKey(connection, server, peer);
  const proof = await connection.request(`from:${server.atSign}`, { timeoutMs: answerMs });
  const { sessionId, challenge } = readProof(proof, server.atSign, peer);
  const key = `public:${sessionId}${server.atSign}`;
  server.putRecord(key, await server.federation.signingKeys.sign(challenge), { ttl: signatureMs });
  try {
    await connection.request("pol", { timeoutMs: answerMs, bareAnswer: `${server.atSign}@` });
  } finally {
    if (!server.store.isClosed) server.deleteRecord(key, { log: false });
  }
}

/** Only text of the agreed shape is signed: a server must not get anything else signed by ours. */
function readProof(proof: string, me: string, peer: string): { sessionId: string; challenge: string } {
  const parts = new RegExp(`^proof:(?<sessionId>_${uuid})(?<caller>@[^:]+):(?<challenge>[^:]+)$`).exec(
    proof,
  )?.groups;
  const { sessionId = "", caller, challenge = "" } = parts ?? {};
  if (caller === me && (new RegExp(`^${uuid}$`).test(challenge) || isBoundTo(challenge, peer)))
    return { sessionId, challenge };
  throw new ServerError("AT0008", `${peer} gave a challenge of another kind`);
}

/** The newer kind of challenge names the server that gave it. */
function isBoundTo(challenge: string, peer: string): boolean {
  const [, encoded] = /^pol1\.([\w-]+)$/.exec(challenge) ?? [];
  if (encoded === undefined) return false;
  try {
    const { v } = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8")) as Record<string, unknown>;
    return v === peer;
  } catch {
    return false;
  }
}

async function checkPublicKey(connection: OutboundConnection, server: AtServer, peer: string): Promise<void> {
  const record =
    (await ask(connection, `to:${peer}`, (text) => {
      connection.canPipeline = true; // who knows `to:` reads line by line
      return (JSON.parse(text) as { publickey?: unknown }).publickey;
    })) ?? (await ask(connection, `lookup:all:publickey${peer}`, (text) => JSON.parse(text) as unknown));
  // A server that is not activated yet has no public key.
  if (record) rememberPublicKey(server, peer, parseRecord(record, `public:publickey${peer}`));
}

async function ask(
  connection: OutboundConnection,
  command: string,
  read: (text: string) => unknown,
): Promise<unknown> {
  try {
    return read(await connection.request(command, { timeoutMs: answerMs })) ?? undefined;
  } catch (error) {
    if (error instanceof PeerRefusal || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
