import type { KeyObject } from "node:crypto";
import { aesKey, decryptAes, decryptionFailed, newAesKey } from "./aes.ts";
import { AtError } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { BoundedMap } from "./bounded-map.ts";
import { localLookUpCommand, lookUpCommand, updateCommand } from "./codec/commands.ts";
import type { AtMetadata, MetadataChange } from "./codec/metadata.ts";
import { readRecord } from "./codec/replies.ts";
import type { PeerKeys } from "./peer-keys.ts";
import { hexDigest, rsaPrivateKey, rsaPublicKey, unwrapAesKey, wrapAesKey } from "./rsa.ts";

/** The AES key of one direction, and what says in the metadata of each value under it for which public key it is. */
export interface SendingKey {
  readonly key: KeyObject;
  readonly wrapping: Pick<MetadataChange, "sharedKeyEnc" | "pubKeyCS" | "pubKeyHash">;
}

/** What the shared keys need of a client. */
export interface SharedKeysOptions {
  readonly atSign: string;
  readonly keys: AtKeys;
  readonly request: (line: string) => Promise<string>;
  readonly peerKeys: PeerKeys;
  /** Whether our atServer knows `pubKeyHash`. */
  readonly takesKeyHash: () => Promise<boolean>;
  readonly clock: () => number;
}

const recheckMs = 600_000;
const recheckAtMostEveryMs = 1_000;
const recipientCopyTtr = 86_400_000;
const maxKnown = 10_000;

/**
 * The AES keys shared with other atSigns (specification 6.5), one per direction and pair. Their RSA wrapping follows the
 * public keys that the servers hand out: whoever needs to know who wrote a value must sign inside it.
 */
export class SharedKeys {
  readonly #options: SharedKeysOptions;
  readonly #privateKey: KeyObject;
  /** Digests of our own public key by algorithm, as senders put them into metadata. */
  readonly #ownDigests = new Map<string, string>();
  readonly #sending = new BoundedMap<string, { key: Promise<SendingKey>; checkedAt: number }>(maxKnown);
  readonly #unwrapped = new BoundedMap<string, KeyObject>(maxKnown);
  readonly #received = new BoundedMap<string, KeyObject>(maxKnown);

  constructor(options: SharedKeysOptions) {
    this.#options = options;
    this.#privateKey = rsaPrivateKey(options.keys.encryptionPrivateKey);
  }

