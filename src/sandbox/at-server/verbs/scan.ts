import { setImmediate as turn } from "node:timers/promises";
import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import { peerScan } from "../federation/peer-data.ts";
import { mayList } from "../namespaces.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const namesPerTurn = 2_000;

/** `scan[:cl][:showhidden:..][:@other][:page:<n>][ <regex>]`: a JSON array of the keys the caller may know of. */
export async function scan(server: AtServer, connection: ServerConnection, rest: string): Promise<string> {
  const [matched, commitLog, showHidden, otherText, regex] =
    /^(:cl)?(?::showhidden:(true|false))?(?::(@[^:@\s]+))?(?::page:\d+)?(?: (\S+))?$/i.exec(rest) ?? [];
  if (matched === undefined) throw syntaxError();
  const other = otherText?.toLowerCase() ?? server.atSign;
  const names =
    other === server.atSign
      ? ownNames(server, connection, {
          showHidden: showHidden?.toLowerCase() === "true",
          commitLog: commitLog !== undefined,
        })
      : await namesFrom(server, connection, other);
  if (regex === undefined) return JSON.stringify(names);
  const filter = new ClientRegex(regex, "i");
  const matching: string[] = [];
  for (let start = 0; start < names.length; start += namesPerTurn) {
    if (start > 0) await turn();
    matching.push(...filter.filter(names.slice(start, start + namesPerTurn)));
  }
  return JSON.stringify(matching);
}

function ownNames(
  server: AtServer,
  connection: ServerConnection,
  o: { showHidden: boolean; commitLog: boolean },
): string[] {
  const { identity } = connection;
  const keys = (prefix?: string) => server.store.records.keys(server.atSign, server.clock(), prefix);
  if (identity.kind === "pol") return withoutPrefix(keys(`${identity.atSign}:`), `${identity.atSign}:`);
  if (identity.kind === "none")
    return withoutPrefix(keys("public:"), "public:").filter((name) => !name.startsWith("_"));
  const hidden = o.showHidden
    ? /^(?:private:|privatekey:|public:_(?!_))/
    : /^(?:private:|privatekey:|public:_|_)/;
  const names = o.commitLog ? loggedKeys(server) : keys();
  return names.filter((key) => !hidden.test(key) && mayList(connection, key));
}

/** Keys in the order of their newest change, those that were deleted included. */
function loggedKeys(server: AtServer): string[] {
  const pages = [...server.store.commits.newestFirst(server.atSign)];
  return pages.flatMap((page) => page.map(({ key }) => key)).reverse();
}

/** What another atSign shares with ours. */
async function namesFrom(server: AtServer, connection: ServerConnection, other: string): Promise<string[]> {
  if (!connection.isOwner)
    throw new ServerError("AT0401", "Scan to another atSign cannot be performed without auth");
  const shared = await peerScan(server, other);
  return shared.filter((key) => mayList(connection, key));
}

function withoutPrefix(keys: readonly string[], prefix: string): string[] {
  return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}
