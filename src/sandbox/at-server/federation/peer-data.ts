import type { AtServer } from "../at-server.ts";
import type { CallAs } from "./federation.ts";
import { followReferences } from "../references.ts";
import { formatRecord, isVisible, type StoredRecord } from "../record.ts";
import { isServerErrorCode, keyNotFound, ServerError } from "../server-error.ts";
import { PeerRefusal } from "./outbound-connection.ts";
import { parseRecord } from "./record-json.ts";

/**
 * A record of another atSign: what it shares with ours (`pol`) or has published (`anyone`), from memory where its server
 * is in this process. Undefined when it is not visible now. Throws AT0015, AT0007 and what keeps servers apart.
 */
export async function peerRecord(
  server: AtServer,
  owner: string,
  name: string,
  as: CallAs,
): Promise<StoredRecord | undefined> {
  const key = `${as === "pol" ? server.atSign : "public"}:${name}${owner}`;
  const peer = server.peer(owner);
  if (peer) {
    if (as === "pol") refuseBlocked(server, peer);
    const record = peer.record(key);
    if (!record) throw keyNotFound(key);
    return isVisible(record.metadata, peer.clock()) ? record : undefined;
  }
  const answer = await askPeer(server, owner, as, `lookup:all:${name}${owner}`, key);
  return answer === "null" ? undefined : parseRecord(readJson(answer), key);
}

/** The value of what another atSign shares with ours, references followed as its server does; `null` without one. */
export async function peerValue(server: AtServer, owner: string, name: string): Promise<string> {
  const prefix = `${server.atSign}:`;
  const key = `${prefix}${name}${owner}`;
  const peer = server.peer(owner);
  if (!peer) return askPeer(server, owner, "pol", `lookup:${name}${owner}`, key);
  const record = peer.record(key);
  if (!record) throw keyNotFound(key);
  const shown = followReferences(peer, record, { prefix, mayRead: () => true });
  return shown === undefined ? "null" : formatRecord(shown, undefined, peer.clock());
}

/** Names of what another atSign shares with ours. */
export async function peerScan(server: AtServer, owner: string): Promise<string[]> {
  const peer = server.peer(owner);
  if (peer) {
    refuseBlocked(server, peer);
    const prefix = `${server.atSign}:`;
    return peer.store.records.keys(owner, peer.clock(), prefix).map((key) => key.slice(prefix.length));
  }
  const names = readJson(await askPeer(server, owner, "pol", "scan", ""));
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
}

/** As a server of another process refuses the `from:` of an atSign that its own has blocked. */
function refuseBlocked(server: AtServer, peer: AtServer): void {
  if (peer.blocked.has(server.atSign))
    throw new ServerError("AT0013", `${peer.atSign} answered: Unable to connect`);
}

async function askPeer(
  server: AtServer,
  owner: string,
  as: CallAs,
  command: string,
  key: string,
): Promise<string> {
  try {
    return await server.federation.outbound.request(owner, as, command);
  } catch (error) {
    if (!(error instanceof PeerRefusal)) throw error;
    if (error.code === "AT0015") throw keyNotFound(key);
    throw new ServerError(
      isServerErrorCode(error.code) ? error.code : "AT0011",
      `${owner} answered: ${error.message}`,
    );
  }
}

function readJson(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    throw new ServerError("AT0021", "The other atServer answered something unreadable");
  }
}
