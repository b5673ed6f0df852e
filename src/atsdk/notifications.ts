import type { AtConnection } from "./at-connection.ts";
import { AtError } from "./at-error.ts";
import { backOff } from "./back-off.ts";
import { heartbeatCommand, monitorCommand } from "./codec/commands.ts";
import { parseNotification, type RawNotification } from "./codec/notification-frame.ts";
import type { Connector } from "./connector.ts";

/** What our atServer received between these times (its clock, milliseconds) may have ended before we could get it. */
export interface NotificationGap {
  readonly from: number;
  readonly until: number;
}

export interface NotificationsOptions {
  /** Matched by the server, unanchored, against the key or the sender's name. No blanks. */
  readonly regex?: string;
  /** Greatest `epochMillis` already processed; without it only what arrives from now on is delivered. */
  readonly since?: number;
  /** Also events of our own atSign, such as enrollment requests. */
  readonly selfNotifications?: boolean;
  /** How long notifications live at least: the least `ttlMs` of the senders. Without it no gap can be told. */
  readonly retentionMs?: number;
  /** Told when we were away, or `since` lies back, for longer than `retentionMs`, before anything else is delivered. */
  readonly onGap?: (gap: NotificationGap) => void;
  readonly signal?: AbortSignal;
  readonly onState?: (state: "connected" | "disconnected") => void;
}

const overlapMs = 5_000; // several notifications may carry the same millisecond, and clocks step
const skewMs = 60_000; // of the server's clock against ours
const heartbeatMs = 15_000;
const graceMs = 10_000;
const maxSeen = 20_000;
const maxQueued = 1_000;

/**
 * Received notifications, in the order of arrival, over as many monitor connections as it takes until `signal` aborts.
 * Each connection asks again for everything since the last one, less an overlap; ids seen before are left out. The
 * caller may still see an id again after its own restart.
 */
export function monitor(
  connector: Connector,
  options: NotificationsOptions,
  signal: AbortSignal,
  clock: () => number,
): AsyncGenerator<RawNotification> {
  const feed = new Feed(options, signal, clock);
  return follow(feed, connector) as AsyncGenerator<RawNotification>; // it was told to make no marks
}

/** The server has taken our `monitor`: whatever it receives from now on is delivered. */
export const listening = Symbol("listening");

/** As `monitor`, with `listening` in between, for each connection once. */
export function monitorMarked(
  connector: Connector,
  options: NotificationsOptions,
  signal: AbortSignal,
  clock: () => number,
): AsyncGenerator<RawNotification | typeof listening> {
  return follow(new Feed(options, signal, clock, { marks: true }), connector);
}

async function* follow(feed: Feed, connector: Connector): AsyncGenerator<RawNotification | typeof listening> {
  const running = feed.run(connector);
  try {
    for (let next = await feed.next(); next !== undefined; next = await feed.next()) yield next;
  } finally {
    feed.stop();
    await running;
  }
}

class Feed {
  readonly #options: NotificationsOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #seen = new Set<string>();
  readonly #queue: (RawNotification | typeof listening)[] = [];
  readonly #marks: boolean;
  readonly #clock: () => number;
  #since: number | undefined;
  /** Set while the server may still be sending what it kept: live frames come in between, so theirs is no resume point. */
  #isReplaying = false;
  /** The latest time seen, which becomes the resume point when the replay is over. */
  #latest = 0;
  /** Everything the server received until then was delivered, or was reported as a gap. */
  #completeUntil: number;
  #connection: AtConnection | undefined;
  #failure: AtError | undefined;
  #wake = () => {};

