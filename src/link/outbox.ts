import { AppError, toErrorInfo } from "../errors.ts";
import type { AgentAddress, AgentId, PersonId } from "../domain.ts";
import type { EnvelopeKind, OutgoingEnvelope } from "../link-types.ts";
import type { AgentLink, ReadyMessage, SealedMessage } from "../link-port.ts";
import type { Clock, Logger, OutboxStore } from "../ports.ts";
import type { OutboxRow } from "../record-types.ts";
import { maxUnsentDelayMs, nextTryMs } from "./next-try.ts";
import { Parked } from "./parked.ts";
import { Slots } from "./slots.ts";
import type { Timers } from "./timers.ts";
import { Transit } from "./transit.ts";
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
  readonly link: Pick<AgentLink, "seal" | "send" | "ended">;
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
  /** Requests, and as many replies, that are unanswered at a time at each instance. Default 256. */
  readonly window?: number;
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
  /** These rows were closed: none of them waits any more, and others have their places. */
  forget(ids: readonly string[]): void;
  /** How long a message of this kind is waited for before it is sent again, milliseconds; longer where peers are slow. */
  waitMs(kind: EnvelopeKind, to: AgentAddress): number;
  /** Resolves when what is being sent has been sent. */
  stop(): Promise<void>;
}

type Prepared = { readonly message: SealedMessage; readonly routed: Routed };

/** Rows kept in memory for an instance to come; further ones are looked at again in time. */
const maxParked = 2_000;
/** Messages made ready that wait to be sent; what comes then is claimed when there is a place. */
const maxAhead = 256;
const sweepMs = 1_000;
const leaseMs = 30_000;

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
  /** Claimed rows that wait until others were answered. */
  const queued = new Parked(maxParked, options.shareOf);
  const transit = new Transit(clock, options.window ?? 256);

  const envelopeOf = (
    { kind, subject, body, expiresAt, tries }: OutboxRow,
    { to, fencing }: Routed,
  ): OutgoingEnvelope => ({
    to,
    kind,
    subject,
    body,
    expiresAt,
    isRepeated: tries > 1,
    ...(fencing === undefined ? {} : { fencing }),
  });

  /** Undefined when there is nothing to send now. */
  const route = async (row: OutboxRow): Promise<Routed | undefined> => {
    const routed = await options.route.next(row);
    if (routed === "closed") {
      // Another bot has closed it: the place that it was woken for is the next one's.
      resume([parked, queued].flatMap((each) => each.take(row.to, 1)));
      return undefined;
    }
    const isFull = routed !== "later" && transit.isFull(row, routed.to);
    if (routed !== "later" && !isFull) {
      transit.add(row, routed.to);
      return routed;
    }
    if (!(isFull ? queued : parked).add(row)) {
      await store.postponeOutbox(row.id, clock.now() + maxUnsentDelayMs);
    }
    return undefined;
  };

  const deliver = async (row: OutboxRow, prepared?: Prepared): Promise<void> => {
    const now = clock.now();
    if (row.expiresAt <= now) {
      await store.closeOutbox([row.id]);
      end(row.id);
      log.warn({ row: row.id, to: row.to }, "message expired unanswered");
      options.onExpired?.(row);
      return;
    }
    let waitMs: number | undefined;
    try {
      const routed = prepared?.routed ?? (await route(row));
      if (routed === undefined) {
        return;
      }
      await (prepared === undefined ? link.send(envelopeOf(row, routed)) : prepared.message.send());
      waitMs = transit.waitMs(row.kind, routed.to, row.tries);
    } catch (error) {
      transit.delete(row.id);
      const { code } = toErrorInfo(error);
      // A retryable failure is the network's everyday; any other needs somebody to look.
      const level = error instanceof AppError && error.retryable ? "warn" : "error";
      log[level]({ row: row.id, to: row.to, code }, "message not sent");
    }
    // A prepared row says already when it is sent again.
    if (waitMs === undefined || prepared === undefined) {
      await store.postponeOutbox(row.id, dueAfter(row, waitMs));
    }
  };

  /** When a row that was sent now, or could not be (`waitMs` undefined), is sent again unless something closes it. */
  const dueAfter = ({ tries }: OutboxRow, waitMs: number | undefined): number =>
    clock.now() + nextTryMs(tries, waitMs, random);

  const start = (row: OutboxRow, prepared?: Prepared): void => {
    if (sending.has(row.id)) {
      return;
    }
    const task = slots
      .run(() => deliver(row, prepared), urgencyOf(row) === 0)
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

  const resume = (rows: readonly OutboxRow[]): void => {
    if (!stopped) {
      for (const row of rows) {
        // It may have been put aside this very moment, by a try that is not quite over.
        const before = sending.get(row.id) ?? Promise.resolve();
        void before.then(() => start(row));
      }
    }
  };

  const end = (id: string): void => {
    const sent = transit.answered(id);
    if (sent !== undefined) {
      link.ended(sent.message);
      resume(queued.take(sent.agent, 1));
    }
  };

  const seal = (row: OutboxRow): Prepared | undefined => {
    try {
      const routed = options.route.first(row);
      const isFull = routed !== undefined && transit.isFull(row, routed.to);
      return routed && !isFull ? { routed, message: link.seal(envelopeOf(row, routed)) } : undefined;
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
      const mayPass = urgencyOf(row) === 0 || (!parked.holds(row.to) && !queued.holds(row.to));
      const atOnce = row.dueAt <= now && !stopped && slots.waiting < maxAhead && mayPass;
      const found = atOnce ? seal(row) : undefined;
      if (found === undefined) {
        return { row, journal: [], send: kick };
      }
      const { message, routed } = found;
      const { chosen, to, fencing } = routed;
      const assigned = chosen === true && fencing !== undefined ? { instance: to.instance, fencing } : {};
      const claimed = { ...row, ...assigned, tries: row.tries + 1 };
      const kept = { ...claimed, dueAt: dueAfter(claimed, transit.waitMs(row.kind, to)) };
      return {
        row: kept,
        journal: message.journal,
        send() {
          transit.add(kept, to);
          start(kept, found);
        },
      };
    },
    kick,
    wake: (agent, places) => resume(parked.take(agent, places)),
    forget(ids) {
      for (const id of ids) {
        parked.delete(id);
        queued.delete(id);
        end(id);
      }
    },
    waitMs: (kind, to) => transit.waitMs(kind, to),
    async stop() {
      stopped = true;
      cancelSweep?.();
      await running;
      await Promise.all(sending.values());
    },
  };
}
