import type { AtServer } from "../at-server.ts";
import type { ServerConnection } from "../server-connection.ts";
import { syntaxError } from "../server-error.ts";

/** The public server's version whose rules this one follows; clients compare it. */
export const serverVersion = "3.17.0";

/** What clients that ask find here, beyond what every server does. */
const features = [
  { name: "notify.eph", status: "GA", description: "A notification may be held in memory alone" },
  { name: "notify.eAtn", status: "GA", description: "A notification may name the time of its end" },
  { name: "notify.all", status: "Deprecated", description: "One notification for several atSigns" },
];

/**
 * `info[:brief]`: version, time since the start and, once logged in, also as another atSign's server, what there is beyond
 * the usual.
 */
export function info(server: AtServer, connection: ServerConnection, rest: string): string {
  if (rest !== "" && rest !== ":brief") throw syntaxError("invalid command");
  const version = serverVersion;
  const uptime = server.clock() - server.startedAt;
  if (rest === ":brief") return JSON.stringify({ version, uptimeAsMillis: uptime });
  const uptimeAsWords = inWords(uptime);
  if (connection.identity.kind === "none") return JSON.stringify({ version, uptimeAsWords });
  return JSON.stringify({ version, uptimeAsWords, features, ...enrollmentOf(server, connection) });
}

/** What the client's own enrollment is called and may do. */
function enrollmentOf(server: AtServer, { identity, sessionId }: ServerConnection): object {
  const id = identity.kind === "owner" || identity.kind === "cram" ? identity.enrollment?.id : undefined;
  const enrollment = id === undefined ? undefined : server.store.enrollments.get(server.atSign, id);
  if (!enrollment) return {};
  const { appName, deviceName, namespaces, apkamPublicKey, status } = enrollment;
  return {
    apkam_metadata: {
      sessionId,
      appName,
      deviceName,
      namespaces,
      apkamPublicKey,
      requestType: "newEnrollment",
      approval: { state: status },
    },
  };
}

function inWords(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const units: [string, number][] = [
    ["days", Math.floor(seconds / 86_400)],
    ["hours", Math.floor(seconds / 3_600) % 24],
    ["minutes", Math.floor(seconds / 60) % 60],
    ["seconds", seconds % 60],
  ];
  const first = units.findIndex(([unit, count]) => count > 0 || unit === "seconds");
  return units
    .slice(first)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(" ");
}
