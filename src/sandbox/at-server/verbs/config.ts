import type { AtServer } from "../at-server.ts";
import { isAtSign } from "../key.ts";
import { assertMayWriteAll } from "../namespaces.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const maxBlocked = 1_000;

/** `config:block:add|remove:@x[ @y..]`, `config:block:show`; in testing mode also `config:set|reset|print:<name>`. */
export function config(server: AtServer, connection: ServerConnection, rest: string): string {
  const [, operation, list] = /^block:(?:(add|remove):(.+)|show\s?)$/i.exec(rest) ?? [];
  if (/^block:show\s?$/i.test(rest)) {
    const blocked = server.blocked.list();
    return blocked.length === 0 ? "null" : JSON.stringify(blocked);
  }
  assertMayWriteAll(connection, "config");
  if (operation !== undefined && list !== undefined)
    return block(server, operation.toLowerCase() === "add", list);
  return setting(server, rest);
}

function block(server: AtServer, add: boolean, list: string): string {
  const named = list.toLowerCase().split(" ");
  if (!named.every(isAtSign)) throw syntaxError();
  const blocked = new Set(server.blocked.list());
  for (const atSign of named) {
    if (!add) blocked.delete(atSign);
    else if (atSign !== server.atSign) blocked.add(atSign);
  }
  if (blocked.size > maxBlocked)
    throw new ServerError("AT0022", `At most ${maxBlocked} atSigns can be blocked`);
  server.blocked.replace(blocked, (key, value) => server.putRecord(key, value, {}));
  return "success";
}

function setting(server: AtServer, rest: string): string {
  const [, operation = "", name = "", , value] = /^(set|reset|print):([^=\s]+)(=(.+))?$/i.exec(rest) ?? [];
  if ((operation.toLowerCase() === "set") !== (value !== undefined) || name === "") throw syntaxError();
  const { settings } = server;
  if (!settings.testingMode) return "testing mode disabled by default";
  if (!settings.has(name)) throw new ServerError("AT0022", `There is no setting ${name}`);
  switch (operation.toLowerCase()) {
    case "print":
      return settings.get(name);
    case "reset":
      settings.reset(name);
      return "ok";
    default:
      if (!settings.set(name, value ?? ""))
        throw new ServerError("AT0022", `${value} is no value of ${name}`);
      return "ok";
  }
}
