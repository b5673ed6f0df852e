import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import { mayList } from "../namespaces.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

/** `scan[:showhidden:..][:@other][:page:<n>][ <regex>]`: a JSON array of the keys the caller may know of. */
export function scan(server: AtServer, connection: ServerConnection, rest: string): string {
  const match = /^(?::showhidden:(true|false))?(?::(@[^:@\s]+))?(?::page:\d+)?(?: (\S+))?$/i.exec(rest);
  if (!match) throw syntaxError();
  const [, showHidden, other, regex] = match;
  const names =
    other === undefined
      ? ownNames(server, connection, showHidden?.toLowerCase() === "true")
      : namesFrom(server, connection, other.toLowerCase());
  return JSON.stringify(regex === undefined ? names : new ClientRegex(regex, "i").filter(names));
}

function ownNames(server: AtServer, connection: ServerConnection, showHidden: boolean): string[] {
  const keys = server.store.records.keys(server.atSign, server.clock());
  if (!connection.isOwner)
    return withoutPrefix(
      keys.filter((key) => !key.startsWith("public:_")),
      "public:",
    );
  const visible = keys.filter((key) => mayList(connection, key));
  const hidden = showHidden
    ? /^(?:private:|privatekey:|public:_(?!_))/
    : /^(?:private:|privatekey:|public:_|_)/;
  return visible.filter((key) => !hidden.test(key));
}

/** What another atSign shares with ours. */
function namesFrom(server: AtServer, connection: ServerConnection, other: string): string[] {
  if (!connection.isOwner)
    throw new ServerError("AT0401", "Scan to another atSign cannot be performed without auth");
  const peer = server.peer(other);
  if (!peer) throw new ServerError("AT0007", `No atServer is known for ${other}`);
  const shared = withoutPrefix(peer.store.records.keys(other, peer.clock()), `${server.atSign}:`);
  return shared.filter((key) => mayList(connection, key));
}

function withoutPrefix(keys: readonly string[], prefix: string): string[] {
  return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}
