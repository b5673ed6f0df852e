import type { Limits } from "./limits.ts";

/** A connection as its server counts it. */
export interface Inbound {
  /** True before login. */
  readonly isGuest: boolean;
  /** When the server last wrote to it, milliseconds of a monotonic clock. */
  readonly lastWrite: number;
  readonly since: number;
  /** Bytes that wait because the client does not read. */
  readonly unsent: number;
  close(): void;
}

/** A crowd is what passes half of the limit. */
const crowdedShare = 0.5;
/** How long a guest that keeps talking may stay when there is hardly any room left, and what that is. */
const guestStayMs = 60_000;
const fullShare = 0.9;

/** The open connections of one server: how many there are, and which have been idle for too long. */
export class InboundConnections {
  readonly #limits: Limits;
  readonly #max: () => number;
  readonly #open = new Set<Inbound>();
  #bufferedBytes = 0;

  constructor(limits: Limits, max: () => number) {
    this.#limits = limits;
    this.#max = max;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes a connection in; false when there is no room. */
  add(connection: Inbound, now: number): boolean {
    if (this.size >= this.#max()) this.closeIdle(now);
    if (this.size >= this.#max()) return false;
    this.#open.add(connection);
    return true;
  }

  delete(connection: Inbound): void {
    this.#open.delete(connection);
  }

  [Symbol.iterator](): Iterator<Inbound> {
    return this.#open[Symbol.iterator]();
  }

  /** Counts bytes of unfinished commands in (negative: out); false when there are too many in all. */
  buffer(bytes: number): boolean {
    this.#bufferedBytes += bytes;
    return this.#bufferedBytes <= this.#limits.maxBufferedBytes;
  }

  /** Before so much is written: ends those that leave most unread while all together leave too much. */
  makeRoom(bytes: number): void {
    const waiting = [...this.#open]
      .filter(({ unsent }) => unsent > 0)
      .toSorted((a, b) => b.unsent - a.unsent);
    let total = waiting.reduce((sum, { unsent }) => sum + unsent, bytes);
    for (const connection of waiting) {
      if (total <= this.#limits.maxUnsentTotalBytes) return;
      total -= connection.unsent;
      connection.close();
    }
  }

  /** Ends what the server has not written to for too long; the more connections there are, the sooner. */
  closeIdle(now: number): void {
    const share = this.size / Math.max(1, this.#max());
    const crowd = Math.min(1, Math.max(0, (share - crowdedShare) / (1 - crowdedShare)));
    const { guestIdleMs, guestIdleCrowdedMs, idleMs, idleCrowdedMs } = this.#limits;
    const guestLimit = guestIdleMs - crowd * (guestIdleMs - guestIdleCrowdedMs);
    const limit = idleMs - crowd * (idleMs - idleCrowdedMs);
    for (const connection of this.#open) {
      const idle = now - connection.lastWrite;
      const overstays = connection.isGuest && share >= fullShare && now - connection.since >= guestStayMs;
      if (overstays || idle >= (connection.isGuest ? guestLimit : limit)) {
        this.#open.delete(connection);
        connection.close();
      }
    }
  }
}