  /**
   * The key for values to `peer`. Both copies are made when missing, the recipient's also when the peer's key changed.
   * The peer's key is looked up again every ten minutes; throws `peer-key-changed` when its change is not accepted.
   */
  forSending(peer: string): Promise<SendingKey> {
    const { clock } = this.#options;
    const known = this.#sending.get(peer);
    if (known && clock() - known.checkedAt < recheckMs) return known.key;
    // A check that cannot be made now does not take away a key that works.
    const key = known
      ? this.#prepare(peer).catch((error: unknown) => {
          if (error instanceof AtError && error.code === "peer-key-changed") throw error;
          return known.key;
        })
      : this.#prepare(peer);
    this.#sending.set(peer, { key, checkedAt: clock() });
    key.catch(() => this.#sending.delete(peer));
    return key;
  }

  /** The peer's key is looked up again before anything is encrypted to it, unless that was done a moment ago. */
  recheck(peer: string): void {
    const { clock } = this.#options;
    const known = this.#sending.get(peer);
    if (known && clock() - known.checkedAt >= recheckAtMostEveryMs)
      known.checkedAt = Number.NEGATIVE_INFINITY;
  }

  /** Decrypts a value that `sender` encrypted to us. Throws `decrypt-failed`, or what a look-up throws. */
  async decryptFrom(sender: string, value: string, metadata: AtMetadata): Promise<string> {
    if (metadata.sharedKeyEnc !== undefined) {
      if (!this.#isForUs(metadata)) throw decryptionFailed();
      return decryptAes(value, this.#unwrap(metadata.sharedKeyEnc), metadata.ivNonce);
    }
    const known = this.#received.get(sender);
    if (known !== undefined) {
      try {
        return decryptAes(value, known, metadata.ivNonce);
      } catch {
        this.forget(sender); // perhaps a new key: look once more
      }
    }
    const line = lookUpCommand("lookup", `shared_key${sender}`, { bypassCache: true });
    const wrapped = await absentAsUndefined(this.#options.request(line));
    if (wrapped === undefined) throw decryptionFailed();
    const key = this.#unwrap(wrapped);
    const text = decryptAes(value, key, metadata.ivNonce);
    this.#received.set(sender, key);
    return text;
  }

  /** Decrypts a value we encrypted to `peer` ourselves. */
  async decryptOwn(peer: string, value: string, metadata: AtMetadata): Promise<string> {
    const key = await this.#ownCopy(peer);
    if (key === undefined) throw decryptionFailed();
    return decryptAes(value, key, metadata.ivNonce);
  }

  /** Drops what is known of a sender's key; called when the sender publishes another. */
  forget(sender: string): void {
    this.#received.delete(sender);
  }

  async #prepare(peer: string): Promise<SendingKey> {
    const { atSign, keys, request, peerKeys, takesKeyHash } = this.#options;
    const peerKey = await peerKeys.fetch(peer);
    const pubKeyCS = hexDigest(peerKey, "md5");
    const known = await this.#ownCopy(peer);
    let key = known ?? aesKey(newAesKey());
    if (known === undefined) {
      const own = wrap(key, rsaPublicKey(keys.encryptionPublicKey));
      const metadata = { isEncrypted: false, pubKeyCS: this.#ownDigest("md5") };
      await store(request, updateCommand(ownCopyKey(peer, atSign), metadata, own));
    }
    // Wrapped anew: the recipient's copy may be of another key, where a client of ours ended while several made one.
    let sharedKeyEnc = wrap(key, rsaPublicKey(peerKey));
    let isKept = known !== undefined && (await this.#isRecipientCopyFor(peer, pubKeyCS));
    while (!isKept) {
      const metadata = { ttr: recipientCopyTtr, isEncrypted: false, pubKeyCS };
      await store(request, updateCommand(recipientCopyKey(peer, atSign), metadata, sharedKeyEnc));
      // Of several clients that make a key at the same time, the one whose own copy came last has made it for all.
      const kept = (await this.#ownCopy(peer)) ?? key;
      isKept = kept.equals(key);
      if (!isKept) {
        key = kept;
        sharedKeyEnc = wrap(key, rsaPublicKey(peerKey));
      }
    }
    const pubKeyHash = { hash: hexDigest(peerKey, "sha512"), hashingAlgo: "sha512" };
    return { key, wrapping: { sharedKeyEnc, pubKeyCS, ...((await takesKeyHash()) ? { pubKeyHash } : {}) } };
  }

  /** The key of our own copy, unless it was made for an earlier public key of ours; other clients do not say for which. */
  async #ownCopy(peer: string): Promise<KeyObject | undefined> {
    const record = await this.#stored(ownCopyKey(peer, this.#options.atSign));
    const { pubKeyCS } = record?.metadata ?? {};
    const isReadable = pubKeyCS === undefined || pubKeyCS === this.#ownDigest("md5");
    return record && isReadable ? this.#unwrap(record.text) : undefined;
  }

  /** Whether there is a copy for the recipient that was made for the recipient's present public key. */
  async #isRecipientCopyFor(peer: string, pubKeyCS: string): Promise<boolean> {
    const record = await this.#stored(recipientCopyKey(peer, this.#options.atSign));
    return record?.metadata.pubKeyCS === pubKeyCS;
  }

  async #stored(key: string): Promise<ReturnType<typeof readRecord> | undefined> {
    const reply = await absentAsUndefined(this.#options.request(localLookUpCommand(key, "all")));
    return reply === undefined ? undefined : readRecord(reply);
  }

  #isForUs({ pubKeyHash, pubKeyCS }: AtMetadata): boolean {
    if (pubKeyHash && (pubKeyHash.hashingAlgo === "sha256" || pubKeyHash.hashingAlgo === "sha512"))
      return this.#ownDigest(pubKeyHash.hashingAlgo) === pubKeyHash.hash;
    return pubKeyCS === undefined || this.#ownDigest("md5") === pubKeyCS;
  }

  #ownDigest(algorithm: "md5" | "sha256" | "sha512"): string {
    const known = this.#ownDigests.get(algorithm);
    if (known !== undefined) return known;
    const digest = hexDigest(this.#options.keys.encryptionPublicKey, algorithm);
    this.#ownDigests.set(algorithm, digest);
    return digest;
  }

  /** RSA-decrypts, remembering results: the same wrapped key comes with every value of a sender. */
  #unwrap(wrapped: string): KeyObject {
    const known = this.#unwrapped.get(wrapped);
    if (known !== undefined) return known;
    const key = aesKey(unwrapAesKey(wrapped, this.#privateKey));
    // A real one has 344 characters; a longer text is not worth keeping.
    if (wrapped.length <= 344) this.#unwrapped.set(wrapped, key);
    return key;
  }
}

function wrap(key: KeyObject, publicKey: KeyObject): string {
  return wrapAesKey(key.export().toString("base64"), publicKey);
}

function ownCopyKey(peer: string, atSign: string): string {
  return `shared_key.${peer.slice(1)}${atSign}`;
}

function recipientCopyKey(peer: string, atSign: string): string {
  return `${peer}:shared_key${atSign}`;
}

/** Sends an update. Some servers answer `null` when they could not store the value. */
export async function store(request: (line: string) => Promise<string>, line: string): Promise<void> {
  if ((await request(line)) === "null")
    throw new AtError("bad-reply", "The atServer did not store the value.");
}

/** A missing or expired value (`AT0015`, or the payload `null`) as undefined. */
export async function absentAsUndefined(reply: Promise<string>): Promise<string | undefined> {
  try {
    const payload = await reply;
    return payload === "null" ? undefined : payload;
  } catch (error) {
    if (error instanceof AtError && error.code === "AT0015") return undefined;
    throw error;
  }
}
