import { setImmediate as nextTurn } from "node:timers/promises";
import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import { assertMayManage, assertMayReceive, assertMayWrite, isManageKey, mayReceive } from "../namespaces.ts";
import { notificationJson, storedNotification } from "../notification.ts";
import type { StoredNotification } from "../notification-store.ts";
import { formatTime } from "../record.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const dayMs = 86_400_000;
const maxListBytes = 10_000_000;

/** `notify:status:<id>`: what became of a notification that was sent; `null` for an unknown one. */
export function notificationStatus(server: AtServer, connection: ServerConnection, id: string): string {
  if (!/^\S+$/.test(id)) throw syntaxError();
  for (const { key } of known(server, id)) assertMayReceive(connection, "fetch notify", key);
  return server.store.notifications.status(server.atSign, id, server.clock()) ?? "null";
}

/** `notify:list[:<from>][:<to>][:<regex>]`: what was received and is not expired; `null` for nothing. */
export async function listNotifications(
  server: AtServer,
  connection: ServerConnection,
  argument: string,
): Promise<string> {
  const { isWanted, since } = parseListing(argument);
  const { store, atSign } = server;
  const lastRow = store.notifications.lastRow();
  const listing = new Listing();
  for (let afterRow = 0; ;) {
    const page = store.notifications.since(atSign, { since, now: server.clock(), afterRow, lastRow });
    for (const { row, notification } of page) {
      afterRow = row;
      if (
        notification.kind === "received" &&
        mayReceive(connection, notification.key) &&
        isWanted(notification)
      )
        listing.add(notification);
    }
    if (page.length === 0 || listing.isFull) return listing.toString();
    await nextTurn(); // a long list must not hold up the others
  }
}

/** `notify:list..` of another atSign's server: what we sent to it. */
export async function listSentTo(server: AtServer, peer: string, argument: string): Promise<string> {
  const { isWanted, since } = parseListing(argument);
  const listing = new Listing();
  for (let after = 0; ;) {
    const page = server.store.outgoing.sentTo(server.atSign, peer, { now: server.clock(), after });
    for (const { position, notification, sentAt, expiresAt } of page) {
      after = position;
      const sent = storedNotification(server.atSign, notification, sentAt, expiresAt);
      if (sentAt > since && isWanted(sent)) listing.add(sent);
    }
    if (page.length === 0 || listing.isFull) return listing.toString();
    await nextTurn();
  }
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
  const { store, atSign } = server;
  const now = server.clock();
  const received = store.notifications.find(atSign, id);
  if (received && received.expiresAt > now)
    return describe(received, received.kind === "self" ? "self" : "received", "delivered");
  const sent = findSent(server, id);
  const status = store.notifications.status(atSign, id, now);
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
  const { store, atSign } = server;
  store.transaction(() => {
    store.notifications.remove(atSign, id);
    store.outgoing.remove(atSign, id);
  });
  return "success";
}

/** The notifications with this id, received and sent. */
function known(server: AtServer, id: string): StoredNotification[] {
  const received = server.store.notifications.find(server.atSign, id);
  return [received, findSent(server, id)].filter((found) => found !== undefined);
}

function findSent(server: AtServer, id: string): StoredNotification | undefined {
  return server.store.notifications.findSent(server.atSign, id) ?? findQueued(server, id);
}

function findQueued(server: AtServer, id: string): StoredNotification | undefined {
  const queued = server.store.outgoing.find(server.atSign, id);
  return queued && storedNotification(server.atSign, queued.notification, queued.sentAt, queued.expiresAt);
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
