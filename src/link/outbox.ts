import { backOffMs } from "../back-off.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { AgentAddress, AgentId } from "../domain.ts";
import type { OutgoingEnvelope } from "../link-types.ts";
import type { AgentLink, Clock, Logger, OutboxStore, ReadyMessage, SealedMessage } from "../ports.ts";
import type { OutboxRow } from "../record-types.ts";
import { Slots } from "./slots.ts";
import type { Timers } from "./timers.ts";

export interface OutboxRelayOptions {
  readonly store: OutboxStore;
  /** Throws AppErrors for an agent that holds no grant. */
  readonly resolve: (to: AgentId) => AgentAddress;
  readonly link: Pick<AgentLink, "seal" | "send">;
  /** The token of the lease under which all is sent; an agent's. Without it messages carry 1. */
  readonly fencing?: () => number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** Told of rows that ended unanswered, after they were closed. */
  readonly onExpired?: (row: OutboxRow) => void;
  /** In [0, 1), for jitter. */
  readonly random?: () => number;
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
  /** Resolves when what is being sent has been sent. */
  stop(): Promise<void>;
}

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

  const envelopeOf = ({ to, kind, subject, body, expiresAt }: OutboxRow): OutgoingEnvelope => {
    const lease = options.fencing === undefined ? {} : { fencing: options.fencing() };
    return { to: options.resolve(to), kind, subject, body, expiresAt, ...lease };
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
      await (sealed === undefined ? link.send(envelopeOf(row)) : sealed.send());
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

  const sealed = (row: OutboxRow): SealedMessage | undefined => {
    try {
      return link.seal(envelopeOf(row));
    } catch {
      // The try that claims the row says why.
      return undefined;
    }
  };

  return {
    start: sweep,
    prepare(row) {
      const now = clock.now();
      const message = row.dueAt > now || stopped || slots.free === 0 ? undefined : sealed(row);
      if (message === undefined) {
        return { row, journal: [], send: kick };
      }
      const claimed = { ...row, tries: row.tries + 1 };
      const kept = { ...claimed, dueAt: dueAfter(claimed, true) };
      return { row: kept, journal: message.journal, send: () => start(kept, message) };
    },
    kick,
    async stop() {
      stopped = true;
      cancelSweep?.();
      await running;
      await Promise.all(sending.values());
    },
  };
}
