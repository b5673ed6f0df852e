import { once } from "node:events";
import type { WebSocket } from "ws";
import type { Timers } from "../../../src/link/timers.ts";
import type { Fields } from "./model.ts";

/**
 * Why Slack ends a connection: https://docs.slack.dev/apis/events-api/using-socket-mode. "too_many_websockets" is not
 * on that page; see slackapi/bolt-js#2238.
 */
export type DisconnectReason = "warning" | "refresh_requested" | "link_disabled" | "too_many_websockets";

/** "warning": the connection will be closed in about ten seconds. */
const warningMs = 10_000;
/** Slack pings now and then; the SDK's watchdog goes by real time, so this does too. */
const pingMs = 10_000;

/**
 * One WebSocket as Slack sees it. It is "live" while what is sent arrives, and counts for the limit of ten until it is
 * forgotten, even when the app is long gone.
 */
export class Connection {
  readonly id: string;
  readonly host: string;
  readonly #socket: WebSocket | undefined;
  readonly #timers: Timers;
  readonly #onAck: (frame: Fields) => void;
  readonly #onGone: (connection: Connection) => void;
  #swallows = false;
  #ghost = false;
  /** Frames sent, for tests that ask how many. */
  sent = 0;

  constructor(o: {
    id: string;
    host: string;
    socket: WebSocket | undefined;
    timers: Timers;
    onAck(frame: Fields): void;
    onGone(connection: Connection): void;
  }) {
    this.id = o.id;
    this.host = o.host;
    this.#socket = o.socket;
    this.#timers = o.timers;
    this.#onAck = (frame) => o.onAck(frame);
    this.#onGone = (connection) => o.onGone(connection);
    this.#ghost = o.socket === undefined;
    if (o.socket !== undefined) {
      this.#listen(o.socket);
    }
  }

  get ghostly(): boolean {
    return this.#ghost || this.#swallows;
  }

  /** Sends a frame; a ghost swallows it, which Slack cannot know. */
  send(frame: Fields): void {
    this.sent += 1;
    if (!this.#ghost && !this.#swallows) {
      this.#socket?.send(JSON.stringify(frame));
    }
  }

  /** The app's end is gone (TCP reset), but Slack goes on counting and choosing this connection. */
  ghost(): void {
    this.#ghost = true;
    this.#socket?.terminate();
  }

  /** Looks healthy to the app (pings are answered), but no payload arrives and no acknowledgement counts. */
  swallow(): void {
    this.#swallows = true;
  }

  /** Slack notices at last that a ghost is gone, or drops the connection without a word. */
  forget(): void {
    this.#ghost = false;
    this.#socket?.terminate();
    this.#onGone(this);
  }

  /** TCP reset, known to both ends. */
  cut(): void {
    this.#socket?.terminate();
  }

  /** Closes as a WebSocket should, which SDK clients need to come to rest; by force where the other end does not answer. */
  async close(): Promise<void> {
    const socket = this.#socket;
    if (this.#ghost || socket === undefined || socket.readyState === socket.CLOSED) {
      return;
    }
    const gone = once(socket, "close");
    const force = setTimeout(() => socket.terminate(), 1_000);
    socket.close(1001);
    await gone;
    clearTimeout(force);
  }

  /** Slack's polite end: a frame, and after its time the close. */
  disconnect(reason: DisconnectReason): void {
    this.send({ type: "disconnect", reason, debug_info: { host: this.host } });
    if (reason === "warning") {
      this.#timers.after(warningMs, () => this.#socket?.close(1000));
    } else {
      this.#socket?.close(1000);
    }
  }

  #listen(socket: WebSocket): void {
    const ping = setInterval(() => socket.ping(`Ping from ${this.host}`), pingMs);
    ping.unref();
    socket.on("message", (data) => {
      if (!this.#swallows && !this.#ghost) {
        this.#onAck(parseFrame(data));
      }
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      clearInterval(ping);
      if (!this.#ghost) {
        this.#onGone(this);
      }
    });
  }
}

function parseFrame(data: unknown): Fields {
  try {
    return JSON.parse(String(data)) as Fields;
  } catch {
    return {};
  }
}
