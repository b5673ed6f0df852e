import { backOffMs } from "../../src/back-off.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import type { OpenSocket, SlackEnvelope, SlackSocket } from "./socket.ts";
import { socketTimes } from "./socket-times.ts";
import type { After } from "./web.ts";

/** Slack's own limit for one app, over all its processes. */
const mostConnections = 10;
const wantedSockets = 2;
/** So many payloads came by others and none by this one: with two open, one chance in a million that it is well. */
const silentAfter = 20;
const { open, shortLived, watch: watching, recountMs, leave, end } = socketTimes;

/** Slack wants to close it; it brings nothing; Slack counts fewer than we hold; it is old. */
type Reason = "asked" | "silence" | "count" | "age";
interface Slot {
  readonly socket: SlackSocket;
  readonly openedAt: number;
  /** Payloads that came by other connections since the last one by this. */
  missed: number;
  /** When the last payload came by this one. */
  broughtAt: number;
  busy: number;
  leaving: undefined | { readonly since: number; readonly why: Reason };
  closing: boolean;
}

export interface SocketPool {
  start(): void;
  /** Finishes what is being handled and what comes meanwhile, then closes. */
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
  let cancelRetire: (() => void) | undefined;
  let idle: (() => void) | undefined;

  const usable = (): number => [...slots].filter((slot) => slot.leaving === undefined).length;
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
      postpone(open.longestMs);
    }
  }
  /** The next try comes later each time, until all connections have lasted for a while. */
  function postpone(longestMs: number): void {
    const delay = backOffMs(failures, { firstMs: open.firstMs, longestMs, random: o.random });
    failures += 1;
    o.log.warn({ error, delay }, "slack-socket-failed");
    cancelRetry ??= o.after(delay, () => {
      cancelRetry = undefined;
      ensure();
    });
  }
  /** Slack ends what it has just opened: once is replaced at once, again not. */
  function endedByOthers(slot: Slot): void {
    if (o.clock.now() - slot.openedAt >= shortLived.lastingMs) {
      return;
    }
    if (failures === 0) {
      failures = 1;
    } else {
      postpone(shortLived.longestMs);
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
        if (slot !== undefined && slot.leaving === undefined) {
          endedByOthers(slot);
          renew(slot, "asked");
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
    const now = o.clock.now();
    slot = { socket, openedAt: now, missed: 0, broughtAt: now, busy: 0, leaving: undefined, closing: false };
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
          slot.leaving ??= { since: now, why: "count" };
        }
      }
    }
  }

  function take(slot: Slot, envelope: SlackEnvelope): void {
    for (const each of slots) {
      each.missed = each === slot ? 0 : each.missed + 1;
    }
    slot.broughtAt = o.clock.now();
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
  function renew(slot: Slot, why: Reason): void {
    slot.leaving = { since: o.clock.now(), why };
    retire();
    ensure();
  }
  /** Closes those that nothing comes by any more, when they are replaced or the next one needs their place. */
  function retire(): void {
    const isFull = usable() > 0 && connections >= mostConnections;
    const isReplaced = usable() >= wanted();
    const leaving = [...slots].filter((slot) => slot.leaving !== undefined && !slot.closing);
    for (const slot of leaving.filter((each) => mayClose(each, { isFull, isReplaced }))) {
      slot.closing = true;
      void slot.socket.close();
    }
    if (leaving.some((slot) => !slot.closing) && !stopped) {
      cancelRetire ??= o.after(leave.quietMs, () => {
        cancelRetire = undefined;
        retire();
      });
    }
  }
  /** Slack chooses any connection for a click: one is closed when it is least likely that one is on its way. */
  function mayClose(
    { busy: inHand, leaving, broughtAt }: Slot,
    { isFull, isReplaced }: { readonly isFull: boolean; readonly isReplaced: boolean },
  ): boolean {
    const now = o.clock.now();
    const isLate = leaving !== undefined && now - leaving.since >= leave.longestMs;
    const isLeftToSlack = leaving?.why === "asked" && !isFull;
    const isQuiet = now - broughtAt >= leave.quietMs && !isLeftToSlack;
    // What Slack sends by a silent one is lost as long as it is open.
    return inHand === 0 && (leaving?.why === "silence" || ((isFull || isReplaced) && (isQuiet || isLate)));
  }
  function remove(slot: Slot | undefined): void {
    if (slot !== undefined && slots.delete(slot)) {
      o.log.info({ open: slots.size }, "slack-socket-closed");
      connections = Math.max(slots.size, connections - 1);
      if (slot.leaving === undefined && !stopped) {
        endedByOthers(slot);
      }
      ensure();
    }
  }

  function watch(): void {
    const now = o.clock.now();
    if (usable() >= wanted() && [...slots].every((slot) => now - slot.openedAt >= shortLived.lastingMs)) {
      failures = 0;
    }
    const staying = [...slots].filter((slot) => slot.leaving === undefined);
    const silent = staying.find((slot) => slot.missed >= silentAfter);
    const old = staying.find((slot) => now - slot.openedAt >= watching.rotateMs);
    const slot = silent ?? old;
    // One at a time.
    if (
      slot !== undefined &&
      [...slots].every(({ leaving }) => leaving === undefined || leaving.why === "asked")
    ) {
      const reason = silent === undefined ? "age" : "silence";
      o.log.info({ reason }, "slack-socket-renewed");
      renew(slot, reason);
    }
    cancelWatch = o.after(watching.everyMs, watch);
  }

  return {
    start() {
      stopped = false;
      ensure();
      cancelWatch = o.after(watching.everyMs, watch);
    },
    async stop() {
      stopped = true;
      cancelRetry?.();
      cancelWatch?.();
      cancelRetire?.();
      const drained = Promise.withResolvers<void>();
      idle = drained.resolve;
      const cancel = o.after(end.drainMs, drained.resolve);
      if (busy() > 0) {
        await drained.promise;
      }
      cancel();
      await Promise.all([...slots].map((slot) => slot.socket.close()));
    },
    status: () => ({ open: slots.size, connections, error }),
  };
}
