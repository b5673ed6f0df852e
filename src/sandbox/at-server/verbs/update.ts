import { randomUUID } from "node:crypto";
import type { AtServer } from "../at-server.ts";
import { checkMetadata, type MetadataChange, SegmentReader } from "../metadata-fields.ts";
import { isProtected, pkamKey, secretDeletedKey, secretKey } from "../reserved-keys.ts";
import type { ServerConnection } from "../server-connection.ts";
import { readPkamKey } from "./login.ts";
import { defaultTtln } from "./notify.ts";
import { keyNotFound, ServerError, syntaxError } from "../server-error.ts";

const maxKeyLength = 248;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?=:)/i;

interface Key {
  readonly full: string;
  /** Set for a key shared with another atSign. */
  readonly recipient?: string;
}

/** `update[:nc]<metadata>[:public|:@bob]:<name>@alice <value>` and `update:meta...`: answers the commit id. */
export function update(server: AtServer, connection: ServerConnection, rest: string): string {
  if (/^meta:/i.test(rest)) return updateMeta(server, rest.slice(5));
  const [, head = "", value = ""] = /^(\S+) (.+)$/s.exec(rest) ?? [];
  if (head.toLowerCase() === pkamKey) return installPkamKey(server, connection, value);
  const reader = new SegmentReader(head);
  const noCommit = reader.word((word) => word === "nc") !== undefined;
  const change: MetadataChange = {};
  while (reader.metadata(change));
  const key = parseKey(reader.rest, server.atSign);
  checkMetadata(change);
  return server.store.transaction(() => {
    const commitId = server.putRecord(key.full, value, change, { log: !noCommit });
    notifyRecipient(server, key, "update", value, change);
    return String(commitId);
  });
}

function updateMeta(server: AtServer, rest: string): string {
  const noCommit = /^nc:/i.test(rest);
  const [, keyText = "", segments = ""] =
    /^((?:public:|@[^:@\s]+:)?[^:@\s]+@[^:@\s]+):(\S+)$/i.exec(noCommit ? rest.slice(3) : rest) ?? [];
  const key = parseKey(keyText, server.atSign);
  const reader = new SegmentReader(segments);
  const change: MetadataChange = {};
  while (reader.rest !== "") if (!reader.metadata(change)) throw syntaxError();
  checkMetadata(change);
  return server.store.transaction(() => {
    if (!server.record(key.full)) throw keyNotFound(key.full);
    const commitId = server.putRecord(key.full, undefined, change, { log: !noCommit });
    notifyRecipient(server, key, "update", null, change);
    return String(commitId);
  });
}

/** Only the connection that knows the activation secret may set the login key. */
function installPkamKey(server: AtServer, connection: ServerConnection, value: string): string {
  if (connection.identity.kind !== "cram")
    throw new ServerError("AT0009", `${pkamKey} can be written on a CRAM connection only`);
  if (!readPkamKey(value))
    throw new ServerError("AT0022", "The PKAM public key must be an RSA key in base64 SPKI");
  server.putRecord(pkamKey, value, {});
  return "-1";
}

/** `delete[...][:cached][:public|:@bob]:<name>[@alice]`: answers a commit id even when there was nothing. */
export function deleteKey(server: AtServer, _connection: ServerConnection, rest: string): string {
  if (rest.toLowerCase() === secretKey) return endActivation(server);
  const reader = new SegmentReader(rest);
  const options = new Set<string>();
  for (let word = reader.word(isDeleteOption); word !== undefined; word = reader.word(isDeleteOption)) {
    if (word === "dat") reader.value(isoTime);
    if (word === "priority") reader.value(/^(?:low|medium|high)(?=:)/i);
    options.add(word);
  }
  const key = options.has("cached") ? { full: cachedKey(reader.rest) } : parseKey(reader.rest, server.atSign);
  if (isProtected(key.full, server.atSign)) throw new ServerError("AT0009", `${key.full} cannot be deleted`);
  return server.store.transaction(() => {
    const commitId = server.deleteRecord(key.full, !options.has("nc"));
    notifyRecipient(server, key, "delete", null, {});
    return String(commitId);
  });
}

function isDeleteOption(word: string): boolean {
  return ["dat", "nc", "force", "priority", "cached"].includes(word);
}

function cachedKey(text: string): string {
  if (!/^(?:public|@[^:@\s]+):[^:@\s]+@[^:@\s]+$/i.test(text)) throw syntaxError();
  return `cached:${text.toLowerCase()}`;
}

function endActivation(server: AtServer): string {
  return server.store.transaction(() => {
    server.putRecord(secretDeletedKey, "true", {});
    return String(server.deleteRecord(secretKey));
  });
}

function parseKey(text: string, atSign: string): Key {
  const match = /^(?:(public)|(@[^:@\s]+))?(?<colon>:)?([^:@\s]+)(@[^:@\s]+)?$/i.exec(text.toLowerCase());
  if (!match) throw syntaxError();
  const [, isPublic, recipient, colon, name, owner = atSign] = match;
  const hasScope = isPublic !== undefined || recipient !== undefined;
  if (hasScope !== (colon !== undefined)) throw syntaxError();
  if (owner !== atSign)
    throw new ServerError(
      "AT0016",
      `Invalid update command - sharedBy atsign ${owner} should be same as current atsign ${atSign}`,
    );
  const full = `${hasScope ? `${isPublic ?? recipient}:` : ""}${name}${owner}`;
  if (full.length > maxKeyLength)
    throw new ServerError(
      "AT0016",
      `key length ${full.length} is greater than max allowed ${maxKeyLength} chars`,
    );
  return recipient === undefined || recipient === atSign ? { full } : { full, recipient };
}

/** Tells the other atSign of a shared value that was written or deleted. */
function notifyRecipient(
  server: AtServer,
  key: Key,
  operation: "update" | "delete",
  value: string | null,
  change: MetadataChange,
): void {
  if (key.recipient === undefined || !server.behaviour.autoNotify) return;
  server.send({
    id: randomUUID(),
    recipient: key.recipient,
    key: key.full,
    value,
    operation,
    messageType: "key",
    isEncrypted: change.isEncrypted ?? false,
    change,
    ttln: defaultTtln,
  });
}