  constructor(
    options: NotificationsOptions,
    signal: AbortSignal,
    clock: () => number,
    { marks }: { readonly marks: boolean } = { marks: false },
  ) {
    monitorCommand(options); // refuses a filter that cannot be sent
    this.#marks = marks;
    this.#options = options;
    this.#clock = clock;
    this.#since = options.since;
    this.#completeUntil = options.since ?? clock();
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  stop(): void {
    this.#stop.abort();
  }

  /** The next notification as soon as there is one; undefined when stopped. Throws what ended the receiving. */
  async next(): Promise<RawNotification | typeof listening | undefined> {
    while (!this.#signal.aborted) {
      const next = this.#queue.shift();
      if (next) {
        if (this.#queue.length === maxQueued / 2) this.#connection?.resume();
        return next;
      }
      if (this.#failure) throw this.#failure;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return undefined;
  }

  /** Keeps one monitor connection open until stopped, or until the server refuses our keys. */
  async run(connector: Connector): Promise<void> {
    for (let attempt = 0; !this.#signal.aborted; attempt++) {
      try {
        const connection = await connector.open(this.#signal);
        attempt = 0;
        await this.#listen(connection, connector);
      } catch (error) {
        if (!this.#signal.aborted && isRefusal(error)) {
          this.#failure = error;
          this.#wake();
          return;
        }
      }
      await backOff(attempt, this.#signal).catch(() => {}); // stopped: the loop ends
    }
  }

  /** Receives until the connection ends; throws why it did. */
  #listen(connection: AtConnection, connector: Connector): Promise<never> {
    this.#connection = connection;
    const { regex, selfNotifications, onState } = this.#options;
    return new Promise((_resolve, reject) => {
      const abort = () => connection.close();
      const heartbeat = setInterval(() => void this.#beat(connection), heartbeatMs);
      connection.onNotification = (json) => this.#receive(json, connection, connector);
      this.#signal.addEventListener("abort", abort, { once: true });
      const epochMillis = this.#since === undefined ? undefined : Math.max(0, this.#since - overlapMs);
      this.#isReplaying = epochMillis !== undefined;
      onState?.("connected");
      // It may have ended since it was opened: then it is told at once.
      connection.onClose = (error) => {
        clearInterval(heartbeat);
        this.#signal.removeEventListener("abort", abort);
        onState?.("disconnected");
        connector.ended(error);
        reject(error);
      };
      this.#reportGap();
      connection.send(monitorCommand({ regex, selfNotifications, epochMillis }));
      this.#since ??= this.#clock(); // a later connection must not skip what came in between
      if (this.#marks) void this.#mark(connection);
      if (this.#signal.aborted) abort();
    });
  }

  async #mark(connection: AtConnection): Promise<void> {
    // Commands are answered in order: once a heartbeat is answered, the monitor has been taken.
    await this.#beat(connection);
    if (connection.isClosed) return; // the next connection marks
    this.#queue.push(listening);
    this.#wake();
  }

  async #beat(connection: AtConnection): Promise<void> {
    if (this.#queue.length >= maxQueued) return; // while we do not read on purpose, silence proves nothing
    const sentAt = this.#clock();
    try {
      await connection.request(heartbeatCommand, graceMs);
      // Commands are answered in order: the replay is over.
      this.#completeUntil = Math.max(this.#completeUntil, sentAt);
      this.#isReplaying = false;
      this.#since = Math.max(this.#since ?? 0, this.#latest);
    } catch {
      // the connection has ended, and its end is handled
    }
  }

  #reportGap(): void {
    const { retentionMs, onGap } = this.#options;
    if (retentionMs === undefined) return;
    const from = Math.max(this.#completeUntil, this.#since ?? 0);
    const until = this.#clock() - retentionMs;
    if (until <= from) return;
    this.#completeUntil = until;
    onGap?.({ from, until });
  }

  #receive(json: string, connection: AtConnection, connector: Connector): void {
    const notification = parseNotification(json);
    if (notification === "statistics") return;
    if (!notification) {
      connector.refused("bad-reply");
      return;
    }
    // A time far in the future would hide everything until then from the next connection.
    const latestBelievable = this.#clock() + skewMs;
    if (notification.epochMillis > latestBelievable) connector.refused("bad-time");
    this.#latest = Math.max(this.#latest, Math.min(notification.epochMillis, latestBelievable));
    if (!this.#isReplaying) this.#since = Math.max(this.#since ?? 0, this.#latest);
    const identity = `${notification.from} ${notification.id}`; // ids are the sender's own choice
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    if (this.#seen.size > maxSeen) this.#forgetOldest();
    this.#queue.push(notification);
    if (this.#queue.length >= maxQueued) connection.pause();
    this.#wake();
  }

  #forgetOldest(): void {
    const { value } = this.#seen.values().next();
    if (value !== undefined) this.#seen.delete(value);
  }
}

/** True when the server will answer the same again: wrong keys, a filter it cannot read. */
function isRefusal(error: unknown): error is AtError {
  return (
    error instanceof AtError && error.code.startsWith("AT") && !error.retryable && error.code !== "AT0011"
  );
}
