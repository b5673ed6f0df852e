import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemTimers } from "../../../src/link/timers.ts";
import type { Timers } from "../../../src/link/timers.ts";
import type { Clock } from "../../../src/ports.ts";
import type { PersonDesk, SeenFailure } from "./acts.ts";
import type { AppManifest } from "./app-manifest.ts";
import { appFrom, fullManifest } from "./app-manifest.ts";
import type { Delivery } from "./deliveries.ts";
import { Deliveries } from "./deliveries.ts";
import { Events } from "./events.ts";
import { Faults } from "./faults.ts";
import { fileTraffic } from "./file-traffic.ts";
import { furnishOffice } from "./office.ts";
import type { SlackUser } from "./model.ts";
import { OwnTimers } from "./own-timers.ts";
import { Page } from "./page.ts";
import { Person } from "./person.ts";
import { RateLimits } from "./rate-limits.ts";
import { ResponseUrls } from "./response-urls.ts";
import { SlackFailure } from "./slack-failure.ts";
import { SocketMode } from "./socket-mode.ts";
import { Triggers } from "./triggers.ts";
import type { Call, DeadTokens } from "./web-api.ts";
import { WebApi } from "./web-api.ts";
import { wireUser } from "./wire.ts";
import { Workspace } from "./workspace.ts";

const maxBodyBytes = 20_000_000;

export interface SlackOptions {
  /** Real time when left out. Tests give a ManualTime as both. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** The app that is installed; one with every feature when left out. */
  readonly manifest?: AppManifest;
  readonly botToken?: string;
  readonly appToken?: string;
  /** Enterprise Grid. */
  readonly enterprise?: { readonly id: string; readonly name: string };
  /** On loopback; chosen by the system when left out. */
  readonly port?: number;
}

/** A running stand-in for Slack. */
export interface FakeSlack {
  /** For Bolt's `clientOptions.slackApiUrl`. */
  readonly apiUrl: string;
  /** The page for a person's browser; `?as=manager` chooses the user. */
  readonly pageUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly workspace: Workspace;
  readonly sockets: SocketMode;
  readonly faults: Faults;
  readonly limits: RateLimits;
  /** Web API calls so far. */
  readonly calls: readonly Call[];
  /** Tries to hand the app something so far. */
  readonly deliveries: readonly Delivery[];
  /** Acts that failed before a user's eyes. */
  readonly failures: readonly SeenFailure[];
  /** The user of this name or id. */
  user(name: string): Person;
  /** An administrator deactivates somebody or makes them a guest; the app is told by `user_change`. */
  changeUser(name: string, change: Partial<Pick<SlackUser, "deleted" | "kind">>): void;
  /** Sends the events that a "hold" fault kept, the last one first. */
  release(): void;
  /** From now on a token is answered "token_revoked" or "account_inactive". */
  revoke(token: string, why?: "token_revoked" | "account_inactive"): void;
  /** Resolves once the condition holds; looks after every change. Fails after ten real seconds, naming `what`. */
  until(condition: () => boolean, what: string): Promise<void>;
  stop(): Promise<void>;
}

function userOf(workspace: Workspace, name: string): SlackUser {
  const user = workspace.userBy(name);
  if (user === undefined) {
    throw new Error(`no user ${name}`);
  }
  return user;
}

