import type { KeyObject } from "node:crypto";
import { BoundedMap } from "../bounded-map.ts";
import type { InstanceKeyPairs } from "../keys.ts";
import type { InstanceKeys } from "../trust/trust-store.ts";
import { makeReady, type ReadySending } from "./envelope-key.ts";

const maxPeers = 1_000;

/** Has one sending ready for each instance we sent to, made after the last one had gone: the next takes less time. */
export class ReadySendings {
  readonly #keys: InstanceKeyPairs;
  readonly #random: (bytes: number) => Buffer;
  readonly #ready = new BoundedMap<string, { readonly peer: KeyObject; readonly sending: ReadySending }>(
    maxPeers,
  );
  readonly #due = new Set<string>();

  constructor(keys: InstanceKeyPairs, random: (bytes: number) => Buffer) {
    this.#keys = keys;
    this.#random = random;
  }

  /** Takes the one that is ready, if the peer still has the key it was made for, or makes one. */
  take(to: InstanceKeys): ReadySending {
    const name = `${to.atSign} ${to.instance}`;
    const ready = this.#ready.get(name);
    this.#ready.delete(name);
    this.#makeLater(name, to);
    return ready?.peer === to.x25519 ? ready.sending : this.#make(to);
  }

  #makeLater(name: string, to: InstanceKeys): void {
    if (this.#due.has(name)) {
      return;
    }
    this.#due.add(name);
    setImmediate(() => {
      this.#due.delete(name);
      this.#ready.set(name, { peer: to.x25519, sending: this.#make(to) });
    });
  }

  #make(to: InstanceKeys): ReadySending {
    return makeReady({ from: this.#keys, to, random: this.#random });
  }
}
