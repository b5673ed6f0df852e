import type { AtServer } from "../at-server.ts";
import type { CallAs } from "../federation/federation.ts";
import { peerRecord, peerValue } from "../federation/peer-data.ts";
import { rememberPublicKey } from "../federation/public-keys.ts";
import { assertMayRead, mayRead } from "../namespaces.ts";
import { followReferences, isReference } from "../references.ts";
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
export async function lookUp(server: AtServer, connection: ServerConnection, rest: string): Promise<string> {
  const { name, owner, operation, bypassCache } = parse(rest);
  const { identity } = connection;
  const now = server.clock();
  if (!connection.isOwner) {
    const prefix = identity.kind === "pol" ? `${identity.atSign}:` : "public:";
    return ownValue(server, connection, `${prefix}${name}${owner}`, { prefix, operation });
  }
  const key = `${server.atSign}:${name}${owner}`;
  assertMayRead(connection, "lookup", key);
  if (owner === server.atSign)
    return ownValue(server, connection, key, { prefix: `${server.atSign}:`, operation });
  const copy = bypassCache ? undefined : server.record(`cached:${key}`);
  if (copy && isFresh(copy, now)) return formatRecord(copy, operation, now);
  return fetched(server, { name, owner, operation, as: "pol" });
}

/** A record of this server; a value that refers to another (`atsign://name@owner`) gives what it refers to. */
function ownValue(
  server: AtServer,
  connection: ServerConnection,
  key: string,
  { prefix, operation }: { prefix: string; operation: string | undefined },
): string {
  const record = found(server.record(key), key);
  const shown =
    operation === undefined
      ? followReferences(server, record, { prefix, mayRead: (name) => mayRead(connection, name) })
      : record;
  return shown === undefined ? "null" : formatRecord(shown, operation, server.clock());
}

/** `plookup:[bypassCache:..:][meta:|all:]<name>@owner`: public data of anybody. */
export async function publicLookUp(
  server: AtServer,
  _connection: ServerConnection,
  rest: string,
): Promise<string> {
  const { name, owner, operation, bypassCache } = parse(rest);
  const now = server.clock();
  const key = `public:${name}${owner}`;
  if (owner === server.atSign) return formatRecord(found(server.record(key), key), operation, now);
  const copy = bypassCache ? undefined : server.record(`cached:${key}`);
  if (copy && isFresh(copy, now)) return formatRecord(copy, operation, now);
  return fetched(server, { name, owner, operation, as: "anyone" });
}

function parse(rest: string): {
  name: string;
  owner: string;
  operation: string | undefined;
  bypassCache: boolean;
} {
  const match = /^(?:bypassCache:(true|false):)?(?:(meta|all):)?([^:@\s][^@\s]*)(@[^:@\s]+)$/i.exec(rest);
  const [, bypass, operation, name, owner] = match ?? [];
  if (name === undefined || owner === undefined) throw syntaxError();
  return {
    name: name.toLowerCase(),
    owner: owner.toLowerCase(),
    operation: operation?.toLowerCase(),
    bypassCache: bypass?.toLowerCase() === "true",
  };
}

/** Another atSign's record; a copy is kept where its owner, or its being public, allows, and dropped when it is gone. */
async function fetched(
  server: AtServer,
  o: { name: string; owner: string; operation: string | undefined; as: CallAs },
): Promise<string> {
  const isPublic = o.as === "anyone";
  const copyKey = `cached:${isPublic ? "public" : server.atSign}:${o.name}${o.owner}`;
  let record: StoredRecord | undefined;
  try {
    record = await peerRecord(server, o.owner, o.name, o.as);
  } catch (error) {
    if (error instanceof ServerError && error.code === "AT0015" && server.record(copyKey))
      server.deleteRecord(copyKey);
    throw error;
  }
  if (!record) return "null";
  // Its owner's server says what it stands for; a copy would not.
  if (!isPublic && o.operation === undefined && isReference(record.value))
    return peerValue(server, o.owner, o.name);
  if (isPublic && o.name === "publickey") rememberPublicKey(server, o.owner, record);
  else if (isPublic) server.putCopy(copyKey, record, publicCopyMs / 1000);
  else if (record.metadata.ttr) server.putCopy(copyKey, record, record.metadata.ttr);
  return formatRecord(record, o.operation, server.clock());
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
