import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import { mayList } from "../namespaces.ts";
import { isAlwaysSynced } from "../reserved-keys.ts";
import { formatTime } from "../record.ts";
import type { ServerConnection } from "../server-connection.ts";
import { syntaxError } from "../server-error.ts";
import { serverVersion } from "./info.ts";

type IsShown = (key: string) => boolean;

interface Statistic {
  readonly id: string;
  readonly name: string;
  value(server: AtServer, regex: ClientRegex | undefined, isShown: IsShown): string;
}

const maxLength = 500;
const none = () => "{}";

const statistics: readonly Statistic[] = [
  { id: "1", name: "activeInboundConnections", value: (server) => String(server.connections.size) },
  {
    id: "2",
    name: "activeOutboundConnections",
    value: (server) => String(server.federation.outbound.size),
  },
  { id: "3", name: "lastCommitID", value: lastCommitId },
  {
    id: "4",
    name: "secondaryStorageSize",
    value: (server) => String(server.store.records.size(server.atSign)),
  },
  // No access log is kept: what it would say of visitors is nobody's business.
  { id: "5", name: "topAtSigns", value: none },
  { id: "6", name: "topKeys", value: none },
  { id: "7", name: "secondaryServerVersion", value: () => serverVersion },
  { id: "8", name: "LastLoggedInDatetime", value: lastLogin },
  {
    id: "9",
    name: "diskSize",
    value: (server) => JSON.stringify({ size: String(server.store.records.size(server.atSign)), units: "B" }),
  },
  { id: "10", name: "LastPkam", value: lastLogin },
  { id: "11", name: "NotificationCount", value: notificationCount },
  { id: "12", name: "CommitLogCompactionStats", value: none },
  { id: "13", name: "AccessLogCompactionStats", value: none },
  { id: "14", name: "NotificationCompactionStats", value: none },
  { id: "15", name: "LatestCommitEntryOfEachKey", value: latestCommits },
];

/** `stats[:<id>[,<id>..]][:<regex>]`: figures of this server; the blank before the array is what clients are used to. */
export function stats(server: AtServer, connection: ServerConnection, rest: string): string {
  if (rest.length > maxLength) throw syntaxError();
  const [, ids, regexText] = /^(?::([1-9]\d*(?:,\d+)*))?(?::((?<=^:(?:3|15):).+))?$/.exec(rest) ?? [rest];
  if (rest !== "" && ids === undefined) throw syntaxError();
  const regex = regexText === undefined ? undefined : new ClientRegex(regexText);
  const isShown = (key: string) => mayList(connection, key);
  const wanted =
    ids === undefined
      ? statistics
      : [...new Set(ids.split(","))].map((id) => {
          const statistic = statistics.find((each) => each.id === id);
          if (!statistic) throw syntaxError(`No metric with ID ${id}`);
          return statistic;
        });
  return ` ${JSON.stringify(wanted.map((each) => ({ id: each.id, name: each.name, value: each.value(server, regex, isShown) })))}`;
}

/** Of the keys that the connection may know of: its sync ends there. */
function lastCommitId(server: AtServer, regex: ClientRegex | undefined, isShown: IsShown): string {
  for (const entry of newestCommits(server, regex)) if (isShown(entry.key)) return String(entry.commitId);
  return "-1";
}

function latestCommits(server: AtServer, regex: ClientRegex | undefined, isShown: IsShown): string {
  const latest = [...newestCommits(server, regex)]
    .filter(({ key }) => isShown(key))
    .map(({ key, commitId, operation }) => [key, [commitId, operation]]);
  return JSON.stringify(Object.fromEntries(latest));
}

function* newestCommits(server: AtServer, regex: ClientRegex | undefined) {
  for (const page of server.store.commits.newestFirst(server.atSign)) {
    const matching = regex && new Set(regex.filter(page.map((entry) => entry.key)));
    yield* page.filter(({ key }) => matching?.has(key) !== false || isAlwaysSynced(key));
  }
}

function lastLogin(server: AtServer): string {
  return server.lastLogin === undefined ? "Not Available" : formatTime(server.lastLogin);
}

function notificationCount(server: AtServer): string {
  return JSON.stringify({ ...server.store.notifications.counts(server.atSign), createdOn: server.clock() });
}
