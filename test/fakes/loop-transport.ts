import type { AtMessage, AtTransport } from "../../src/link/at-transport.ts";

interface Stored extends AtMessage {
  readonly to: string;
  readonly value: string;
}

/** AtServers in memory: notifications are kept and can be altered, repeated and forged; shared keys too. */
export class LoopServers {
  #clock = 1_000;
  readonly notifications: Stored[] = [];
  /** By `@to:name.namespace@from`. */
  readonly values = new Map<string, string>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Message ids of the sendings that failed. */
  readonly tried: string[] = [];
  /** Every sending fails with this. */
  failure: Error | undefined;

  /** Receiving ends with this for good, as when the keys were taken back; see `end`. */
  ended: Error | undefined;

  end(error: Error): void {
    this.ended = error;
    this.#listeners.forEach((each) => each.forEach((wake) => wake()));
  }

  /** The client of one atSign. */
  transport(me: string): AtTransport {
    const keyOf = (key: { name: string; namespace: string; sharedWith: string }, by: string): string =>
      `${key.sharedWith}:${key.name}.${key.namespace}${by}`;
    return {
      notify: async (o) => {
        if (this.failure !== undefined) {
          this.tried.push(o.id ?? "");
          throw this.failure;
        }
        const key = keyOf({ ...o, sharedWith: o.to }, me);
        this.deliver({ id: o.id ?? key, from: me, to: o.to, key, value: o.value });
        return o.id ?? key;
      },
      recheckPeer: () => undefined,
      notifications: (o) => this.#listen(me, o),
      put: async (key, value) => {
        this.values.set(keyOf(key, me), value);
      },
      get: async (key) => this.values.get(keyOf(key, key.sharedBy)),
      delete: async (key) => {
        this.values.delete(keyOf(key, me));
      },
    };
  }

  /** Puts a notification on the recipient's atServer, as any sender or a hostile server can. */
  deliver(message: Omit<Stored, "epochMillis">, epochMillis = (this.#clock += 1)): void {
    this.notifications.push({ ...message, epochMillis });
    this.#listeners.get(message.to)?.forEach((wake) => wake());
  }

  async *#listen(me: string, o: Parameters<AtTransport["notifications"]>[0]): AsyncGenerator<AtMessage> {
    const { since = 0, regex = "", signal, accept } = o;
    const filter = new RegExp(regex, "u");
    for (let next = 0; ;) {
      const message = this.notifications[next];
      if (signal?.aborted === true) {
        return;
      }
      if (this.ended !== undefined) {
        throw this.ended;
      }
      if (message === undefined) {
        await this.#next(me, signal);
        continue;
      }
      next += 1;
      const asked = message.to === me && message.epochMillis > since && filter.test(message.key);
      if (asked && (await accept(message.from))) {
        yield message;
      }
    }
  }

  /** Resolves when another notification is there, or at the end. */
  async #next(me: string, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const listeners = this.#listeners.get(me) ?? new Set();
    this.#listeners.set(me, listeners.add(resolve));
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    listeners.delete(resolve);
  }
}
