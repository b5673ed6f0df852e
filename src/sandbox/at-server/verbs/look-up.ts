import type { AtServer } from "../at-server.ts";
import { assertMayRead } from "../namespaces.ts";
import { formatRecord, isVisible, type StoredRecord } from "../record.ts";
import type { ServerConnection } from "../server-connection.ts";
import { keyNotFound, ServerError, syntaxError } from "../server-error.ts";

const publicCopyMs = 86_400_000;

/** `llookup[:meta|:all][:cached][:public|:@bob]:<name>@owner`: own data. */
export function localLookUp(server: AtServer, connection: ServerConnection, rest: string): string {
  const match = /^(?:(meta|all):)?((?:cached:)?(?:(?:public|@[^:@\s]+):)?[^:@\s]+@[^:@\s]+)$/i.exec(rest);
  if (!match?.[2]) throw syntaxError();
  const key = match[2].toLowerCase();
  assertMayRead(connection, "llookup", key);
  return formatRecord(found(server.record(key), key), match[1]?.toLowerCase(), server.clock());
}

/** `lookup:[bypassCache:..:][meta:|all:]<name>@owner`: data shared with the caller; public data before login. */
export function lookUp(server: AtServer, connection: ServerConnection, rest: string): string {
  const { name, owner, operation, bypassCache } = parse(rest);
  const now = server.clock();
  if (!connection.isOwner) {
    if (owner !== server.atSign) throw new ServerError("AT0401", "Command cannot be executed without auth");
    const key = `public:${name}${owner}`;
    return formatRecord(found(server.record(key), key), operation, now);
  }
  const key = `${server.atSign}:${name}${owner}`;
  assertMayRead(connection, "lookup", key);
  if (owner === server.atSign) return formatRecord(found(server.record(key), key), operation, now);
  const copy = bypassCache ? undefined : server.record(`cached:${key}`);
  if (copy && isFresh(copy, now)) return formatRecord(copy, operation, now);
  const record = found(peerOf(server, owner).record(key), key);
  const { ttr = 0 } = record.metadata;
  if (ttr !== 0 && isVisible(record.metadata, now)) keepCopy(server, record, ttr);
  return formatRecord(record, operation, now);
}

/** `plookup:[bypassCache:..:][meta:|all:]<name>@owner`: public data of anybody. */
export function publicLookUp(server: AtServer, _connection: ServerConnection, rest: string): string {
  const { name, owner, operation, bypassCache } = parse(rest);
  const now = server.clock();
  const key = `public:${name}${owner}`;
  if (owner === server.atSign) return formatRecord(found(server.record(key), key), operation, now);
  const copy = bypassCache ? undefined : server.record(`cached:${key}`);
  if (copy && isFresh(copy, now)) return formatRecord(copy, operation, now);
  const record = found(peerOf(server, owner).record(key), key);
  if (isVisible(record.metadata, now))
    keepCopy(server, record, name === "publickey" ? -1 : publicCopyMs / 1000);
  return formatRecord(record, operation, now);
}

function parse(rest: string): {
  name: string;
  owner: string;
  operation: string | undefined;
  bypassCache: boolean;
} {
  const match = /^(?:bypassCache:(true|false):)?(?:(meta|all):)?([^:@\s]+)(@[^:@\s]+)$/i.exec(rest);
  const [, bypass, operation, name, owner] = match ?? [];
  if (name === undefined || owner === undefined) throw syntaxError();
  return {
    name: name.toLowerCase(),
    owner: owner.toLowerCase(),
    operation: operation?.toLowerCase(),
    bypassCache: bypass?.toLowerCase() === "true",
  };
}

function peerOf(server: AtServer, atSign: string): AtServer {
  const peer = server.peer(atSign);
  if (!peer) throw new ServerError("AT0007", `No atServer is known for ${atSign}`);
  return peer;
}

function found(record: StoredRecord | undefined, key: string): StoredRecord {
  if (!record) throw keyNotFound(key);
  return record;
}

/** A copy is good until its refresh time, or for ever when it has none. */
function isFresh(copy: StoredRecord, now: number): boolean {
  const { refreshAt } = copy.metadata;
  return isVisible(copy.metadata, now) && (refreshAt === undefined || refreshAt > now);
}

/** Keeps another atSign's record here as it is, with its own times; `ttr` in seconds, -1 for ever. */
function keepCopy(server: AtServer, record: StoredRecord, ttr: number): void {
  const { refreshAt: _refreshAt, ...metadata } = record.metadata;
  const refresh = ttr > 0 ? { refreshAt: server.clock() + ttr * 1000 } : {};
  server.store.records.put(server.atSign, {
    key: `cached:${record.key}`,
    value: record.value,
    metadata: { ...metadata, ttr, ...refresh },
  });
}
