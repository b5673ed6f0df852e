import { canonicalHash, canonicalJson } from "../../src/canonical.ts";
import type { AgentAddress, Json } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { OutgoingEnvelope, ReceivedEnvelope } from "../../src/link-types.ts";
import type { AgentLink } from "../../src/ports.ts";

/** What becomes of one message: how often it arrives, 0 = lost. */
export type Fate = (message: ReceivedEnvelope, to: AgentAddress) => number;

/** Links that meet in memory, without envelopes. A test may lose, double, hold back and reorder what is sent. */
export class LoopNetwork {
  readonly #inboxes = new Map<string, (message: ReceivedEnvelope) => Promise<void>>();
  readonly #held: { readonly to: AgentAddress; readonly message: ReceivedEnvelope }[] = [];
  readonly #running = new Set<Promise<void>>();
  #sent = 0;
  /** Everything that was sent, in order. */
  readonly log: { readonly to: AgentAddress; readonly message: ReceivedEnvelope }[] = [];
  /** What an inbox threw; its message counts as not handled. */
  readonly failures: unknown[] = [];
  fate: Fate = () => 1;
  /** Keeps messages until `release`. */
  hold = false;
  /** Every sending fails, as without a network. */
  down = false;
  readonly #cutOff = new Map<string, (() => void)[]>();

  /** The link of one instance. */
  link(me: AgentAddress & { readonly role: string }): AgentLink {
    return {
      seal: (envelope) => ({ journal: [], send: async () => this.#send(me, envelope) }),
      send: async (envelope) => this.#send(me, envelope),
      ended: () => undefined,
      start: async (inbox) => {
        this.#inboxes.set(nameOf(me), inbox);
      },
      stop: async () => {
        this.#inboxes.delete(nameOf(me));
      },
    };
  }

  /** Delivers what was held back, in the order given by `order` (default: as sent). */
  release(order: <T>(items: readonly T[]) => readonly T[] = (items) => items): void {
    this.hold = false;
    for (const { to, message } of order(this.#held.splice(0))) {
      this.#deliver(to, message);
    }
  }

  /** From now on nothing gets to this instance or away from it. */
  cutOff(instance: string): void {
    this.#cutOff.set(instance, this.#cutOff.get(instance) ?? []);
  }

  /** What was sent meanwhile arrives, late. */
  rejoin(instance: string): void {
    const late = this.#cutOff.get(instance) ?? [];
    this.#cutOff.delete(instance);
    late.forEach((deliver) => deliver());
  }

  /** Resolves when no inbox is busy, however many messages follow from each other. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.all(this.#running);
    }
  }

  #send(me: AgentAddress & { readonly role: string }, envelope: OutgoingEnvelope): void {
    if (this.down) {
      throw new AppError("link-failed", "no network", { retryable: true });
    }
    this.#sent += 1;
    const message: ReceivedEnvelope = {
      from: { atSign: me.atSign, instance: me.instance, role: me.role },
      kind: envelope.kind,
      subject: envelope.subject,
      sequence: envelope.sequence ?? null,
      fencing: envelope.fencing ?? 1,
      messageId: this.#sent.toString(16).padStart(32, "0"),
      hash: canonicalHash([this.#sent, envelope.body]),
      // A copy, as after a wire.
      body: JSON.parse(canonicalJson(envelope.body)) as Json,
      expiresAt: envelope.expiresAt,
    };
    this.log.push({ to: envelope.to, message });
    for (let copy = this.fate(message, envelope.to); copy > 0; copy -= 1) {
      if (this.hold) {
        this.#held.push({ to: envelope.to, message });
      } else {
        this.#deliver(envelope.to, message);
      }
    }
  }

  #deliver(to: AgentAddress, message: ReceivedEnvelope): void {
    const late = this.#cutOff.get(message.from.instance) ?? this.#cutOff.get(to.instance);
    if (late !== undefined) {
      late.push(() => this.#deliver(to, message));
      return;
    }
    const task = (async () => {
      await Promise.resolve();
      try {
        await this.#inboxes.get(nameOf(to))?.(message);
      } catch (error) {
        this.failures.push(error);
      }
    })().finally(() => this.#running.delete(task));
    this.#running.add(task);
  }
}

function nameOf({ atSign, instance }: AgentAddress): string {
  return `${atSign}/${instance}`;
}
