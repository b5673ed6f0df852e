import { BoundedMap } from "../bounded-map.ts";
import { isLasting } from "../clock-ahead.ts";
import type { AgentAddress, AgentId } from "../domain.ts";
import type { EnvelopeKind, MessageReference } from "../link-types.ts";
import type { Clock } from "../ports.ts";
import type { OutboxRow } from "../record-types.ts";

/** Within what bounds a first wait for an answer is learnt, milliseconds. */
interface Bounds {
  /** Before any answer came. */
  readonly initialMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
}
interface Sent {
  readonly agent: AgentId;
  readonly message: MessageReference;
  readonly at: number;
  /** Whether its answer can only be to this one sending. */
  readonly isOnly: boolean;
  /** Until then it has its place; sent again, it takes none. */
  readonly until: number;
}
/** All messages of one sort to one instance. */
interface Lane {
  readonly bounds: Bounds;
  readonly sent: Map<string, Sent>;
  /** Smoothed time to the answer, and how far answers are from it; undefined before the first. */
  measured: { readonly smoothMs: number; readonly deviationMs: number } | undefined;
  /** How long answers take by what is measured; and how long is waited, which is more while messages are overdue. */
  expectedMs: number;
  waitMs: number;
  doubledAt: number;
}

/** A request is answered when its skill is done, a reply is acknowledged at once. */
const requestBounds: Bounds = { initialMs: 2_500, leastMs: 1_000, mostMs: 30_000 };
const replyBounds: Bounds = { initialMs: 1_000, leastMs: 250, mostMs: 10_000 };
const maxLanes = 10_000;

/**
 * The messages that were sent and are not yet answered: never more than `most` of a sort to one instance. From the
 * times that answers take it follows when one is overdue, as TCP does it (RFC 6298): smoothed time and four
 * deviations; a message that was sent twice tells nothing (Karn); what is overdue doubles the wait until an answer
 * comes that tells something.
 */
export class Transit {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #lanes = new BoundedMap<string, Lane>(maxLanes);
  readonly #laneOf = new Map<string, Lane>();

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Whether so much is unanswered at an instance that a further message has to wait. */
  isFull(row: OutboxRow, to: AgentAddress): boolean {
    const { sent } = this.#lane(row.kind, to);
    if (sent.size < this.#most || sent.has(row.id)) {
      return false;
    }
    const now = this.#clock.now();
    for (const [id, { until }] of sent) {
      if (until <= now) {
        this.delete(id);
      }
    }
    return sent.size >= this.#most;
  }

  /** How long to wait for the answer to a message that is sent for the `tries`th time. */
  waitMs(kind: EnvelopeKind, to: AgentAddress, tries = 1): number {
    const { waitMs, expectedMs } = this.#lane(kind, to);
    return Math.max(waitMs, expectedMs * 2 ** (tries - 1));
  }

  /** A message is about to be sent: before it is, because the answer may be here before that is known to be done. */
  add(row: OutboxRow, to: AgentAddress): void {
    const lane = this.#lane(row.kind, to);
    const now = this.#clock.now();
    const before = this.#laneOf.get(row.id)?.sent.get(row.id);
    this.delete(row.id);
    const isOnly = before === undefined && row.tries <= 1;
    if (before !== undefined) {
      this.#overdue(lane, now);
    }
    this.#laneOf.set(row.id, lane);
    lane.sent.set(row.id, {
      agent: row.to,
      message: { to, kind: row.kind, subject: row.subject },
      at: now,
      isOnly,
      until: before?.until ?? now + lane.waitMs,
    });
  }

  /** A message was answered; which one, and the agent that has a place more. */
  answered(id: string): Pick<Sent, "agent" | "message"> | undefined {
    const lane = this.#laneOf.get(id);
    const sent = lane?.sent.get(id);
    this.delete(id);
    if (lane !== undefined && sent?.isOnly === true) {
      // A clock that was set tells nothing beyond what is ever waited.
      learn(lane, Math.max(0, Math.min(this.#clock.now() - sent.at, lane.bounds.mostMs)));
    }
    return sent;
  }

  /** A message is under way no more: it could not be sent, or has ended. */
  delete(id: string): void {
    this.#laneOf.get(id)?.sent.delete(id);
    this.#laneOf.delete(id);
  }

  #overdue(lane: Lane, now: number): void {
    // All that were sent at one time are overdue at one time: that is one reason to wait longer.
    if (!isLasting(lane.doubledAt + lane.waitMs, lane.waitMs, now)) {
      lane.waitMs = Math.min(lane.waitMs * 2, lane.bounds.mostMs);
      lane.doubledAt = now;
    }
  }

  #lane(kind: EnvelopeKind, { atSign, instance }: AgentAddress): Lane {
    const sort = kind === "request" ? "request" : "reply";
    const key = `${sort} ${atSign} ${instance}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) {
      return known;
    }
    const bounds = kind === "request" ? requestBounds : replyBounds;
    const lane: Lane = {
      bounds,
      sent: new Map(),
      measured: undefined,
      expectedMs: bounds.initialMs,
      waitMs: bounds.initialMs,
      doubledAt: Number.NEGATIVE_INFINITY,
    };
    this.#lanes.set(key, lane);
    return lane;
  }
}

function learn(lane: Lane, tookMs: number): void {
  const { smoothMs, deviationMs } = lane.measured ?? { smoothMs: tookMs, deviationMs: tookMs / 2 };
  // The first answer is what is expected of the second.
  const off = lane.measured === undefined ? deviationMs : Math.abs(tookMs - smoothMs);
  lane.measured = {
    smoothMs: smoothMs + (tookMs - smoothMs) / 8,
    deviationMs: deviationMs + (off - deviationMs) / 4,
  };
  const { leastMs, mostMs } = lane.bounds;
  const expectedMs = lane.measured.smoothMs + 4 * lane.measured.deviationMs;
  lane.expectedMs = Math.min(mostMs, Math.max(leastMs, expectedMs));
  lane.waitMs = lane.expectedMs;
}
