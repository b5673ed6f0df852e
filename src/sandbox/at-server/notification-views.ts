import type { AtServer } from "./at-server.ts";
import type { AtStore } from "./at-store.ts";
import { storedNotification } from "./notification.ts";
import type { DeliveryStatus, StoredNotification } from "./notification-store.ts";

/**
 * What an atSign can see of its notifications, whether they are kept or only held in memory. Lists come in pages, so that
 * a long one need not hold up the others: first what is kept, in order of arrival, then what is held.
 */

/** What was received after `since` and is not expired, up to what is there now. */
export function* receivedPages(server: AtServer, since: number): Generator<readonly StoredNotification[]> {
  const stores = server.store.all.map(({ notifications }) => ({
    notifications,
    lastRow: notifications.lastRow(),
  }));
  for (const { notifications, lastRow } of stores)
    for (let afterRow = 0; ;) {
      const page = notifications.since(server.atSign, { since, now: server.clock(), afterRow, lastRow });
      const last = page.at(-1);
      if (last === undefined) break;
      afterRow = last.row;
      yield page.map(({ notification }) => notification);
    }
}

/** What was sent to an atSign whose server is in another process, and is not expired. */
export function* sentPages(server: AtServer, recipient: string): Generator<readonly StoredNotification[]> {
  for (const { outgoing } of server.store.all)
    for (let after = 0; ;) {
      const page = outgoing.sentTo(server.atSign, recipient, { now: server.clock(), after });
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.position;
      yield page.map(({ notification, sentAt, expiresAt }) =>
        storedNotification(server.atSign, notification, sentAt, expiresAt),
      );
    }
}

/** What became of a notification that was sent; undefined for an unknown id. */
export function statusOf(server: AtServer, id: string): DeliveryStatus | "expired" | undefined {
  return first(server, ({ notifications }) => notifications.status(server.atSign, id, server.clock()));
}

/** A received notification, even if it has expired. */
export function findReceived(server: AtServer, id: string): StoredNotification | undefined {
  return first(server, ({ notifications }) => notifications.find(server.atSign, id));
}

/** A notification that was sent, delivered or not. */
export function findSent(server: AtServer, id: string): StoredNotification | undefined {
  const { atSign } = server;
  return first(server, ({ notifications, outgoing }) => {
    const found = notifications.findSent(atSign, id);
    if (found) return found;
    const queued = outgoing.find(atSign, id);
    return queued && storedNotification(atSign, queued.notification, queued.sentAt, queued.expiresAt);
  });
}

/** Forgets what is known by an id, received and sent. */
export function forget(server: AtServer, id: string): void {
  for (const store of server.store.all)
    store.transaction(() => {
      store.notifications.remove(server.atSign, id);
      store.outgoing.remove(server.atSign, id);
    });
}

function first<T>(server: AtServer, look: (store: AtStore) => T | undefined): T | undefined {
  for (const store of server.store.all) {
    const found = look(store);
    if (found !== undefined) return found;
  }
  return undefined;
}
