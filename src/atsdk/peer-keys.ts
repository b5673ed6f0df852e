import { AtError } from "./at-error.ts";
import { BoundedMap } from "./bounded-map.ts";
import { lookUpCommand } from "./codec/commands.ts";
import { hexDigest } from "./rsa.ts";

/** Fingerprints (SHA-256 of the base64 public key, hex) of the peers' encryption keys, by atSign. */
export interface PeerKeyStore {
  get(peer: string): string | undefined | Promise<string | undefined>;
  set(peer: string, fingerprint: string): unknown;
}

/** A peer's encryption key is another than before: new keys of the peer, or a server's substitution. */
export interface PeerKeyChange {
  readonly peer: string;
  readonly known: string;
  readonly found: string;
}

export interface PeerKeyOptions {
  /** Where the peers' fingerprints are kept; give one that lasts to notice changes over restarts. Default: memory. */
  readonly peerKeys?: PeerKeyStore;
  /**
   * Decides whether a changed key is used from now on. `false`: nothing is encrypted to it (`peer-key-changed`).
   * Default: changes are accepted, because servers hand the keys out and their owners may renew them at any time.
   */
  readonly onPeerKeyChange?: (change: PeerKeyChange) => boolean | Promise<boolean>;
}

const maxInMemory = 10_000;

/** Fetches the public encryption keys of other atSigns and compares each with the one seen before (specification 11.1). */
export class PeerKeys {
  readonly #request: (line: string) => Promise<string>;
  readonly #store: PeerKeyStore;
  readonly #onChange: (change: PeerKeyChange) => boolean | Promise<boolean>;

  constructor(request: (line: string) => Promise<string>, options: PeerKeyOptions) {
    this.#request = request;
    this.#store = options.peerKeys ?? new BoundedMap<string, string>(maxInMemory);
    this.#onChange = options.onPeerKeyChange ?? (() => true);
  }

  /** The peer's present key, base64 SPKI. Throws `peer-key-changed` when a change is not accepted, AT0015 without one. */
  async fetch(peer: string): Promise<string> {
    const key = await this.#request(lookUpCommand("plookup", `publickey${peer}`, { bypassCache: true }));
    if (key === "null")
      throw new AtError("AT0015", `${peer} has published no encryption key: it is not activated.`);
    const found = hexDigest(key, "sha256");
    const known = await this.#store.get(peer);
    if (known === found) return key;
    if (known !== undefined && !(await this.#onChange({ peer, known, found })))
      throw new AtError("peer-key-changed", `${peer} has another encryption key than before.`);
    await this.#store.set(peer, found);
    return key;
  }
}
