import type { KeyObject } from "node:crypto";
import { decryptAes, decryptionFailed, newAesKey } from "./aes.ts";
import { AtError } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { type AtMetadata, readMetadata, writeMetadata } from "./metadata.ts";
import { hexDigest, rsaPrivateKey, rsaPublicKey, unwrapAesKey, wrapAesKey } from "./rsa.ts";

/** The AES key of one direction, and what goes into the metadata of each value under it. */
export interface SendingKey {
  readonly key: string;
  readonly sharedKeyEnc: string;
  readonly pubKeyCS: string;
}

type Request = (line: string) => Promise<string>;

const recheckMs = 600_000;
const recipientCopyTtr = 86_400_000;
const maxUnwrapped = 1_000;

/**
 * The AES keys shared with other atSigns (specification 6.5), one per direction and pair. Their RSA wrapping follows
 * the public keys that the servers hand out: whoever needs to know who wrote a value must sign inside it.
 */
export class SharedKeys {
  readonly #atSign: string;
  readonly #privateKey: KeyObject;
  readonly #publicKey: string;
  readonly #request: Request;
  readonly #clock: () => number;
  readonly #sending = new Map<string, { key: Promise<SendingKey>; checkedAt: number }>();
  readonly #unwrapped = new Map<string, string>();
  readonly #received = new Map<string, string>();

  constructor(atSign: string, keys: AtKeys, request: Request, clock: () => number) {
    this.#atSign = atSign;
    this.#privateKey = rsaPrivateKey(keys.encryptionPrivateKey);
    this.#publicKey = keys.encryptionPublicKey;
    this.#request = request;
    this.#clock = clock;
  }

  /**
   * The key for values to `peer`. Both copies are made when missing, the recipient's also when the peer's key changed.
   */
  forSending(peer: string): Promise<SendingKey> {
    const known = this.#sending.get(peer);
    if (known && this.#clock() - known.checkedAt < recheckMs) return known.key;
    // A check that fails later does not take away a key that works.
    const key = known ? this.#prepare(peer).catch(() => known.key) : this.#prepare(peer);
    this.#sending.set(peer, { key, checkedAt: this.#clock() });
    key.catch(() => this.#sending.delete(peer));
    return key;
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
    const wrapped = await this.#request(`lookup:bypassCache:true:shared_key${sender}`);
    if (wrapped === "null") throw decryptionFailed();
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
    const peerKey = await this.#request(`plookup:bypassCache:true:publickey${peer}`);
    if (peerKey === "null")
      throw new AtError("AT0015", `${peer} has published no encryption key: it is not activated.`);
    const pubKeyCS = hexDigest(peerKey, "md5");
    let key = await this.#ownCopy(peer);
    let sharedKeyEnc: string | undefined;
    if (key === undefined) {
      key = newAesKey();
      const own = wrapAesKey(key, rsaPublicKey(this.#publicKey));
      await this.#request(`update:isEncrypted:false:shared_key.${peer.slice(1)}${this.#atSign} ${own}`);
    } else {
      sharedKeyEnc = await this.#recipientCopy(peer, pubKeyCS);
    }
    if (sharedKeyEnc === undefined) {
      sharedKeyEnc = wrapAesKey(key, rsaPublicKey(peerKey));
      const metadata = writeMetadata({ ttr: recipientCopyTtr, isEncrypted: false, pubKeyCS });
      await this.#request(`update${metadata}:${peer}:shared_key${this.#atSign} ${sharedKeyEnc}`);
    }
    return { key, sharedKeyEnc, pubKeyCS };
  }

  async #ownCopy(peer: string): Promise<string | undefined> {
    const wrapped = await absentAsUndefined(
      this.#request(`llookup:shared_key.${peer.slice(1)}${this.#atSign}`),
    );
    return wrapped === undefined ? undefined : this.#unwrap(wrapped);
  }

  /** The stored copy for the recipient, if it was made for the recipient's present public key. */
  async #recipientCopy(peer: string, pubKeyCS: string): Promise<string | undefined> {
    const reply = await absentAsUndefined(this.#request(`llookup:all:${peer}:shared_key${this.#atSign}`));
    if (reply === undefined) return undefined;
    const { data, metaData } = JSON.parse(reply) as { data?: unknown; metaData?: unknown };
    return typeof data === "string" && readMetadata(metaData).pubKeyCS === pubKeyCS ? data : undefined;
  }

  #isForUs({ pubKeyHash, pubKeyCS }: AtMetadata): boolean {
    if (pubKeyHash && (pubKeyHash.hashingAlgo === "sha256" || pubKeyHash.hashingAlgo === "sha512"))
      return hexDigest(this.#publicKey, pubKeyHash.hashingAlgo) === pubKeyHash.hash;
    return pubKeyCS === undefined || hexDigest(this.#publicKey, "md5") === pubKeyCS;
  }

  /** RSA-decrypts, remembering results: the same wrapped key comes with every value of a sender. */
  #unwrap(wrapped: string): string {
    const known = this.#unwrapped.get(wrapped);
    if (known !== undefined) return known;
    const key = unwrapAesKey(wrapped, this.#privateKey);
    if (this.#unwrapped.size >= maxUnwrapped) this.#unwrapped.clear();
    this.#unwrapped.set(wrapped, key);
    return key;
  }
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
