import { randomUUID } from "node:crypto";
import type { AtServer } from "../at-server.ts";
import type { AtStore } from "../at-store.ts";
import type { Behaviour } from "../behaviour.ts";
import { checkMetadata, type MetadataChange, readTime, SegmentReader } from "../metadata-fields.ts";
import { assertMayWrite } from "../namespaces.ts";
import { defaultHints, type NotificationHints, type OutgoingNotification } from "../outgoing-store.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";
import {
  fetchNotification,
  listNotifications,
  listSentTo,
  notificationStatus,
  removeNotification,
} from "./notify-queries.ts";

/** How long a notification is kept when its sender does not say: 15 minutes, as public servers are shipped. */
export const defaultTtln = 900_000;

/** The longest that anything is kept: 8 days; and held in memory alone: two minutes. */
const longestMs = 691_200_000;
const longestHeldMs = 120_000;
const maxRecipients = 100;
const none = /^/;
/** What stands before the metadata, in the order of public servers. */
const options: Record<string, RegExp> = {
  id: /^[\w-]+(?=:)/,
  update: none,
  delete: none,
  messagetype: /^(?:key|text)(?=:)/i,
  message_type: /^(?:key|text)(?=:)/i,
  priority: /^(?:low|medium|high)(?=:)/i,
  strategy: /^(?:all|latest)(?=:)/i,
  latestn: /^\d{1,9}(?=:)/,
  notifier: /^[^\s:]+(?=:)/,
  ttln: /^\d{1,15}(?=:)/,
  eatn: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?=:)/i,
  eph: none,
};
const optionNames = Object.keys(options);

/**
 * `notify[:id:..][:update|:delete][..]<metadata>:@bob:<name>[@alice][:<value>]`: answers the id once it is stored. And
 * `notify:status:`, `notify:list`, `notify:fetch:`, `notify:remove:` and `notify:all:`.
 */
export function notify(
  server: AtServer,
  connection: ServerConnection,
  rest: string,
): string | Promise<string> {
  const { identity } = connection;
  const [, query, argument = ""] = /^(status|list|fetch|remove|all)(?::(.*))?$/is.exec(rest) ?? [];
  if (identity.kind === "pol") {
    if (query === undefined) return receive(server, identity.atSign, rest);
    if (query.toLowerCase() === "list") return listSentTo(server, identity.atSign, argument);
    throw new ServerError("AT0401", "Command cannot be executed without auth");
  }
  switch (query?.toLowerCase() ?? "") {
    case "status":
      return notificationStatus(server, connection, argument);
    case "list":
      return listNotifications(server, connection, argument);
    case "fetch":
      return fetchNotification(server, connection, argument);
    case "remove":
      return removeNotification(server, connection, argument);
    case "all":
      return notifyAll(server, connection, argument);
    default: {
      const given = parse(rest, server.clock(), server.behaviour.metadataOrder);
      const target = parseTarget(given, server.atSign);
      assertMayWrite(connection, "notify", target.key);
      const id = given.id ?? randomUUID();
      if (given.ttln <= 0) return id; // its time is over: there is nobody to bring it to
      return storeOf(server, given).grouped(() => {
        server.send({ ...given, ...target, id });
        return id;
      });
    }
  }
}

/** A notification that another atSign's server hands over. */
function receive(server: AtServer, peer: string, rest: string): string | Promise<string> {
  const given = parse(rest, server.clock());
  const target = parseTarget(given, peer);
  if (target.recipient !== server.atSign)
    throw new ServerError("AT0009", `${target.recipient} is not served here`);
  const notification = { ...given, ...target, id: given.id ?? randomUUID() };
  if (given.ttln <= 0) return "success";
  return storeOf(server, given).grouped(() => {
    server.receive(peer, notification, server.clock() + notification.ttln);
    return "success";
  });
}

/** `notify:all:..<metadata>:@bob,@carol:<name>[@alice][:<value>]`: answers an id for each, after a blank. */
function notifyAll(server: AtServer, connection: ServerConnection, text: string): string {
  const given = parse(text, server.clock(), server.behaviour.metadataOrder);
  const [, names = "", tail = ""] = /^([^:\s]+):(.+)$/s.exec(given.rest) ?? [];
  const recipients = [...new Set(names.split(",").map((name) => `@${name.replace(/^@/, "")}`))];
  if (recipients.length > maxRecipients)
    throw new ServerError("AT0022", `A notification may have at most ${maxRecipients} recipients`);
  const notifications = recipients.map((recipient) => ({
    ...given,
    ...parseTarget({ ...given, rest: `${recipient}:${tail}` }, server.atSign),
    id: randomUUID(),
  }));
  for (const { key } of notifications) assertMayWrite(connection, "notify", key);
  storeOf(server, given).transaction(() => {
    for (const notification of notifications) if (given.ttln > 0) server.send(notification);
  });
  const ids = notifications.map(({ recipient, id }) => [recipient, id]);
  return ` ${JSON.stringify(Object.fromEntries(ids))}`;
}

function storeOf(server: AtServer, { isEphemeral }: Given): AtStore {
  return isEphemeral ? server.store.held : server.store;
}

