import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import { peerScan } from "../federation/peer-data.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

/** `scan[:showhidden:..][:@other][:page:<n>][ <regex>]`: a JSON array of the keys the caller may know of. */
export async function scan(server: AtServer, connection: ServerConnection, rest: string): Promise<string> {
  const match = /^(?::showhidden:(true|false))?(?::(@[^:@\s]+))?(?::page:\d+)?(?: (\S+))?$/i.exec(rest);
  if (!match) throw syntaxError();
  const [, showHidden, other, regex] = match;
  const names =
    other === undefined
      ? ownNames(server, connection, showHidden?.toLowerCase() === "true")
      : await namesFrom(server, connection, other.toLowerCase());
  return JSON.stringify(regex === undefined ? names : new ClientRegex(regex, "i").filter(names));
}

function ownNames(server: AtServer, connection: ServerConnection, showHidden: boolean): string[] {
  const keys = server.store.records.keys(server.atSign, server.clock());
  const { identity } = connection;
  if (identity.kind === "pol") return withoutPrefix(keys, `${identity.atSign}:`);
  if (!connection.isOwner)
    return withoutPrefix(
      keys.filter((key) => !key.startsWith("public:_")),
      "public:",
    );
  const hidden = showHidden
    ? /^(?:private:|privatekey:|public:_(?!_))/
    : /^(?:private:|privatekey:|public:_|_)/;
  return keys.filter((key) => !hidden.test(key));
}

/** What another atSign shares with ours. */
function namesFrom(server: AtServer, connection: ServerConnection, other: string): Promise<string[]> {
  if (!connection.isOwner)
    throw new ServerError("AT0401", "Scan to another atSign cannot be performed without auth");
  return peerScan(server, other);
}

function withoutPrefix(keys: readonly string[], prefix: string): string[] {
  return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}
