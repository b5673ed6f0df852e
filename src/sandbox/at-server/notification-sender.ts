import { z } from "zod";
import type { AtServer } from "./at-server.ts";
import type { AtStore } from "./at-store.ts";
import { notifyCommand } from "./federation/notify-command.ts";
import { PeerRefusal } from "./federation/outbound-connection.ts";
import type { OutgoingNotification, QueuedNotification } from "./outgoing-store.ts";
import { ServerError } from "./server-error.ts";

const firstRetryMs = 250;
const mostRetryMs = 10_000;
const maxWaiting = 10_000;
/** So many are on their way to a recipient at a time. */
const window = 16;
const maxRecipients = 1_000;

const infoSchema = z.object({ features: z.array(z.object({ name: z.string(), status: z.string() })) });

type Outcome = "delivered" | "errored" | "again";

/** What no repetition mends: the peer does not understand the notification, or does not take it from us. */
const finalCodes: ReadonlySet<string> = new Set(["AT0003", "AT0005", "AT0009", "AT0013", "AT0016", "AT0022"]);

/**
 * Brings notifications to servers in other processes: for each recipient in order, those about different keys without
 * waiting for each other, again and again until delivered or expired. What waits is in the store, so that it survives
 * the process.
 */
export class NotificationSender {
  readonly #server: AtServer;
  readonly #store: AtStore;
  /** Recipients that are being served, each with what cuts its wait short. */
  readonly #active = new Map<string, { stop: () => void }>();
  #isClosed = false;

  /** `store`: where its queues are. */
  constructor(server: AtServer, store: AtStore) {
    this.#server = server;
    this.#store = store;
  }

  /** Goes on with what waited when the process ended. */
  start(): void {
    for (const recipient of this.#store.outgoing.recipients(this.#server.atSign)) this.#serve(recipient);
  }

  /** Queues a notification, within a transaction. Throws AT0011 when too many wait already. */
  enqueue(n: OutgoingNotification, sentAt: number): void {
    const store = this.#store;
    const { atSign } = this.#server;
    if (
      store.outgoing.isFull(atSign, n.recipient, maxWaiting) ||
      (this.#active.size >= maxRecipients && !this.#active.has(n.recipient))
    )
      throw new ServerError("AT0011", `Too many notifications wait for ${n.recipient}`);
    if (!store.outgoing.add(atSign, n, sentAt)) return;
    store.notifications.putStatus(atSign, n, "queued", sentAt + n.ttln);
    if (n.hints?.strategy === "latest")
      for (const id of store.outgoing.superseded(atSign, n.recipient, n.hints.notifier, n.hints.latestN))
        this.#finish(n.recipient, id, "errored", sentAt + n.ttln);
    store.afterCommit(() => this.#serve(n.recipient));
  }

  close(): void {
    this.#isClosed = true;
    for (const { stop } of this.#active.values()) stop();
  }

  #serve(recipient: string): void {
    if (this.#isClosed || this.#active.has(recipient)) return;
    const active = { stop: () => {} };
    this.#active.set(recipient, active);
    this.#deliverAll(recipient, active).catch((error: unknown) =>
      process.emitWarning(error instanceof Error ? error : String(error)),
    );
  }

  async #deliverAll(recipient: string, active: { stop: () => void }): Promise<void> {
    const store = this.#store;
    const { atSign } = this.#server;
    let failures = 0;
    try {
      while (!this.#isClosed) {
        const next = ofDifferentKeys(store.outgoing.next(atSign, recipient, window));
        if (next.length === 0) return;
        let asked: Promise<boolean> | undefined;
        const holds = () => (asked ??= this.#holds(recipient));
        const outcomes = await Promise.all(next.map((each) => this.#deliverOnce(recipient, each, holds)));
        if (this.#isClosed) return;
        if (outcomes.includes("again")) await waitToRetry(++failures, active);
        else failures = 0;
      }
    } finally {
      this.#active.delete(recipient); // in the same turn that found nothing waiting
    }
  }

  /** Tries once, and takes out of the queue what need not be tried again. */
  async #deliverOnce(
    recipient: string,
    queued: QueuedNotification,
    holds: () => Promise<boolean>,
  ): Promise<Outcome> {
    const store = this.#store;
    const { atSign } = this.#server;
    const { id } = queued.notification;
    const outcome = await this.#deliver(queued, holds);
    if (outcome === "again" || this.#isClosed) return outcome;
    const isKept = store.outgoing.find(atSign, id) !== undefined; // not removed meanwhile
    if (isKept) await store.grouped(() => this.#finish(recipient, id, outcome, queued.expiresAt));
    return outcome;
  }

  async #deliver(queued: QueuedNotification, holds: () => Promise<boolean>): Promise<Outcome> {
    const now = this.#server.clock();
    const { notification, expiresAt } = queued;
    const { recipient } = notification;
    if (expiresAt <= now) return "errored"; // shown as expired
    if (this.#server.peer(recipient)) {
      this.#server.deliver(notification, queued.sentAt);
      return "delivered";
    }
    try {
      const eph = notification.isEphemeral === true && (await holds());
      const command = notifyCommand(notification, expiresAt - now, { eph });
      const answer = await this.#server.federation.outbound.request(recipient, "pol", command, {
        pipelines: true,
      });
      return answer === "success" ? "delivered" : "again";
    } catch (error) {
      if (error instanceof PeerRefusal) return finalCodes.has(error.code) ? "errored" : "again";
      if (error instanceof ServerError) return error.code === "AT0007" ? "errored" : "again";
      throw error;
    }
  }

  /** Whether the recipient's server knows notifications that are held in memory alone; one that does not keeps them. */
  async #holds(recipient: string): Promise<boolean> {
    try {
      const text = await this.#server.federation.outbound.request(recipient, "pol", "info");
      return infoSchema.parse(JSON.parse(text)).features.some(isThere);
    } catch (error) {
      if (error instanceof ServerError && !(error instanceof PeerRefusal)) throw error;
      return false; // refused, or nothing that can be read
    }
  }

  #finish(recipient: string, id: string, status: "delivered" | "errored", expiresAt: number): void {
    const store = this.#store;
    const { atSign } = this.#server;
    store.outgoing.finish(atSign, recipient, id);
    store.notifications.putStatus(atSign, { id, recipient }, status, expiresAt);
  }
}

function isThere({ name, status }: { readonly name: string; readonly status: string }): boolean {
  return name === "notify.eph" && !/^retired$/i.test(status);
}

/** The first ones up to the second about the same key: so that one that has to be tried again is not overtaken by it. */
function ofDifferentKeys(queued: readonly QueuedNotification[]): readonly QueuedNotification[] {
  const keys = new Set<string>();
  const second = queued.findIndex(({ notification: { key } }) => {
    const isSecond = keys.has(key);
    keys.add(key);
    return isSecond;
  });
  return second < 0 ? queued : queued.slice(0, second);
}

/** Doubling from 250 ms to 10 s, of which a random half is left out. */
async function waitToRetry(failures: number, active: { stop: () => void }): Promise<void> {
  const full = Math.min(mostRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 16));
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, full / 2 + (Math.random() * full) / 2);
  active.stop = () => {
    clearTimeout(timer);
    resolve();
  };
  await promise;
}
