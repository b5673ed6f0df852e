import { randomUUID } from "node:crypto";
import type { Timers } from "../../../src/link/timers.ts";
import type { Clock } from "../../../src/ports.ts";
import type { Connection } from "./connection.ts";
import type { Faults } from "./faults.ts";
import type { Fields } from "./model.ts";
import { asFields, asText } from "./model.ts";
import type { SocketMode } from "./socket-mode.ts";

/** https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response: three seconds. */
const ackMs = 3_000;
/** https://docs.slack.dev/apis/events-api#retries: nearly at once, after one minute, after five minutes. */
const retriesMs = [0, 60_000, 300_000];

export type EnvelopeType = "events_api" | "interactive" | "slash_commands";

/** What became of one envelope. */
export type Outcome =
  | { readonly ok: true; readonly payload: Fields | undefined }
  | { readonly ok: false; readonly reason: "no-connection" | "no-ack" };

/** One try to hand a payload to the app. */
export interface Delivery {
  readonly envelopeId: string;
  readonly type: EnvelopeType;
  /** The event's type, or the interaction's. */
  readonly what: string;
  readonly payload: Fields;
  readonly attempt: number;
  readonly connection: string | undefined;
  readonly sentAt: number;
  /** When its outcome was known. */
  endedAt: number | undefined;
  outcome: Outcome | "waiting";
}

/** Hands envelopes to the app and waits for acknowledgements; events are tried again, interactions never. */
export class Deliveries {
  readonly #sockets: SocketMode;
  readonly #faults: Faults;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, (connection: Connection, payload: Fields | undefined) => void>();
  readonly #changed: () => void;
  #held: Fields[] = [];
  /** All tries so far, the oldest first. */
  readonly log: Delivery[] = [];

  constructor(o: { sockets: SocketMode; faults: Faults; timers: Timers; clock: Clock; changed(): void }) {
    this.#sockets = o.sockets;
    this.#faults = o.faults;
    this.#timers = o.timers;
    this.#clock = o.clock;
    this.#changed = () => o.changed();
  }

  /** An acknowledgement came in; a late or unknown one has no effect. */
  acknowledge(connection: Connection, frame: Fields): void {
    this.#waiting.get(asText(frame, "envelope_id") ?? "")?.(connection, asFields(frame["payload"]));
  }

  /**
   * Delivers an event, again as Slack does until it is acknowledged. `copy` makes the same event under a new event id.
   */
  event(body: Fields, copy: (body: Fields) => Fields): void {
    const type = asText(asFields(body["event"]), "type") ?? "";
    const fault = this.#faults.nextDelivery(type);
    if (fault?.kind === "hold") {
      this.#held.push(body);
    } else if (fault?.kind === "delay") {
      this.#timers.after(fault.ms, () => void this.#tryEvent(body, 0, undefined));
    } else if (fault?.kind === "duplicate") {
      const copies = Array.from({ length: fault.times - 1 }, () => copy(body));
      for (const each of [body, ...copies]) {
        void this.#tryEvent(each, 0, undefined);
      }
    } else {
      void this.#tryEvent(body, 0, undefined, fault?.kind);
    }
  }

  /** Sends the events that were held, the last one first. */
  release(): void {
    const held = this.#held.reverse();
    this.#held = [];
    for (const body of held) {
      void this.#tryEvent(body, 0, undefined);
    }
  }

  /** Delivers an interaction or a command once. Resolves with the acknowledgement, or when its three seconds are over. */
  async interaction(
    type: Exclude<EnvelopeType, "events_api">,
    what: string,
    payload: Fields,
  ): Promise<Outcome> {
    const fault = this.#faults.nextDelivery(type);
    if (fault?.kind !== "delay") {
      return await this.#deliver({ type, what, payload, attempt: 0 }, fault?.kind);
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#timers.after(ackMs, () => resolve({ ok: false, reason: "no-ack" }));
    this.#timers.after(fault.ms, () => {
      resolve(this.#deliver({ type, what, payload, attempt: 0 }));
    });
    return await promise;
  }

  async #tryEvent(
    payload: Fields,
    attempt: number,
    reason: string | undefined,
    fault?: string,
  ): Promise<void> {
    const what = asText(asFields(payload["event"]), "type") ?? "";
    const outcome = await this.#deliver({ type: "events_api", what, payload, attempt, reason }, fault);
    const wait = retriesMs[attempt];
    if (outcome.ok || wait === undefined) {
      return;
    }
    const why = outcome.reason === "no-ack" ? "timeout" : "connection_failed";
    if (wait === 0) {
      await this.#tryEvent(payload, attempt + 1, why);
    } else {
      this.#timers.after(wait, () => void this.#tryEvent(payload, attempt + 1, why));
    }
  }

  #deliver(
    o: { type: EnvelopeType; what: string; payload: Fields; attempt: number; reason?: string | undefined },
    fault?: string,
  ): Promise<Outcome> {
    const connection = this.#sockets.next();
    const envelopeId = randomUUID();
    const delivery: Delivery = {
      envelopeId,
      type: o.type,
      what: o.what,
      payload: o.payload,
      attempt: o.attempt,
      connection: connection?.id,
      sentAt: this.#clock.now(),
      endedAt: undefined,
      outcome: "waiting",
    };
    this.log.push(delivery);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const settle = (outcome: Outcome): void => {
      this.#waiting.delete(envelopeId);
      delivery.endedAt = this.#clock.now();
      delivery.outcome = outcome;
      resolve(outcome);
      this.#changed();
    };
    if (connection === undefined) {
      settle({ ok: false, reason: "no-connection" });
      return promise;
    }
    const stop = this.#timers.after(ackMs, () => settle({ ok: false, reason: "no-ack" }));
    this.#waiting.set(envelopeId, (from, payload) => {
      if (from === connection && fault !== "lost-ack") {
        stop();
        settle({ ok: true, payload });
      }
    });
    if (fault === "cut") {
      connection.cut();
    } else if (fault !== "lost") {
      connection.send({
        envelope_id: envelopeId,
        type: o.type,
        payload: o.payload,
        accepts_response_payload: acceptsPayload(o.type, o.what),
        ...(o.type === "events_api" ? { retry_attempt: o.attempt, retry_reason: o.reason ?? "" } : {}),
      });
    }
    return promise;
  }
}

function acceptsPayload(type: EnvelopeType, what: string): boolean {
  return type === "slash_commands" || what === "view_submission" || what === "block_suggestion";
}
