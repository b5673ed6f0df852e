import { setImmediate as nextTurn } from "node:timers/promises";
import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import { assertMayManage, assertMayReceive, assertMayWrite, isManageKey, mayReceive } from "../namespaces.ts";
import { notificationJson } from "../notification.ts";
import type { StoredNotification } from "../notification-store.ts";
import { findReceived, findSent, forget, receivedPages, sentPages, statusOf } from "../notification-views.ts";
import { formatTime } from "../record.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const dayMs = 86_400_000;
const maxListBytes = 10_000_000;

/** `notify:status:<id>`: what became of a notification that was sent; `null` for an unknown one. */
export function notificationStatus(server: AtServer, connection: ServerConnection, id: string): string {
  if (!/^\S+$/.test(id)) throw syntaxError();
  for (const { key } of known(server, id)) assertMayReceive(connection, "fetch notify", key);
  return statusOf(server, id) ?? "null";
}

/** `notify:list[:<from>][:<to>][:<regex>]`: what was received and is not expired; `null` for nothing. */
export async function listNotifications(
  server: AtServer,
  connection: ServerConnection,
  argument: string,
): Promise<string> {
  const { isWanted, since } = parseListing(argument);
  const listing = new Listing();
  for (const page of receivedPages(server, since)) {
    for (const each of page)
      if (each.kind === "received" && mayReceive(connection, each.key) && isWanted(each)) listing.add(each);
    if (listing.isFull) break;
    await nextTurn(); // a long list must not hold up the others
  }
  return listing.toString();
}

/** `notify:list..` of another atSign's server: what we sent to it. */
export async function listSentTo(server: AtServer, peer: string, argument: string): Promise<string> {
  const { isWanted, since } = parseListing(argument);
  const listing = new Listing();
  for (const page of sentPages(server, peer)) {
    for (const sent of page) if (sent.epochMillis > since && isWanted(sent)) listing.add(sent);
    if (listing.isFull) break;
    await nextTurn();
  }
  return listing.toString();
}

/** The list as JSON, as far as a reply may be long. */
class Listing {
  readonly #items: string[] = [];
  #size = 0;

  get isFull(): boolean {
    return this.#size > maxListBytes;
  }

  add(notification: StoredNotification): void {
    if (this.isFull) return;
    const json = notificationJson(notification);
    this.#items.push(json);
    this.#size += json.length;
  }

  toString(): string {
    return this.#items.length === 0 ? "null" : `[${this.#items.join(",")}]`;
  }
}

function parseListing(argument: string): { isWanted: (n: StoredNotification) => boolean; since: number } {
  const [, from, to, source = ""] =
    /^(\d{4}-[01]?\d?-[0-3]?\d?)?(?:(?:^|:)(\d{4}-[01]?\d?-[0-3]?\d?))?(?:(?:^|:)(.+))?$/.exec(argument) ??
    [];
  if (argument !== "" && from === undefined && source === "") throw syntaxError();
  const since = from === undefined ? 0 : readDate(from);
  const until = to === undefined ? Number.POSITIVE_INFINITY : readDate(to) + dayMs;
  if (until <= since) throw new ServerError("AT0022", "ToDate cannot be less than FromDate");
  const regex = source === "" ? undefined : new ClientRegex(source);
  return {
    since: since - 1,
    isWanted: (n) => n.epochMillis < until && (!regex || regex.filter([n.key, n.sender.slice(1)]).length > 0),
  };
}

/** The first millisecond of a day, UTC. */
function readDate(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new ServerError("AT0022", "Invalid date format");
  return ms;
}

/** `notify:fetch:<id>`: all that is known of a notification, received or sent. */
export function fetchNotification(server: AtServer, connection: ServerConnection, id: string): string {
  if (!/^\S+$/.test(id)) throw syntaxError();
  for (const { key } of known(server, id)) assertMayReceive(connection, "fetch notify", key);
  const received = findReceived(server, id);
  if (received && received.expiresAt > server.clock())
    return describe(received, received.kind === "self" ? "self" : "received", "delivered");
  const sent = findSent(server, id);
  const status = statusOf(server, id);
  return sent && status !== undefined && status !== "expired"
    ? describe(sent, "sent", status)
    : JSON.stringify({ id, notificationStatus: "NotificationStatus.expired" });
}

/** `notify:remove:<id>`: forgets a notification, and brings it to nobody if it still waits. */
export function removeNotification(server: AtServer, connection: ServerConnection, id: string): string {
  if (!/^\S+$/.test(id)) throw syntaxError();
  for (const { key } of known(server, id)) {
    if (isManageKey(key)) assertMayManage(connection, `remove notify key: ${key}`);
    else assertMayWrite(connection, "remove notify", key);
  }
  forget(server, id);
  return "success";
}

/** The notifications with this id, received and sent. */
function known(server: AtServer, id: string): StoredNotification[] {
  return [findReceived(server, id), findSent(server, id)].filter((found) => found !== undefined);
}

function describe(n: StoredNotification, type: "received" | "sent" | "self", status: string): string {
  return JSON.stringify({
    id: n.id,
    fromAtSign: n.sender,
    notificationDateTime: formatTime(n.epochMillis),
    toAtSign: n.recipient,
    notification: n.key,
    type: `NotificationType.${type}`,
    opType: `OperationType.${n.operation}`,
    messageType: `MessageType.${n.messageType}`,
    priority: `NotificationPriority.${n.hints.priority}`,
    notificationStatus: `NotificationStatus.${status}`,
    retryCount: "1",
    strategy: n.hints.strategy,
    depth: String(n.hints.latestN),
    notifier: n.hints.notifier,
    expiresAt: formatTime(n.expiresAt),
    atValue: String(n.value),
    atMetadata: n.metadata,
    ttl: String(n.expiresAt - n.epochMillis),
  });
}
