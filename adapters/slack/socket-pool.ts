import { toErrorInfo } from "../../src/errors.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import type { OpenSocket, SlackEnvelope, SlackSocket } from "./socket.ts";
import type { After } from "./web.ts";

/** Slack's own limit for one app, over all its processes. */
const mostConnections = 10;
const wantedSockets = 2;
/** A connection that looks well but brings nothing is found by this at the latest. */
const rotateMs = 10 * 60_000;
/** So many payloads came by others and none by this one: with two open, one chance in a million that it is well. */
const silentAfter = 20;
const watchMs = 5_000;
const lastingMs = 5_000;
/** Slack may count late: not every hello with too few connections is believed. */
const recountMs = 60_000;
const firstRetryMs = 500;
const longestRetryMs = 30_000;
/** Where Slack opens connections that do not last: nobody can click in between. */
const longestReopenMs = 4_000;
/** Payloads that are being handled when their connection is to end; Slack waits three seconds for each. */
const drainMs = 3_000;

interface Slot {
  readonly socket: SlackSocket;
  readonly openedAt: number;
  /** Payloads that came by other connections since the last one by this. */
  missed: number;
  busy: number;
  leaving: boolean;
  closing: boolean;
}

export interface SocketPool {
  start(): void;
  /** Takes nothing more, finishes what is being handled, closes. */
  stop(): Promise<void>;
  status(): PoolStatus;
}
export interface PoolStatus {
  /** Connections of this process, and of the whole app as Slack last said. */
  readonly open: number;
  readonly connections: number;
  /** Why the last try to open one failed. */
  readonly error: string | null;
}

/**
 * Keeps two connections to Slack (one where others of the app fill its ten), so that one is always there while another
 * is renewed. Slack sends each payload to any of them: one that is dead without knowing it would lose clicks, so each
 * is watched and renewed.
 */