/** Starts a Slack on loopback with a furnished office in it: see `furnishOffice` and README.md. */
export async function startSlack(o: SlackOptions = {}): Promise<FakeSlack> {
  const clock = o.clock ?? { now: () => Date.now() };
  const timers = new OwnTimers(o.timers ?? systemTimers);
  const tokens = { bot: o.botToken ?? "xoxb-sandbox-bot", app: o.appToken ?? "xapp-sandbox-app" };
  const app = appFrom(o.manifest ?? fullManifest, tokens);
  const team = {
    id: "T0SANDBOX1",
    name: "Slack sandbox",
    domain: "sandbox",
    ...(o.enterprise === undefined ? {} : { enterprise: o.enterprise }),
  };
  const workspace = new Workspace(team, app, clock);
  const faults = new Faults();
  const limits = new RateLimits(clock);
  const dead: DeadTokens = new Map();
  const sockets = new SocketMode({
    clock,
    timers,
    appId: app.id,
    onAck: (connection, frame) => deliveries.acknowledge(connection, frame),
    changed: () => workspace.changed(),
  });
  const deliveries: Deliveries = new Deliveries({
    sockets,
    faults,
    timers,
    clock,
    changed: () => workspace.changed(),
  });
  const events = new Events({ workspace, deliveries, clock });
  const triggers = new Triggers(clock);
  const responseUrls = new ResponseUrls({ workspace, events, clock });
  const api = new WebApi({
    desk: { workspace, events, triggers, sockets, clock },
    faults,
    limits,
    timers,
    dead,
  });
  const failures: SeenFailure[] = [];
  const desk: PersonDesk = {
    workspace,
    events,
    deliveries,
    triggers,
    responseUrls,
    failures,
    drafts: new Map(),
    viewErrors: new Map(),
  };
  const page = await Page.load(desk);
  const server = serve({ workspace, api, responseUrls, sockets, page });
  server.listen(o.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  workspace.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  furnishOffice(workspace);

  return {
    apiUrl: `${workspace.address}api/`,
    pageUrl: workspace.address,
    botToken: tokens.bot,
    appToken: tokens.app,
    workspace,
    sockets,
    faults,
    limits,
    calls: api.calls,
    deliveries: deliveries.log,
    failures,
    user: (name) => new Person(desk, userOf(workspace, name)),
    changeUser(name, change) {
      const user = Object.assign(userOf(workspace, name), change);
      workspace.changed();
      /** https://docs.slack.dev/reference/events/user_change */
      events.publish({
        type: "user_change",
        user: wireUser(workspace, user, false),
        cache_ts: Math.floor(clock.now() / 1000),
        event_ts: workspace.ts(),
      });
    },
    release: () => deliveries.release(),
    revoke: (token, why = "token_revoked") => dead.set(token, why),
    until: (condition, what) => untilChanged(workspace, condition, what),
    stop: async () => {
      if (!server.listening) {
        return;
      }
      timers.cancelAll();
      await sockets.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function serve(o: {
  workspace: Workspace;
  api: WebApi;
  responseUrls: ResponseUrls;
  sockets: SocketMode;
  page: Page;
}): Server {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) {
        request.destroy();
      }
      chunks.push(chunk);
    });
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const [, area = "", ...rest] = new URL(request.url ?? "/", "http://127.0.0.1").pathname.split("/");
      if (area === "api") {
        o.api.handle(rest.join("/"), request, body, response);
      } else if (area === "actions") {
        const { status, text } = respond(o.responseUrls, rest[1] ?? "", body);
        response.writeHead(status, { "content-type": "text/html" }).end(text);
      } else if (
        !fileTraffic(o, area, rest, request, body, response) &&
        !o.page.handle(request, body, response)
      ) {
        response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      }
    });
  });
  server.on("upgrade", (request, socket, head) => o.sockets.upgrade(request, socket, head));
  return server;
}

/** https://docs.slack.dev/interactivity/handling-user-interaction#message_responses: "ok", or an error's name. */
function respond(urls: ResponseUrls, key: string, body: Buffer): { status: number; text: string } {
  try {
    urls.respond(key, JSON.parse(body.toString("utf8")) as Record<string, unknown>);
    return { status: 200, text: "ok" };
  } catch (error) {
    if (error instanceof SlackFailure) {
      const gone = error.error === "expired_url" || error.error === "used_url";
      return {
        status: gone ? 404 : 400,
        text: gone ? JSON.stringify({ ok: false, error: error.error }) : error.error,
      };
    }
    return { status: 400, text: "invalid_payload" };
  }
}

async function untilChanged(workspace: Workspace, condition: () => boolean, what: string): Promise<void> {
  if (condition()) {
    return;
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = setTimeout(() => reject(new Error(`never came about: ${what}`)), 10_000);
  const stop = workspace.watch(() => {
    if (condition()) {
      resolve();
    }
  });
  try {
    await promise;
  } finally {
    clearTimeout(giveUp);
    stop();
  }
}