interface Given extends Pick<
  OutgoingNotification,
  "operation" | "messageType" | "isEncrypted" | "change" | "ttln" | "hints"
> {
  readonly id: string | undefined;
  readonly isEphemeral: boolean;
  /** What stands behind options and metadata. */
  readonly rest: string;
}

/** Reads options and metadata from the front of a command. */
function parse(text: string, now: number, order: Behaviour["metadataOrder"] = "any"): Given {
  const reader = new SegmentReader(text, order);
  const given = readOptions(reader, order);
  const change: MetadataChange = {};
  const late = (): boolean => order === "any" && readOption(reader, given) !== undefined;
  while (reader.metadata(change) || late());
  checkMetadata(change);
  const messageType =
    (given.get("messagetype") ?? given.get("message_type"))?.toLowerCase() === "text" ? "text" : "key";
  const ttln = given.has("ttln") ? Number(given.get("ttln")) : reader.ttln;
  const isEphemeral = given.has("eph");
  if (isEphemeral) refuseWriting(given, change);
  return {
    id: given.get("id"),
    operation: given.has("delete") ? "delete" : "update",
    messageType,
    isEncrypted: change.isEncrypted ?? messageType === "key",
    change,
    ttln: Math.min(lifetime(ttln, given.get("eatn"), now), isEphemeral ? longestHeldMs : longestMs),
    isEphemeral,
    hints: hintsOf(given),
    rest: reader.rest,
  };
}

function readOptions(reader: SegmentReader, order: Behaviour["metadataOrder"]): Map<string, string> {
  const given = new Map<string, string>();
  let place = 0;
  for (let name = readOption(reader, given); name !== undefined; name = readOption(reader, given)) {
    const next = optionNames.indexOf(name);
    if (order === "times-first" && next < place) throw syntaxError();
    place = next;
  }
  return given;
}

/** Takes one option with its value, if there is one; its name in lower case. */
function readOption(reader: SegmentReader, given: Map<string, string>): string | undefined {
  const name = reader.word((word) => Object.hasOwn(options, word));
  const pattern = name === undefined ? undefined : options[name];
  if (name === undefined || !pattern) return undefined;
  given.set(name, pattern === none ? "" : reader.value(pattern));
  if (name === "eph") reader.word((word) => word === "true"); // some clients write the name alone
  return name;
}

/** What is only held must not make its receiver write or remove a copy. */
function refuseWriting(given: ReadonlyMap<string, string>, change: MetadataChange): void {
  const bad = given.has("delete")
    ? "delete"
    : (["ttr", "ccd"] as const).find((name) => change[name] !== undefined);
  if (bad !== undefined) throw syntaxError(`Invalid syntax. eph and ${bad} exclude each other`);
}

/** How long it is kept: `ttln` (0 leaves it to the server) or until `eAtn`, milliseconds; that may be in the past. */
function lifetime(ttln: number | undefined, eAtn: string | undefined, now: number): number {
  if (eAtn === undefined) return ttln || defaultTtln;
  if (ttln !== undefined) throw syntaxError("Invalid syntax. ttln and eAtn exclude each other");
  return readTime(eAtn) - now;
}

function hintsOf(given: ReadonlyMap<string, string>): NotificationHints {
  if (!["priority", "strategy", "latestn", "notifier"].some((name) => given.has(name))) return defaultHints;
  const strategy = given.get("strategy")?.toLowerCase() === "latest" ? "latest" : "all";
  if (strategy === "latest" && !given.has("notifier"))
    throw syntaxError("For Strategy latest, notifier cannot be null");
  return {
    priority: (given.get("priority")?.toLowerCase() ??
      defaultHints.priority) as NotificationHints["priority"],
    strategy,
    latestN: Math.max(1, Number(given.get("latestn") ?? defaultHints.latestN)),
    notifier: given.get("notifier") ?? defaultHints.notifier,
  };
}

type Target = Pick<OutgoingNotification, "recipient" | "key" | "value">;

function parseTarget(given: Given, sender: string): Target {
  return given.messageType === "text" ? parseText(given.rest) : parseKey(given.rest, sender);
}

function parseKey(text: string, sender: string): Target {
  // What follows is the value as it is, which may be long.
  const match = /^(@[^:@\s]+):([^:@\s]+)(@[^:@\s]+)?(?:$|:(?!$))/.exec(text);
  if (!match?.[1] || !match[2]) throw syntaxError();
  const [head, recipient, name, owner = sender] = match;
  const value = head.length < text.length ? text.slice(head.length) : null;
  if (owner.toLowerCase() !== sender)
    throw new ServerError("AT0009", `${owner} is not authorized to send notification as ${sender}`);
  return { recipient: recipient.toLowerCase(), key: `${recipient}:${name}${sender}`.toLowerCase(), value };
}

/** The deprecated text message: everything after the recipient is the message, and it stands in the key. */
function parseText(text: string): Target {
  const match = /^(@[^:@\s]+):(.+)$/s.exec(text);
  if (!match?.[1] || !match[2]) throw syntaxError();
  const recipient = match[1].toLowerCase();
  return { recipient, key: `${recipient}:${match[2]}`, value: null };
}
