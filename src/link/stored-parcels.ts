import type { MessageReference } from "../link-types.ts";
import type { AtTransport, SharedKey } from "./at-transport.ts";

interface StoredParcel {
  readonly key: SharedKey;
  readonly message: string;
  readonly expiresAt: number;
}

/**
 * The shared keys that large messages lie under until they are answered. They end by themselves (ttl), also where this
 * process does not live to see it; deleting them only tidies up, so a failure is left to the ttl.
 */
export class StoredParcels {
  readonly #transport: Pick<AtTransport, "delete">;
  #parcels: readonly StoredParcel[] = [];

  constructor(transport: Pick<AtTransport, "delete">) {
    this.#transport = transport;
  }

  add(key: SharedKey, message: MessageReference, expiresAt: number): void {
    this.#parcels = [...this.#parcels, { key, message: nameOf(message), expiresAt }];
  }

  /** Deletes what a message lay under, however often it was sent. */
  async ended(message: MessageReference): Promise<void> {
    // Nearly all messages are small.
    if (this.#parcels.length > 0) {
      const name = nameOf(message);
      await this.#deleteWhere((each) => each.message === name);
    }
  }

  async deleteExpired(now: number): Promise<void> {
    await this.#deleteWhere(({ expiresAt }) => expiresAt <= now);
  }

  async #deleteWhere(isOver: (parcel: StoredParcel) => boolean): Promise<void> {
    const over = this.#parcels.filter(isOver);
    if (over.length > 0) {
      this.#parcels = this.#parcels.filter((each) => !isOver(each));
      await Promise.allSettled(over.map(({ key }) => this.#transport.delete(key)));
    }
  }
}

function nameOf({ to, kind, subject }: MessageReference): string {
  const { run, revision, step, attempt } = subject;
  return [to.atSign, kind, run, revision, step, attempt].join(" ");
}
