import { randomUUID } from "node:crypto";
import { AtServer } from "../../src/sandbox/at-server/at-server.ts";
import type { OutgoingNotification } from "../../src/sandbox/at-server/outgoing-store.ts";
import type { StoredRecord } from "../../src/sandbox/at-server/record.ts";

/** A notification as it reaches its recipient's server. */
export interface Arrival {
  readonly from: string;
  readonly to: string;
  readonly notification: OutgoingNotification;
}
/** What hostile servers do, and what they saw; without orders they are honest. */
export class Tampering {
  /** The servers' clocks are this far ahead. */
  aheadMs = 0;
  /** Everything that was ever handed over, as it was. */
  readonly seen: Arrival[] = [];
  /** What becomes of a notification. */
  arrive: (arrival: Arrival) => readonly Arrival[] = (arrival) => [arrival];
  /** What a server says of a value it has. */
  record: (atSign: string, record: StoredRecord) => StoredRecord = (_atSign, record) => record;
  readonly #servers = new Map<string, HostileServer>();

  add(server: HostileServer): void {
    this.#servers.set(server.atSign, server);
  }

  /** Puts a notification on its recipient's server, from whomever it is said to be. */
  deliver(arrival: Arrival): void {
    this.#servers.get(arrival.to)?.plant(arrival);
  }

  /** Whatever lies on the servers and went through them, in their own words. */
  everything(): string {
    const records = [...this.#servers.values()].flatMap(({ atSign, store, clock }) =>
      store.records.keys(atSign, clock(), "").map((key) => store.records.get(atSign, key)),
    );
    return JSON.stringify([this.seen, records]);
  }
}

/** A server that owns its atSign's data and says and passes on of it what it likes. */
export class HostileServer extends AtServer {
  readonly #tampering: Tampering;

  constructor(tampering: Tampering, ...args: ConstructorParameters<typeof AtServer>) {
    super(...args);
    this.#tampering = tampering;
    tampering.add(this);
  }

  override receive(sender: string, notification: OutgoingNotification, expiresAt: number): void {
    const arrival = { from: sender, to: this.atSign, notification };
    this.#tampering.seen.push(arrival);
    for (const each of this.#tampering.arrive(arrival)) {
      super.receive(each.from, each.notification, expiresAt);
    }
  }

  override record(key: string): StoredRecord | undefined {
    const record = super.record(key);
    return record && #tampering in this ? this.#tampering.record(this.atSign, record) : record;
  }

  plant({ from, notification }: Arrival): void {
    super.receive(from, notification, this.clock() + notification.ttln);
  }
}

/** The same notification under a new id, so that nobody takes it for the one before; with changes. */
export function copyOf(arrival: Arrival, change: Partial<OutgoingNotification> = {}): Arrival {
  return { ...arrival, notification: { ...arrival.notification, id: randomUUID(), ...change } };
}
