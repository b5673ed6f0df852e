import type { AtServer } from "../at-server.ts";
import { type Key, parseKey } from "../key.ts";
import { isLoginKey } from "../login-key.ts";
import { checkMetadata, type MetadataChange, SegmentReader } from "../metadata-fields.ts";
import { readMetadataJson } from "../metadata-json.ts";
import { assertMayWrite } from "../namespaces.ts";
import { pkamKey } from "../reserved-keys.ts";
import { isExpired } from "../record.ts";
import type { ServerConnection } from "../server-connection.ts";
import { keyNotFound, ServerError, syntaxError } from "../server-error.ts";
import { notifyRecipient } from "./notify-recipient.ts";

interface Change {
  readonly key: Key;
  readonly change: MetadataChange;
  /** Undefined when only the metadata change. */
  readonly value: string | undefined;
  /** False for what stays out of the commit log on demand. */
  readonly log: boolean;
}

/**
 * `update[:nc]<metadata>[:public|:@bob]:<name>@alice <value>`, `update[:nc]:json:{..}` and
 * `update:meta[:nc][:public|:@bob]:<name>@alice<metadata>`: answers the commit id, -1 for what is not logged.
 */
export function update(server: AtServer, connection: ServerConnection, rest: string): string {
  const [, installed] = /^privatekey:at_pkam_publickey (.+)$/is.exec(rest) ?? [];
  if (installed !== undefined) return installPkamKey(server, connection, installed);
  const change = /^meta:/i.test(rest) ? readMeta(server, rest.slice(5)) : readUpdate(server, rest);
  assertMayWrite(connection, "update", change.key.full);
  return write(server, change);
}

function readUpdate(server: AtServer, text: string): Change {
  const noCommit = /^nc:/i.test(text);
  const rest = noCommit ? text.slice(3) : text;
  const log = !noCommit;
  if (/^json:/i.test(rest)) return { ...readJson(server, rest.slice(5)), log };
  const [, head, value] = /^(\S+) (.+)$/s.exec(rest) ?? [];
  if (head === undefined || value === undefined) throw syntaxError();
  const reader = new SegmentReader(head, server.behaviour.metadataOrder);
  const change: MetadataChange = {};
  while (reader.metadata(change));
  return { key: parseKey(reader.rest, server.atSign), change, value, log };
}

function readMeta(server: AtServer, text: string): Change {
  const noCommit = /^nc:/i.test(text);
  const [, keyText, segments] =
    /^((?:public:|@[^:@\s]+:)?[^:@\s]+@[^:@\s]+):(\S+)$/i.exec(noCommit ? text.slice(3) : text) ?? [];
  if (keyText === undefined || segments === undefined) throw syntaxError();
  const reader = new SegmentReader(segments, server.behaviour.metadataOrder);
  const change: MetadataChange = {};
  while (reader.rest !== "") if (!reader.metadata(change)) throw syntaxError();
  return { key: parseKey(keyText, server.atSign), change, value: undefined, log: !noCommit };
}

/** `{"atKey","sharedBy","sharedWith","value","metadata":{..}}`: what some clients wrote once. */
function readJson(server: AtServer, text: string): Omit<Change, "log"> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw syntaxError();
  }
  const { atKey, sharedBy, sharedWith, value, metadata } = (json ?? {}) as Record<string, unknown>;
  if (typeof atKey !== "string" || typeof value !== "string" || value === "") throw syntaxError();
  const { change, isPublic } = readMetadataJson(metadata);
  const withAt = (atSign: unknown) => (typeof atSign === "string" ? `@${atSign.replace(/^@/, "")}` : "");
  const scope = isPublic ? "public:" : typeof sharedWith === "string" ? `${withAt(sharedWith)}:` : "";
  return { key: parseKey(`${scope}${atKey}${withAt(sharedBy)}`, server.atSign), change, value };
}

function write(server: AtServer, { key, change, value, log }: Change): string {
  return server.store.transaction(() => {
    const old = server.record(key.full);
    const exists = old !== undefined && !isExpired(old.metadata, server.clock());
    checkMetadata(change, exists ? old.metadata : undefined);
    if (value === undefined && !exists) throw keyNotFound(key.full);
    if (exists && old.metadata.immutable === true)
      throw new ServerError("AT0032", "Immutable records may not be updated");
    const commitId = server.putRecord(key.full, value, change, { log });
    notifyRecipient(server, key, "update", value ?? null, change);
    return String(commitId);
  });
}

/**
 * Only the connection that knows the activation secret may set the login key, where the server does not let its owner
 * too; to write it as it is changes nothing.
 */
function installPkamKey(server: AtServer, connection: ServerConnection, value: string): string {
  const isOwner = connection.enrollment === undefined;
  const mayInstall =
    connection.identity.kind === "cram" || (isOwner && server.behaviour.ownerInstallsLoginKey);
  if (!mayInstall && !(isOwner && server.record(pkamKey)?.value === value))
    throw new ServerError("AT0009", `${pkamKey} can be written on a CRAM connection only`);
  if (!isLoginKey(value))
    throw new ServerError(
      "AT0022",
      "The PKAM public key must be an RSA key in base64 SPKI, a point of P-256 in hex or an ML-DSA-65 key in base64",
    );
  if (mayInstall) server.enrollments.installPrimary(value);
  return "-1";
}
