import { randomUUID } from "node:crypto";
import type { AtServer } from "../at-server.ts";
import { checkMetadata, type MetadataChange, SegmentReader } from "../metadata-fields.ts";
import { assertMayWrite } from "../namespaces.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

/** How long a notification is kept when its sender does not say: 15 minutes, as public servers are shipped. */
export const defaultTtln = 900_000;

const options: Record<string, RegExp> = {
  id: /^[\w-]+(?=:)/,
  messagetype: /^(?:key|text)(?=:)/i,
  message_type: /^(?:key|text)(?=:)/i,
  priority: /^(?:low|medium|high)(?=:)/i,
  strategy: /^(?:all|latest)(?=:)/i,
  latestn: /^\d+(?=:)/,
  notifier: /^[^\s:]+(?=:)/,
};

/** `notify[:id:..][:update|:delete][..]<metadata>:@bob:<name>[@alice][:<value>]`: answers the id once it is stored. */
export function notify(server: AtServer, connection: ServerConnection, rest: string): string {
  const status = /^status:(\S+)$/i.exec(rest);
  if (status?.[1])
    return server.store.notifications.status(server.atSign, status[1], server.clock()) ?? "null";
  const reader = new SegmentReader(rest, server.behaviour.metadataOrder);
  const given = new Map<string, string>();
  const change: MetadataChange = {};
  let operation: "update" | "delete" = "update";
  for (;;) {
    const word = reader.word(
      (text) => text === "update" || text === "delete" || Object.hasOwn(options, text),
    );
    const pattern = word === undefined ? undefined : options[word];
    if (word !== undefined && pattern) given.set(word, reader.value(pattern));
    else if (word !== undefined) operation = word === "delete" ? "delete" : "update";
    else if (!reader.metadata(change)) break;
  }
  checkMetadata(change);
  const messageType =
    (given.get("messagetype") ?? given.get("message_type"))?.toLowerCase() === "text" ? "text" : "key";
  if (given.get("strategy") === "latest" && !given.has("notifier"))
    throw syntaxError("For Strategy latest, notifier cannot be null");
  const target = messageType === "text" ? parseText(reader.rest) : parseKey(reader.rest, server.atSign);
  assertMayWrite(connection, "notify", target.key);
  const id = given.get("id") ?? randomUUID();
  const ttln = reader.ttln ?? defaultTtln;
  server.send({
    ...target,
    id,
    operation,
    messageType,
    isEncrypted: change.isEncrypted ?? messageType === "key",
    change,
    ttln,
  });
  return id;
}

function parseKey(text: string, atSign: string): { recipient: string; key: string; value: string | null } {
  const match = /^(@[^:@\s]+):([^:@\s]+)(@[^:@\s]+)?(?::(.+))?$/s.exec(text);
  if (!match?.[1] || !match[2]) throw syntaxError();
  const [, recipient, name, owner = atSign, value = null] = match;
  if (owner.toLowerCase() !== atSign)
    throw new ServerError("AT0009", `${owner} is not authorized to send notification as ${atSign}`);
  return { recipient: recipient.toLowerCase(), key: `${recipient}:${name}${atSign}`.toLowerCase(), value };
}

/** The deprecated text message: everything after the recipient is the message, and it stands in the key. */
function parseText(text: string): { recipient: string; key: string; value: null } {
  const match = /^(@[^:@\s]+):(.+)$/s.exec(text);
  if (!match?.[1] || !match[2]) throw syntaxError();
  const recipient = match[1].toLowerCase();
  return { recipient, key: `${recipient}:${match[2]}`, value: null };
}
