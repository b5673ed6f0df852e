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
  /** Every sending fails with this. */
  failure: Error | undefined;

  /** The client of one atSign. */
  transport(me: string): AtTransport {
    const keyOf = (key: { name: string; namespace: string; sharedWith: string }, by: string): string =>
      `${key.sharedWith}:${key.name}.${key.namespace}${by}`;
    return {
      notify: async (o) => {
        if (this.failure !== undefined) {
          throw this.failure;
        }
        const key = keyOf({ ...o, sharedWith: o.to }, me);
        this.deliver({ id: o.id ?? key, from: me, to: o.to, key, value: o.value });
        return o.id ?? key;
      },
      notifications: (o) => this.#listen(me, o.since ?? 0, new RegExp(o.regex ?? "", "u"), o.signal),
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
  deliver(message: Omit<Stored, "epochMillis">): void {
    this.#clock += 1;
    this.notifications.push({ ...message, epochMillis: this.#clock });
    this.#listeners.get(message.to)?.forEach((wake) => wake());
  }

  async *#listen(
    me: string,
    since: number,
    filter: RegExp,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<AtMessage> {
    for (let next = 0; ;) {
      const message = this.notifications[next];
      if (signal?.aborted === true) {
        return;
      }
      if (message === undefined) {
        await this.#next(me, signal);
        continue;
      }
      next += 1;
      if (message.to === me && message.epochMillis > since && filter.test(message.key)) {
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
