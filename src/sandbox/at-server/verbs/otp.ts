import type { AtServer } from "../at-server.ts";
import { assertMayManage } from "../namespaces.ts";
import type { ServerConnection } from "../server-connection.ts";
import { syntaxError } from "../server-error.ts";

/** `otp:get[:ttl:<ms>]` makes a one-time passcode, `otp:put:<passcode>[:ttl:<ms>]` keeps one that is good till then. */
export function otp(server: AtServer, connection: ServerConnection, rest: string): string {
  const match = /^(?:get|put:(\w{6,100}))(?::ttl:(\d{1,12}))?$/i.exec(rest);
  if (!match) throw syntaxError();
  const [, passcode, ttlText] = match;
  const ttl = ttlText === undefined ? undefined : Number(ttlText);
  const { passcodes } = server.requests;
  assertMayManage(connection, passcode === undefined ? "otp:get" : "otp:put");
  if (passcode === undefined) return passcodes.create(ttl);
  passcodes.keep(passcode, ttl);
  return "ok";
}
