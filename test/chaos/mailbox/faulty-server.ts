import { randomUUID } from "node:crypto";
import { AtServer, type AtServerOptions } from "../../../src/sandbox/at-server/at-server.ts";
import type { OutgoingNotification } from "../../../src/sandbox/at-server/outgoing-store.ts";
import type { Fate } from "./mailbox-plan.ts";

/** A notification on its way from one atServer to another. */
interface Parcel {
  readonly sender: string;
  readonly notification: OutgoingNotification;
  readonly expiresAt: number;
}

/** How many others go before one that is held back, and how long it waits for them at most. */
const overtaking = 5;
const mostHeldMs = 500;

/**
 * An atServer that loses, doubles, reorders and delays what it was given, each according to `fate`, after its sender
 * was told that all is well. Doubled ones come under another id, as from a server that forgot the first.
 */
export class FaultyServer extends AtServer {
  readonly #fate: () => Fate;
  readonly #held = new Set<{ left: number; readonly release: () => void }>();

  constructor(atSign: string, options: AtServerOptions, fate: () => Fate) {
    super(atSign, options);
    this.#fate = fate;
  }

  override receive(sender: string, notification: OutgoingNotification, expiresAt: number): void {
    const parcel = { sender, notification, expiresAt };
    const fate = this.#fate();
    switch (fate.kind) {
      case "drop":
        break;
      case "reorder":
        this.#hold(parcel);
        return;
      case "delay":
        this.#later(parcel, fate.ms);
        break;
      case "duplicate":
        this.#pass(parcel);
        this.#pass(again(parcel));
        break;
      case "repeat-late":
        this.#pass(parcel);
        this.#later(again(parcel), fate.ms);
        break;
      case "deliver":
        this.#pass(parcel);
        break;
    }
    for (const each of this.#held) {
      each.left -= 1;
      if (each.left <= 0) {
        each.release();
      }
    }
  }

  #pass({ sender, notification, expiresAt }: Parcel): void {
    super.receive(sender, notification, expiresAt);
  }

  #later(parcel: Parcel, ms: number): void {
    setTimeout(() => this.#passIfOpen(parcel), ms);
  }

  #hold(parcel: Parcel): void {
    const release = (): void => {
      clearTimeout(timer);
      this.#held.delete(held);
      // Not within the transaction of the one that overtakes it.
      setImmediate(() => this.#passIfOpen(parcel));
    };
    const timer = setTimeout(release, mostHeldMs);
    const held = { left: overtaking, release };
    this.#held.add(held);
  }

  #passIfOpen(parcel: Parcel): void {
    if (!this.store.isClosed) {
      this.#pass(parcel);
    }
  }
}

function again(parcel: Parcel): Parcel {
  return { ...parcel, notification: { ...parcel.notification, id: randomUUID() } };
}