export function createSocketPool(o: {
  readonly open: OpenSocket;
  /** Handles and acknowledges one payload; never fails. */
  readonly handle: (envelope: SlackEnvelope) => Promise<void>;
  readonly clock: Clock;
  readonly after: After;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Logger;
}): SocketPool {
  const slots = new Set<Slot>();
  let opening = false;
  let stopped = true;
  let failures = 0;
  let error: string | null = null;
  let connections = 0;
  let recountedAt = Number.NEGATIVE_INFINITY;
  let cancelRetry: (() => void) | undefined;
  let cancelWatch: (() => void) | undefined;
  let idle: (() => void) | undefined;

  const usable = (): number => [...slots].filter((slot) => !slot.leaving).length;
  const wanted = (): number => {
    const others = connections - slots.size;
    return others >= mostConnections - 1 ? 1 : wantedSockets;
  };

  /** Opens what is missing, one at a time. */
  function ensure(): void {
    if (stopped || opening || cancelRetry !== undefined || usable() >= wanted()) {
      return;
    }
    opening = true;
    void tryOne().finally(() => {
      opening = false;
      ensure();
    });
  }
  async function tryOne(): Promise<void> {
    try {
      await openOne();
      error = null;
    } catch (reason) {
      error = toErrorInfo(reason).code;
      postpone(longestRetryMs);
    }
  }
  /** The next try comes later each time, until all connections have lasted for a while. */
  function postpone(longestMs: number): void {
    const ceiling = Math.min(firstRetryMs * 2 ** failures, longestMs);
    failures += 1;
    const delay = Math.round(ceiling * (0.5 + o.random() / 2));
    o.log.warn({ error, delay }, "slack-socket-failed");
    cancelRetry ??= o.after(delay, () => {
      cancelRetry = undefined;
      ensure();
    });
  }
  /** Slack ends what it has just opened: once is replaced at once, again not. */
  function endedByOthers(slot: Slot): void {
    if (o.clock.now() - slot.openedAt >= lastingMs) {
      return;
    }
    if (failures === 0) {
      failures = 1;
    } else {
      postpone(longestReopenMs);
    }
  }

  async function openOne(): Promise<void> {
    let slot: Slot | undefined;
    let gone = false;
    /** Payloads may come with the hello. */
    const early: SlackEnvelope[] = [];
    const { socket, connections: counted } = await o.open({
      envelope: (envelope) => (slot === undefined ? early.push(envelope) : take(slot, envelope)),
      leaving(reason) {
        o.log.info({ reason }, "slack-socket-leaving");
        if (slot !== undefined && !slot.leaving) {
          endedByOthers(slot);
          renew(slot);
        }
      },
      closed() {
        gone = true;
        remove(slot);
      },
    });
    if (gone || stopped) {
      await socket.close();
      return;
    }
    slot = { socket, openedAt: o.clock.now(), missed: 0, busy: 0, leaving: false, closing: false };
    slots.add(slot);
    connections = counted;
    o.log.info({ open: slots.size, connections }, "slack-socket-open");
    for (const envelope of early) {
      take(slot, envelope);
    }
    recount(slot);
    retire();
  }

  /** Fewer than we hold ourselves: one of the older ones is dead at Slack's end. */
  function recount(newest: Slot): void {
    const now = o.clock.now();
    if (connections < slots.size && now - recountedAt >= recountMs) {
      recountedAt = now;
      o.log.warn({ open: slots.size, connections }, "slack-socket-ghost");
      for (const slot of slots) {
        if (slot !== newest) {
          slot.leaving = true;
        }
      }
    }
  }

  function take(slot: Slot, envelope: SlackEnvelope): void {
    if (stopped) {
      // Not acknowledged: Slack sends events again, to whoever is there then.
      return;
    }
    for (const each of slots) {
      each.missed = each === slot ? 0 : each.missed + 1;
    }
    slot.busy += 1;
    void o.handle(envelope).finally(() => {
      slot.busy -= 1;
      retire();
      if (busy() === 0) {
        idle?.();
      }
    });
  }
  const busy = (): number => [...slots].reduce((sum, slot) => sum + slot.busy, 0);

  /** Another takes this one's place before it is closed. */
  function renew(slot: Slot): void {
    slot.leaving = true;
    retire();
    ensure();
  }
  /** Closes those that are replaced, or whose place the next one needs, and that have nothing more to acknowledge. */
  function retire(): void {
    const replaced = usable() >= wanted() || (usable() > 0 && connections >= mostConnections);
    for (const slot of slots) {
      if (slot.leaving && !slot.closing && slot.busy === 0 && replaced) {
        slot.closing = true;
        void slot.socket.close();
      }
    }
  }
  function remove(slot: Slot | undefined): void {
    if (slot !== undefined && slots.delete(slot)) {
      o.log.info({ open: slots.size }, "slack-socket-closed");
      connections = Math.max(slots.size, connections - 1);
      if (!slot.leaving && !stopped) {
        endedByOthers(slot);
      }
      ensure();
    }
  }

  function watch(): void {
    const now = o.clock.now();
    if (usable() >= wanted() && [...slots].every((slot) => now - slot.openedAt >= lastingMs)) {
      failures = 0;
    }
    const silent = [...slots].find((slot) => slot.missed >= silentAfter);
    const old = [...slots].find((slot) => now - slot.openedAt >= rotateMs);
    const slot = silent ?? old;
    // One at a time.
    if (slot !== undefined && usable() === slots.size) {
      o.log.info({ reason: silent === undefined ? "age" : "silence" }, "slack-socket-renewed");
      renew(slot);
    }
    cancelWatch = o.after(watchMs, watch);
  }

  return {
    start() {
      stopped = false;
      ensure();
      cancelWatch = o.after(watchMs, watch);
    },
    async stop() {
      stopped = true;
      cancelRetry?.();
      cancelWatch?.();
      const drained = Promise.withResolvers<void>();
      idle = drained.resolve;
      const cancel = o.after(drainMs, drained.resolve);
      if (busy() > 0) {
        await drained.promise;
      }
      cancel();
      await Promise.all([...slots].map((slot) => slot.socket.close()));
    },
    status: () => ({ open: slots.size, connections, error }),
  };
}
