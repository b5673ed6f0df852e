import { setImmediate as turn } from "node:timers/promises";
import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import { anyNamespace, enrollmentKey, isExpired } from "../enrollment.ts";
import { peerScan } from "../federation/peer-data.ts";
import { mayList } from "../namespaces.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const namesPerTurn = 2_000;

/**
 * `scan[:showhidden:..][:@other][:page:<n>][ <regex>]`: a JSON array of the keys the caller may know of. With `:cl` at the
 * front an owner's commit log instead, as objects in the order of their commits.
 */
export async function scan(server: AtServer, connection: ServerConnection, rest: string): Promise<string> {
  const [matched, commitLog, showHidden, otherText, regex] =
    /^(:cl)?(?::showhidden:(true|false))?(?::(@[^:@\s]+))?(?::page:\d+)?(?: (\S+))?$/i.exec(rest) ?? [];
  if (matched === undefined) throw syntaxError();
  if (commitLog !== undefined && (otherText !== undefined || !connection.isOwner))
    throw syntaxError("Invalid syntax. scan:cl is for an owner and the own commit log");
  const other = otherText?.toLowerCase() ?? server.atSign;
  if (other !== server.atSign) return JSON.stringify(await namesFrom(server, connection, other, regex));
  const showsHidden = showHidden?.toLowerCase() === "true";
  if (commitLog !== undefined)
    return JSON.stringify(await loggedKeys(server, connection, showsHidden, regex));
  const { keys, prefix } = ownKeys(server, connection, showsHidden);
  const names = await matching(keys, regex);
  return JSON.stringify(prefix === "" ? names : names.map((key) => key.slice(prefix.length)));
}

/** Those of the keys that match, which are looked for in turns: many must not hold up the others. */
async function matching(keys: readonly string[], regex: string | undefined): Promise<readonly string[]> {
  if (regex === undefined) return keys;
  const filter = new ClientRegex(regex, "i");
  const found: string[] = [];
  for (let start = 0; start < keys.length; start += namesPerTurn) {
    if (start > 0) await turn();
    found.push(...filter.filter(keys.slice(start, start + namesPerTurn)));
  }
  return found;
}

/** The keys that the caller may know of, all with `prefix`, which it is not told. A filter sees them as they are. */
function ownKeys(
  server: AtServer,
  connection: ServerConnection,
  showsHidden: boolean,
): { keys: string[]; prefix: string } {
  const { identity } = connection;
  const keys = (prefix?: string) => server.store.records.keys(server.atSign, server.clock(), prefix);
  if (identity.kind === "pol") {
    const prefix = `${identity.atSign}:`;
    return { keys: keys(prefix), prefix };
  }
  if (identity.kind === "none") {
    const prefix = "public:";
    return { keys: keys(prefix).filter((key) => !key.startsWith("public:_")), prefix };
  }
  const own = keys().filter((key) => isListed(key, showsHidden) && mayList(connection, key));
  return { keys: [...own, ...enrollmentKeys(server, connection)], prefix: "" };
}

function isListed(key: string, showsHidden: boolean): boolean {
  const hidden = showsHidden
    ? /^(?:private:|privatekey:|public:_(?!_))/
    : /^(?:private:|privatekey:|public:_|_)/;
  return !hidden.test(key);
}

/** Enrollments are listed like records, for whoever may read in every namespace. */
function enrollmentKeys(server: AtServer, { enrollment }: ServerConnection): string[] {
  if (enrollment && enrollment.namespaces[anyNamespace] === undefined) return [];
  const { atSign } = server;
  const now = server.clock();
  return server.store.enrollments
    .all(atSign)
    .filter((each) => !isExpired(each, now))
    .map(({ id }) => enrollmentKey(id, atSign));
}

/** The newest change of each key, those that were deleted included, in the order of their commits. */
async function loggedKeys(
  server: AtServer,
  connection: ServerConnection,
  showsHidden: boolean,
  regex: string | undefined,
): Promise<object[]> {
  const entries = [...server.store.commits.newestFirst(server.atSign)]
    .flat()
    .filter(({ key }) => isListed(key, showsHidden) && mayList(connection, key))
    .reverse();
  const keys = entries.map(({ key }) => key);
  const wanted = new Set(await matching(keys, regex));
  return entries
    .filter(({ key }) => wanted.has(key))
    .map(({ key, operation, commitId, opTime }) => ({
      atKey: key,
      operation,
      commitId,
      opTime: new Date(opTime).toISOString(),
    }));
}

/** What another atSign shares with ours. */
async function namesFrom(
  server: AtServer,
  connection: ServerConnection,
  other: string,
  regex: string | undefined,
): Promise<string[]> {
  if (!connection.isOwner)
    throw new ServerError("AT0401", "Scan to another atSign cannot be performed without auth");
  const prefix = `${server.atSign}:`; // as the filter sees the keys over there
  const shared = await peerScan(server, other);
  const keys = await matching(
    shared.map((name) => `${prefix}${name}`),
    regex,
  );
  return keys.map((key) => key.slice(prefix.length)).filter((key) => mayList(connection, key));
}
