import { backOffMs } from "../back-off.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { AgentAddress, AgentId, PersonId } from "../domain.ts";
import type { OutgoingEnvelope } from "../link-types.ts";
import type { AgentLink, Clock, Logger, OutboxStore, ReadyMessage, SealedMessage } from "../ports.ts";
import type { OutboxRow } from "../record-types.ts";
import { Parked } from "./parked.ts";
import { Slots } from "./slots.ts";
import type { Timers } from "./timers.ts";
import { urgencyOf } from "./urgency.ts";

/** Where a message goes, and under which token. */
export interface Routed {
  readonly to: AgentAddress;
  readonly fencing?: number;
  /** True when the row must say so: an instance was chosen for it. */
  readonly chosen?: boolean;
}
/** Finds the instance that a message goes to. Throws AppErrors for an agent that holds no grant. */
export interface OutboxRoute {
  /** For a row that is about to be created; undefined when that is not to be had at once. */
  first(row: OutboxRow): Routed | undefined;
  /** For a row that was claimed, or "later": nobody can take it now, and `wake` is called once somebody can. */
  next(row: OutboxRow): Promise<Routed | "later" | "closed">;
}
/** For those who are reached at one address. */
export function fixedRoute(resolve: (row: OutboxRow) => AgentAddress): OutboxRoute {
  const routed = (row: OutboxRow): Routed => ({
    to: resolve(row),
    ...(row.fencing === undefined ? {} : { fencing: row.fencing }),
  });
  return { first: routed, next: async (row) => routed(row) };
}

export interface OutboxRelayOptions {
  readonly store: OutboxStore;
  readonly route: OutboxRoute;
  readonly link: Pick<AgentLink, "seal" | "send">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** Told of rows that ended unanswered, after they were closed. */
  readonly onExpired?: (row: OutboxRow) => void;
  /** In [0, 1), for jitter. */
  readonly random?: () => number;
  /** A person's share of the places where there is not room for all. Default 1 each. */
  readonly shareOf?: (person: PersonId) => number;
  /** Rows sent at a time. Default 16. */
  readonly concurrency?: number;
}
export interface OutboxRelay {
  start(): void;
  /**
   * Makes a new row ready to be sent right after its commit, with no further write. What cannot be sealed or sent at
   * once stays unclaimed, for the usual way.
   */
  prepare(row: OutboxRow): ReadyMessage;
  /** Looks for due rows. Returns at once. */
  kick(): void;
  /** An agent has room for so many of the messages that wait for it. */
  wake(agent: AgentId, places: number): void;
  /** These rows were closed: none of them waits any more. */
  forget(ids: readonly string[]): void;
  /** Resolves when what is being sent has been sent. */
  stop(): Promise<void>;
}

/** Rows kept in memory for an instance to come; further ones are looked at again in time. */
const maxParked = 2_000;
const sweepMs = 1_000;
const leaseMs = 30_000;
const firstDelayMs = 250;
/**
 * A request is answered when its skill is done, so it is repeated later than a reply, which is acknowledged at once.
 */
const firstRequestDelayMs = 5_000;
/** A message that cannot be sent is tried again soon after the network is back. */
const maxUnsentDelayMs = 30_000;
/** AtServers keep what was sent far longer than this, and each sending is written down by its own hash. */
const maxSentDelayMs = 300_000;

