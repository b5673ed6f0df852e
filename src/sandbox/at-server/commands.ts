import { setTimeout as delay } from "node:timers/promises";
import type { AtServer } from "./at-server.ts";
import type { Identity } from "./identity.ts";
import type { CommandHandler, ServerConnection } from "./server-connection.ts";
import { ServerError, syntaxError } from "./server-error.ts";
import { batch } from "./verbs/batch.ts";
import { config } from "./verbs/config.ts";
import { deleteKey } from "./verbs/delete.ts";
import { info } from "./verbs/info.ts";
import { enroll } from "./verbs/enroll.ts";
import { keys } from "./verbs/keys.ts";
import { pol } from "./federation/pol.ts";
import { localLookUp, lookUp, publicLookUp } from "./verbs/look-up.ts";
import { cram, from, pkam } from "./verbs/login.ts";
import { monitor } from "./verbs/monitor.ts";
import { notify } from "./verbs/notify.ts";
import { otp } from "./verbs/otp.ts";
import { scan } from "./verbs/scan.ts";
import { stats } from "./verbs/stats.ts";
import { sync } from "./verbs/sync.ts";
import { to } from "./verbs/to.ts";
import { update } from "./verbs/update.ts";

/** Who may give a command: anyone, the atSign itself, or that and another atSign's server. */
type LoginRule = "anyone" | "owner" | "owner-or-pol";

interface Verb {
  readonly login: LoginRule;
  /** What stands between the verb and its arguments. */
  readonly separator: ":" | "";
  run(
    server: AtServer,
    connection: ServerConnection,
    rest: string,
  ): string | undefined | Promise<string | undefined>;
}

const showsSigningKeys = /^scan|^sync|^to:|signing_/;
const maxNoopMs = 5_000;

const verbs = new Map<string, Verb>([
  ["from", { login: "anyone", separator: ":", run: from }],
  ["cram", { login: "anyone", separator: ":", run: cram }],
  ["pkam", { login: "anyone", separator: ":", run: pkam }],
  ["enroll", { login: "anyone", separator: ":", run: enroll }],
  ["otp", { login: "owner", separator: ":", run: otp }],
  ["keys", { login: "owner", separator: ":", run: keys }],
  ["pol", { login: "anyone", separator: "", run: pol }],
  ["lookup", { login: "anyone", separator: ":", run: lookUp }],
  ["scan", { login: "anyone", separator: "", run: scan }],
  ["noop", { login: "anyone", separator: ":", run: noop }],
  ["llookup", { login: "owner", separator: ":", run: localLookUp }],
  ["plookup", { login: "owner", separator: ":", run: publicLookUp }],
  ["batch", { login: "owner", separator: ":", run: runBatch }],
  ["config", { login: "owner", separator: ":", run: config }],
  ["info", { login: "anyone", separator: "", run: info }],
  ["stats", { login: "owner", separator: "", run: stats }],
  ["sync", { login: "owner", separator: ":", run: sync }],
  ["to", { login: "anyone", separator: ":", run: to }],
  ["update", { login: "owner", separator: ":", run: update }],
  ["delete", { login: "owner", separator: ":", run: deleteKey }],
  ["notify", { login: "owner-or-pol", separator: ":", run: notify }],
  ["monitor", { login: "owner", separator: "", run: monitor }],
]);

/** Answers the commands of one atServer's connections. */
export function commandHandler(server: AtServer): CommandHandler {
  return (connection, line) => {
    const command = normalise(line);
    const name = /^[a-z]+/.exec(command)?.[0] ?? "";
    const verb = verbs.get(name);
    const rest = command.slice(name.length);
    if (!verb || !rest.startsWith(verb.separator)) throw syntaxError("invalid command");
    server.enrollments.live.check(connection, server.clock());
    if (!mayGive(verb.login, connection.identity))
      throw new ServerError(
        "AT0401",
        name === "notify" && !/^:(?:status|list|fetch|remove)\b/i.test(rest)
          ? "Notify command cannot be executed without authentication"
          : "Command cannot be executed without auth",
      );
    if (verb.separator === "" && !/^(?:$|[: ])/.test(rest)) throw syntaxError();
    const run = () => verb.run(server, connection, rest.slice(verb.separator.length));
    // At the first start the server's own keys may still be in the making.
    const reply =
      !server.federation.signingKeys.isReady && showsSigningKeys.test(command)
        ? server.federation.signingKeys.ready().then(run)
        : run();
    if ((name === "cram" || name === "pkam") && connection.isOwner) server.lastLogin = server.clock();
    return reply;
  };
}

function mayGive(rule: LoginRule, { kind }: Identity): boolean {
  return (
    rule === "anyone" || kind === "cram" || kind === "owner" || (rule === "owner-or-pol" && kind === "pol")
  );
}

/** As public servers do: what stands before the first colon is lower-cased and loses its blanks. */
function normalise(line: string): string {
  const colon = line.indexOf(":");
  return colon < 0
    ? line.toLowerCase()
    : line.slice(0, colon).toLowerCase().replaceAll(/\s/g, "") + line.slice(colon);
}

function runBatch(server: AtServer, connection: ServerConnection, rest: string): Promise<string> {
  return batch(commandHandler(server), connection, rest);
}

async function noop(_server: AtServer, _connection: ServerConnection, rest: string): Promise<string> {
  if (!/^\d+$/.test(rest)) throw syntaxError();
  const ms = Number(rest);
  if (ms > maxNoopMs)
    throw new ServerError(
      "AT0022",
      `noop:<durationInMillis> where the duration maximum is ${maxNoopMs} milliseconds`,
    );
  if (ms > 0) await delay(ms, undefined, { ref: false });
  return "ok";
}
