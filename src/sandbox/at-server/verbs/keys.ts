import type { AtServer } from "../at-server.ts";
import { manageNamespace, type StoredEnrollment } from "../enrollment.ts";
import { failure } from "../enrollment-rules.ts";
import type { ServerConnection } from "../server-connection.ts";
import { keyNotFound, ServerError, syntaxError } from "../server-error.ts";

const encryptionKeyName = "default_enc_private_key";
const selfKeyName = "default_self_enc_key";
const globalNamespace = "__global";
const maxKeyLength = 248;
const word = String.raw`([a-zA-Z0-9_]+)`;
const grammar = new RegExp(
  `^(put|get|delete):?(?:(public|private|self):?)?(?:namespace:${word}:?)?(?:appName:${word}:?)?(?:deviceName:${word}:?)?` +
    `(?:keyType:([a-zA-Z0-9_-]+):?)?(?:encryptionKeyName:([a-zA-Z0-9_-]+):?)?(?:keyName:(\\S+) ?)?(.*)$`,
  "is",
);

/**
 * `keys:get:keyName:<key>` gives an enrolled app the atSign's keys, as the approver wrapped them for it; `keys:put` keeps
 * keys of the app, `keys:get:public|private|self` lists them, `keys:delete:keyName:<key>` removes one. No enrollment
 * sees another's.
 */
export function keys(server: AtServer, connection: ServerConnection, rest: string): string {
  const match = grammar.exec(rest);
  if (!match) throw syntaxError();
  const { identity } = connection;
  const id = identity.kind === "owner" || identity.kind === "cram" ? identity.enrollment?.id : undefined;
  const own = id === undefined ? undefined : server.enrollments.get(id);
  if (!own) throw failure("Keys verb cannot be accessed without an enrollmentId");
  const [
    ,
    operation = "",
    visibility,
    namespace,
    appName,
    deviceName,
    keyType,
    encryptionKey,
    keyName,
    value,
  ] = match;
  switch (operation.toLowerCase()) {
    case "get":
      if (keyName !== undefined) return read(server, own, keyName.toLowerCase());
      if (visibility === undefined) throw syntaxError();
      return JSON.stringify(names(server, own, visibility.toLowerCase()));
    case "put": {
      if (visibility === undefined || namespace === undefined || keyName === undefined || !value)
        throw syntaxError();
      const key = ownKey(server, own, { visibility, namespace, keyName, appName, deviceName });
      server.putRecord(
        key,
        JSON.stringify({ value, keyType, enrollmentId: own.id, encryptionKeyName: encryptionKey }),
        {},
        { log: false },
      );
      return "-1";
    }
    default: {
      if (keyName === undefined) throw syntaxError();
      const key = keyName.toLowerCase();
      if (!isOf(server, own, key)) throw keyNotFound(key);
      server.deleteRecord(key, { log: false });
      return "-1";
    }
  }
}

function read(server: AtServer, own: StoredEnrollment, key: string): string {
  const wrapped = new Map([
    [wrappedName(server, own, encryptionKeyName), own.encryptionPrivateKey],
    [wrappedName(server, own, selfKeyName), own.selfEncryptionKey],
  ]).get(key);
  if (wrapped) return JSON.stringify(wrapped);
  const record = isOf(server, own, key) ? server.record(key) : undefined;
  if (!record) throw new ServerError("AT0015", `key ${key} not found in keystore`);
  return record.value;
}

function names(server: AtServer, own: StoredEnrollment, visibility: string): string[] {
  const spaces =
    own.namespaces[manageNamespace] === "rw" ? [globalNamespace, manageNamespace] : [globalNamespace];
  const endings = spaces.map((space) => `.__${visibility}_keys.${space}${server.atSign}`);
  const found = server.store.records
    .keys(server.atSign, server.clock())
    .filter((key) => endings.some((ending) => key.endsWith(ending)) && isOf(server, own, key));
  if (visibility === "private" && own.encryptionPrivateKey)
    found.push(wrappedName(server, own, encryptionKeyName));
  if (visibility === "self" && own.selfEncryptionKey) found.push(wrappedName(server, own, selfKeyName));
  return found;
}

function wrappedName(server: AtServer, own: StoredEnrollment, name: string): string {
  return `${own.id}.${name}.${manageNamespace}${server.atSign}`;
}

/** True for a key that this enrollment has put. */
function isOf(server: AtServer, own: StoredEnrollment, key: string): boolean {
  if (!/\.__(?:public|private|self)_keys\.\w+@/.test(key)) return false;
  const record = server.record(key);
  if (!record) return false;
  try {
    return (JSON.parse(record.value) as { enrollmentId?: unknown } | null)?.enrollmentId === own.id;
  } catch {
    return false;
  }
}

/** The name of a new key. Throws AT0009 when the enrollment may not write there or another one's key has the name. */
function ownKey(
  server: AtServer,
  own: StoredEnrollment,
  o: {
    visibility: string;
    namespace: string;
    keyName: string;
    appName?: string | undefined;
    deviceName?: string | undefined;
  },
): string {
  const visibility = o.visibility.toLowerCase();
  const place = `.__${visibility}_keys.${o.namespace}${server.atSign}`;
  const prefix = { public: "public:", private: "private:", self: "" }[visibility] ?? "";
  const app = visibility === "public" ? "" : `${o.appName ?? own.appName}.${o.deviceName ?? own.deviceName}.`;
  const key = `${prefix}${app}${o.keyName}${place}`.toLowerCase();
  if (key.length > maxKeyLength || /[:@\s]/.test(o.keyName)) throw syntaxError();
  const mayPut =
    o.namespace === globalNamespace || own.namespaces[o.namespace] === "rw" || own.namespaces["*"] === "rw";
  if (!mayPut || (server.record(key) && !isOf(server, own, key)))
    throw new ServerError(
      "AT0009",
      `Connection with enrollment ID ${own.id} is not authorized to put key: ${key}`,
    );
  return key;
}