/** Sends due outbox rows until something closes them. */
export function createOutboxRelay(options: OutboxRelayOptions): OutboxRelay {
  const { store, link, clock, timers, log } = options;
  const random = options.random ?? Math.random;
  const slots = new Slots(options.concurrency ?? 16);
  const sending = new Map<string, Promise<void>>();
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let cancelSweep: (() => void) | undefined;

  /** Claimed rows that nobody can take now; a row whose claim ends is claimed, and tried, again. */
  const parked = new Parked(maxParked, options.shareOf);

  const envelopeOf = (
    { kind, subject, body, expiresAt }: OutboxRow,
    { to, fencing }: Routed,
  ): OutgoingEnvelope => ({
    to,
    kind,
    subject,
    body,
    expiresAt,
    ...(fencing === undefined ? {} : { fencing }),
  });

  /** Undefined when there is nothing to send now. */
  const route = async (row: OutboxRow): Promise<Routed | undefined> => {
    const routed = await options.route.next(row);
    if (routed === "later" && !parked.add(row)) {
      await store.postponeOutbox(row.id, clock.now() + maxUnsentDelayMs);
    }
    return typeof routed === "string" ? undefined : routed;
  };

  const deliver = async (row: OutboxRow, sealed?: SealedMessage): Promise<void> => {
    const now = clock.now();
    if (row.expiresAt <= now) {
      await store.closeOutbox([row.id]);
      log.warn({ row: row.id, to: row.to }, "message expired unanswered");
      options.onExpired?.(row);
      return;
    }
    let sent = true;
    try {
      if (sealed === undefined) {
        const routed = await route(row);
        if (routed === undefined) {
          return;
        }
        await link.send(envelopeOf(row, routed));
      } else {
        await sealed.send();
      }
    } catch (error) {
      sent = false;
      const { code } = toErrorInfo(error);
      // A retryable failure is the network's everyday; any other needs somebody to look.
      const level = error instanceof AppError && error.retryable ? "warn" : "error";
      log[level]({ row: row.id, to: row.to, code }, "message not sent");
    }
    // A prepared row says already when it is sent again.
    if (!sent || sealed === undefined) {
      await store.postponeOutbox(row.id, dueAfter(row, sent));
    }
  };

  /** When a row that was sent now, or could not be, is sent again unless something closes it before. */
  const dueAfter = ({ kind, tries }: OutboxRow, sent: boolean): number => {
    const first = sent && kind === "request" ? firstRequestDelayMs : firstDelayMs;
    const longestMs = sent ? maxSentDelayMs : maxUnsentDelayMs;
    return clock.now() + backOffMs(tries - 1, { firstMs: first, longestMs, random });
  };

  const start = (row: OutboxRow, sealed?: SealedMessage): void => {
    if (sending.has(row.id)) {
      return;
    }
    const task = slots
      .run(() => deliver(row, sealed))
      .catch((error: unknown) => {
        // It is due again by itself, at the latest when the lease ends.
        log.error({ row: row.id, code: toErrorInfo(error).code }, "outbox row not kept");
      })
      .finally(() => {
        sending.delete(row.id);
        if (again) {
          kick();
        }
      });
    sending.set(row.id, task);
  };

  /** Claims only what can be sent at once; asks again when a place is free and there may be more. */
  const claim = async (): Promise<void> => {
    for (;;) {
      again = false;
      const limit = slots.free;
      if (limit === 0) {
        again = true;
        return;
      }
      const rows = await store.claimOutbox(clock.now(), leaseMs, limit);
      rows.forEach((row) => start(row));
      if (stopped || (rows.length < limit && !again)) {
        return;
      }
    }
  };

  const kick = (): void => {
    if (stopped) {
      return;
    }
    if (running !== undefined) {
      again = true;
      return;
    }
    running = claim()
      .catch((error: unknown) => {
        again = false;
        log.error({ code: toErrorInfo(error).code }, "outbox not read");
      })
      .finally(() => {
        running = undefined;
        // A kick that came after the last look.
        if (again && slots.free > 0) {
          kick();
        }
      });
  };

  const sweep = (): void => {
    kick();
    cancelSweep = timers.after(sweepMs, sweep);
  };

  const seal = (row: OutboxRow): { message: SealedMessage; routed: Routed } | undefined => {
    try {
      const routed = options.route.first(row);
      return routed && { routed, message: link.seal(envelopeOf(row, routed)) };
    } catch {
      // The try that claims the row says why.
      return undefined;
    }
  };

  return {
    start: sweep,
    prepare(row) {
      const now = clock.now();
      // Nobody goes before those who wait, but for what people wait for.
      const mayPass = urgencyOf(row) === 0 || !parked.holds(row.to);
      const atOnce = row.dueAt <= now && !stopped && slots.free > 0 && mayPass;
      const found = atOnce ? seal(row) : undefined;
      if (found === undefined) {
        return { row, journal: [], send: kick };
      }
      const { message, routed } = found;
      const { chosen, to, fencing } = routed;
      const assigned = chosen === true && fencing !== undefined ? { instance: to.instance, fencing } : {};
      const claimed = { ...row, ...assigned, tries: row.tries + 1 };
      const kept = { ...claimed, dueAt: dueAfter(claimed, true) };
      return { row: kept, journal: message.journal, send: () => start(kept, message) };
    },
    kick,
    wake(agent, places) {
      if (!stopped) {
        for (const row of parked.take(agent, places)) {
          // It may have been put aside this very moment, by a try that is not quite over.
          const before = sending.get(row.id) ?? Promise.resolve();
          void before.then(() => start(row));
        }
      }
    },
    forget: (ids) => ids.forEach((id) => parked.delete(id)),
    async stop() {
      stopped = true;
      cancelSweep?.();
      await running;
      await Promise.all(sending.values());
    },
  };
}
