import type { IncomingMessage, ServerResponse } from "node:http";
import type { Timers } from "../../../src/link/timers.ts";
import type { ApiFault, Faults } from "./faults.ts";
import { assistantMethods } from "./methods/assistant.ts";
import { chatMethods } from "./methods/chat.ts";
import { conversationMethods } from "./methods/conversations.ts";
import { fileMethods } from "./methods/files.ts";
import type { Desk, Method, Methods } from "./methods/method.ts";
import { peopleMethods } from "./methods/people.ts";
import { viewMethods } from "./methods/views.ts";
import type { Fields } from "./model.ts";
import { asFields, asText } from "./model.ts";
import type { RateLimits } from "./rate-limits.ts";
import { SlackFailure } from "./slack-failure.ts";

const methods: Methods = {
  ...assistantMethods,
  ...chatMethods,
  ...conversationMethods,
  ...fileMethods,
  ...peopleMethods,
  ...viewMethods,
};

/** One call as the server saw it. `answer` is undefined where a fault kept it. */
export interface Call {
  readonly method: string;
  readonly args: Fields;
  readonly at: number;
  readonly answer: Fields | undefined;
  readonly fault: ApiFault | undefined;
}
/** Tokens that no longer work, by token: "token_revoked" or "account_inactive". */
export type DeadTokens = Map<string, "token_revoked" | "account_inactive">;

/** https://docs.slack.dev/apis/web-api: `POST /api/METHOD`, form or JSON in, JSON out. */
export class WebApi {
  readonly #desk: Desk;
  readonly #faults: Faults;
  readonly #limits: RateLimits;
  readonly #timers: Timers;
  readonly #dead: DeadTokens;
  /** All calls so far, the oldest first. */
  readonly calls: Call[] = [];

  constructor(o: { desk: Desk; faults: Faults; limits: RateLimits; timers: Timers; dead: DeadTokens }) {
    this.#desk = o.desk;
    this.#faults = o.faults;
    this.#limits = o.limits;
    this.#timers = o.timers;
    this.#dead = o.dead;
  }

  /** Whether this is a living bot token with a scope; for downloads. */
  mayRead(token: string | undefined, scope: string): boolean {
    const { app } = this.#desk.workspace;
    return token === app.botToken && !this.#dead.has(token) && app.scopes.has(scope);
  }

  handle(name: string, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const args = argsOf(request, body);
    const fault = this.#faults.nextApi(name);
    const record = (answer: Fields | undefined): void => {
      const at = this.#desk.clock.now();
      this.calls.push({ method: name, args, at, answer, fault });
      this.#desk.workspace.changed();
    };
    if (fault?.kind === "http") {
      record(undefined);
      response.writeHead(fault.status, { "content-type": "text/html" }).end("<html>Server error</html>");
    } else if (fault?.kind === "lost-request") {
      record(undefined);
      request.socket.destroy();
    } else {
      const { answer, headers, status } = this.#answer(name, request, args, fault);
      record(answer);
      const send = () => response.writeHead(status, headers).end(JSON.stringify(answer));
      if (fault?.kind === "lost-answer") {
        request.socket.destroy();
      } else if (fault?.kind === "slow") {
        this.#timers.after(fault.ms, send);
      } else if (fault?.kind !== "no-answer") {
        send();
      }
    }
  }

  #answer(
    name: string,
    request: IncomingMessage,
    args: Fields,
    fault: ApiFault | undefined,
  ): { answer: Fields; headers: Record<string, string>; status: number } {
    const headers: Record<string, string> = { "content-type": "application/json; charset=utf-8" };
    try {
      const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
      if (method === undefined) {
        throw new SlackFailure("unknown_method", { req_method: name });
      }
      const scopes = this.#authorize(method, name, bearer(request) ?? asText(args, "token"), request, args);
      headers["x-oauth-scopes"] = [...scopes].join(",");
      headers["x-slack-req-id"] = `${this.calls.length}`;
      const limited =
        fault?.kind === "ratelimited"
          ? fault.seconds
          : this.#limits.use(name, method.tier, asText(args, "channel"));
      if (limited !== undefined) {
        headers["retry-after"] = String(limited);
        return { answer: { ok: false, error: "ratelimited" }, headers, status: 429 };
      }
      if (fault?.kind === "error") {
        throw new SlackFailure(fault.error);
      }
      return { answer: { ok: true, ...method.call(args, this.#desk) }, headers, status: 200 };
    } catch (error) {
      if (error instanceof SlackFailure) {
        return { answer: { ok: false, error: error.error, ...error.details }, headers, status: 200 };
      }
      throw error;
    }
  }

  /** Returns the token's scopes. Throws Slack's errors for tokens, and "missing_scope". */
  #authorize(
    method: Method,
    name: string,
    token: string | undefined,
    request: IncomingMessage,
    args: Fields,
  ): ReadonlySet<string> {
    const { workspace } = this.#desk;
    const { app } = workspace;
    if (token === undefined || token === "") {
      throw new SlackFailure("not_authed");
    }
    const dead = this.#dead.get(token);
    if (dead !== undefined) {
      throw new SlackFailure(dead);
    }
    if (token !== app.botToken && token !== app.appToken) {
      throw new SlackFailure("invalid_auth");
    }
    if (name !== "auth.test" && (method.token === "app") !== (token === app.appToken)) {
      throw new SlackFailure("not_allowed_token_type");
    }
    /** "Passing it as a POST parameter will result in an error." */
    if (method.token === "app" && bearer(request) === undefined) {
      throw new SlackFailure("not_authed");
    }
    const scopes = token === app.appToken ? new Set(["connections:write"]) : app.scopes;
    const needed = typeof method.scope === "function" ? method.scope(args, workspace) : method.scope;
    if (needed !== undefined && !scopes.has(needed)) {
      throw new SlackFailure("missing_scope", { needed, provided: [...scopes].join(",") });
    }
    return scopes;
  }
}

export function bearer(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
}

function argsOf(request: IncomingMessage, body: Buffer): Fields {
  const query = Object.fromEntries(new URL(request.url ?? "/", "http://127.0.0.1").searchParams);
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("application/json")) {
    try {
      return { ...query, ...asFields(JSON.parse(body.toString("utf8"))) };
    } catch {
      return query;
    }
  }
  return { ...query, ...Object.fromEntries(new URLSearchParams(body.toString("utf8"))) };
}
