import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Desk } from "../../src/desk-types.ts";
import type { PersonId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { ChatAdapter, ChatInbox, Clock, Ids, Logger } from "../../src/ports.ts";
import { consoleApp } from "./console-app.ts";
import { activePerson } from "./console-session.ts";
import { ownerOf } from "./console-thread.ts";
import { createLiveFeed } from "./live-feed.ts";
import { watchOtherBots } from "./other-bots.ts";
import { createSessions, type SessionMemory } from "./sessions.ts";
import { loadStaticFiles } from "./static-files.ts";

const loopback = ["127.0.0.1", "localhost", "[::1]"];
const anyAddress = new Set(["0.0.0.0", "::"]);

export interface ConsoleAdapter extends ChatAdapter {
  /** Where the console is, without a slash at the end. Only after `start`. */
  readonly url: string;
  /** A link that signs this person in, once, within 15 minutes. Throws `unknown-person`. */
  signInLink(person: PersonId): string;
}

/**
 * Chat in a browser. Everything a page shows is read from the desk; cards that are posted or changed reach open pages
 * at once, and nothing is kept here but links and, where a memory is given, sessions.
 */
export function createConsole(o: {
  readonly desk: Desk;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** More names that the console answers to ("name" or "name:port"), e.g. in front of a container. */
  readonly allowedHosts?: readonly string[];
  /** Where sessions outlive a restart: the record. */
  readonly memory?: SessionMemory;
  /** Where several bots may work on the record: whether others do, and a timer. */
  readonly elsewhere?: {
    readonly others: () => boolean;
    readonly after: (ms: number, call: () => void) => () => void;
  };
}): ConsoleAdapter {
  const { desk, clock, log } = o;
  const sessions = createSessions({ clock, memory: o.memory });
  const feed = createLiveFeed(desk, log);
  let server: Server | undefined;
  let endWatch = (): void => undefined;
  let url: string | undefined;
  const address = (): string => {
    if (url === undefined) {
      throw new AppError("not-started", "the console has no address before it is started");
    }
    return url;
  };

  return {
    name: "console",
    get url() {
      return address();
    },
    signInLink: (person) => `${address()}/sign-in?token=${sessions.issue(activePerson(desk, person).id)}`,
    async start(inbox: ChatInbox) {
      const bound = bracketed(o.host);
      const hosts = [...loopback, ...(anyAddress.has(o.host) ? [] : [bound]), ...(o.allowedHosts ?? [])];
      const files = await loadStaticFiles();
      const services = { desk, clock, sessions, feed, inbox: () => inbox };
      const app = consoleApp({ ...services, files, hosts, ids: o.ids, log });
      const listener = getRequestListener(app.fetch);
      const starting = createServer((request, response) => void listener(request, response));
      const port = await listen(starting, o.host, o.port);
      server = starting;
      if (o.elsewhere !== undefined) {
        endWatch = watchOtherBots({ desk, feed, log, ...o.elsewhere });
      }
      url = `http://${anyAddress.has(o.host) ? "127.0.0.1" : bound}:${port}`;
    },
    async stop() {
      endWatch();
      feed.close();
      await feed.idle();
      await new Promise<void>((resolve) => {
        if (server === undefined) {
          resolve();
          return;
        }
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
    // Pages draw what the desk shows: a card is there as soon as its row is, and posting it again changes nothing.
    post(thread, card, { key }) {
      tell(thread, key, card);
      return Promise.resolve(`${thread}|${key}`);
    },
    update(message, card) {
      const [thread = "", key = ""] = message.split("|");
      tell(thread, key, card);
      return Promise.resolve("ok");
    },
    whisper(_thread, person, text) {
      feed.notice(person.id, text);
      return Promise.resolve();
    },
  };

  function tell(thread: string, key: string, card: Parameters<ChatAdapter["post"]>[1]): void {
    const owner = ownerOf(thread);
    if (owner === undefined) {
      log.warn({ thread, card: key }, "card-without-owner");
    } else {
      feed.card(owner, key, card);
    }
  }
}

/** The port that was bound; `port-taken` when somebody else has it. */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? new AppError(
              "port-taken",
              `port ${port} on ${host} is taken: end the program that uses it, or choose another with COUNTERSIGN_CONSOLE_PORT (0 = any free one)`,
              { cause: error },
            )
          : error,
      );
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
