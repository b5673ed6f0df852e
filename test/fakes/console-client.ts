import { consoleApp } from "../../adapters/console/console-app.ts";
import { createLiveFeed, type LiveFeed } from "../../adapters/console/live-feed.ts";
import { createSessions, type SessionMemory, type Sessions } from "../../adapters/console/sessions.ts";
import { loadStaticFiles } from "../../adapters/console/static-files.ts";
import type { PersonId } from "../../src/domain.ts";
import { ChatOffice } from "./chat-office.ts";
import { ManualTime } from "./manual-time.ts";
import { silentLogger } from "./silent-logger.ts";

const host = "127.0.0.1:8674";
const files = await loadStaticFiles();

type Headers = Readonly<Record<string, string>>;
interface Browser {
  readonly cookie: string;
  /** The Set-Cookie header of the sign-in. */
  readonly setCookie: string;
  get(path: string, headers?: Headers): Promise<Response>;
  post(path: string, body: unknown, headers?: Headers): Promise<Response>;
}
export interface ConsoleWorld {
  readonly office: ChatOffice;
  readonly time: ManualTime;
  readonly sessions: Sessions;
  readonly feed: LiveFeed;
  /** As the app gets it, without a browser's good manners: host is the console's unless given. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** A POST of a page of the console itself. */
  post(path: string, body: unknown, headers?: Headers): Promise<Response>;
  signIn(person: PersonId): Promise<Browser>;
}

/** The console's app over a scripted office, without a socket. */
export function consoleWorld(o: { readonly memory?: SessionMemory } = {}): ConsoleWorld {
  const time = new ManualTime();
  const office = new ChatOffice(time);
  const sessions = createSessions({ clock: time, memory: o.memory });
  const feed = createLiveFeed(office.desk, silentLogger);
  let ids = 0;
  const app = consoleApp({
    desk: office.desk,
    clock: time,
    sessions,
    feed,
    inbox: () => office.inbox,
    files,
    hosts: ["127.0.0.1", "console.example"],
    ids: { next: (prefix) => `${prefix}${(ids += 1)}` },
    log: silentLogger,
  });
  const request = async (path: string, init: RequestInit = {}) =>
    app.request(path, { ...init, headers: { host, ...(init.headers as Headers) } });
  const post = (path: string, body: unknown, headers: Headers = {}) =>
    request(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { origin: `http://${host}`, "content-type": "application/json", ...headers },
    });
  return {
    office,
    time,
    sessions,
    feed,
    request,
    post,
    async signIn(person) {
      const answer = await post("/sign-in", { token: sessions.issue(person) });
      const setCookie = answer.headers.get("set-cookie") ?? "";
      const cookie = setCookie.split(";")[0] ?? "";
      const me = await request(`/p/${person}/api/me`, { headers: { cookie } });
      const { csrf } = (await me.json()) as { csrf: string };
      return {
        cookie,
        setCookie,
        get: (path, headers) => request(path, { headers: { cookie, ...headers } }),
        post: (path, body, headers) => post(path, body, { cookie, "x-csrf-token": csrf, ...headers }),
      };
    },
  };
}

/** The stable code of a refusal. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { readonly error: { readonly code: string } };
  return body.error.code;
}
