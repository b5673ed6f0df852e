import type { AtServer, Monitor } from "../at-server.ts";
import type { StoredNotification } from "../notification-store.ts";
import { ClientRegex } from "../client-regex.ts";
import { mayReceive } from "../namespaces.ts";
import { notificationLine } from "../notification.ts";
import { receivedPages } from "../notification-views.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

/**
 * `monitor[:strict][:selfNotifications][:multiplexed][:<epochMillis>][ <regex>]`: no reply; from now on every received
 * notification that matches, and with `epochMillis` first everything kept since then.
 */
export async function monitor(
  server: AtServer,
  connection: ServerConnection,
  rest: string,
): Promise<undefined> {
  const match = /^(?::strict)?(:selfNotifications)?(?::multiplexed)?(?::(\d{1,15}))?(?: (.+))?$/i.exec(rest);
  if (!match) throw syntaxError();
  if (connection.isMonitor) throw syntaxError("monitor was already given on this connection");
  const [, selfNotifications, since, source] = match;
  const regex = source === undefined ? undefined : new ClientRegex(source);
  const wants = (notification: StoredNotification): boolean => {
    if (server.enrollments.live.hasEnded(connection, server.clock())) {
      connection.close();
      return false;
    }
    if (!mayReceive(connection, notification.key)) return false;
    if (notification.kind === "self" && selfNotifications === undefined) return false;
    if (!regex) return true;
    try {
      return regex.filter([notification.key, notification.sender.slice(1)]).length > 0;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      server.refused({ peer: server.atSign, code: error.code });
      connection.close(); // a filter this slow would hold up everybody at each notification
      return false;
    }
  };
  const subscription: Monitor = {
    wants,
    push: (line) => connection.push(line),
    flush: () => connection.flush(),
  };
  connection.isMonitor = true;
  // A prompt would glue to the next frame, which some clients then drop: they all give a time or a filter.
  connection.hasPrompt = rest === "";
  connection.onClose = () => server.monitors.delete(subscription);
  server.monitors.add(subscription);
  // Requests for enrollments are told as they come; whoever missed one finds it with `enroll:list`.
  const wantsAgain: Monitor["wants"] = (n) => n.kind !== "self" && wants(n);
  if (since !== undefined) await replay(server, connection, Number(since), wantsAgain);
  return undefined;
}

/** Writes what is kept since `since`, as fast as the client reads; what arrives meanwhile is written in between. */
async function replay(
  server: AtServer,
  connection: ServerConnection,
  since: number,
  wants: Monitor["wants"],
): Promise<void> {
  for (const page of receivedPages(server, since)) {
    for (const notification of page) if (wants(notification)) connection.push(notificationLine(notification));
    if (!(await connection.drained())) return;
  }
}
