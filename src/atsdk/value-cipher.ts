import type { KeyObject } from "node:crypto";
import { decryptAes, encryptAes, newIv } from "./aes.ts";
import { AtError } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { type AtKeyName, type ReadableKey, recipientOf } from "./codec/at-key.ts";
import { decodeBase2e15, encodeBase2e15 } from "./codec/base2e15.ts";
import { isPlainValue } from "./codec/commands.ts";
import type { AtMetadata, MetadataChange } from "./codec/metadata.ts";
import { rsaPrivateKey, signRsa } from "./rsa.ts";
import type { SharedKeys } from "./shared-keys.ts";

/** What goes onto the wire for a value. */
export interface SealedValue {
  readonly text: string;
  readonly metadata: MetadataChange;
}

/** Values as atServers hold them ⇄ values as callers know them: encryption, signatures, encodings. */
export class ValueCipher {
  readonly #atSign: string;
  readonly #keys: AtKeys;
  readonly #shared: SharedKeys;
  readonly #zeroIv: boolean;
  #signingKey: KeyObject | undefined;

  constructor(atSign: string, keys: AtKeys, shared: SharedKeys, o: { readonly zeroIv: boolean }) {
    this.#atSign = atSign;
    this.#keys = keys;
    this.#shared = shared;
    this.#zeroIv = o.zeroIv;
  }

  /** Encrypts a self or shared value, signs a public one. Bytes become Base2e15 text first. */
  async seal(key: AtKeyName, value: string | Uint8Array): Promise<SealedValue> {
    const text = typeof value === "string" ? value : encodeBase2e15(value);
    const { text: sealed, metadata } =
      key.kind === "public" ? this.#sign(text) : await this.#encrypt(key, text);
    return { text: sealed, metadata: typeof value === "string" ? metadata : { ...metadata, isBinary: true } };
  }

  /**
   * Reverses `seal` for a value that `owner` wrote. `text` is what a signature is over. Throws `decrypt-failed`,
   * `unsupported-encryption`, `bad-reply` for a binary value that is none, or what looking up a shared key throws.
   */
  async open(
    key: ReadableKey,
    owner: string,
    record: { readonly text: string; readonly metadata: AtMetadata },
  ): Promise<{ text: string; value: string | Uint8Array }> {
    const { metadata } = record;
    const text = key.kind === "public" ? decodePublic(record) : await this.#decrypt(key, owner, record);
    return { text, value: metadata.isBinary === true ? decodeBase2e15(text) : text };
  }

  /** Decrypts the value of a notification that `from` sent us. */
  openNotified(from: string, text: string, metadata: AtMetadata): string | Promise<string> {
    refuseForeignCipher(metadata);
    return from === this.#atSign
      ? decryptAes(text, this.#keys.selfEncryptionKey, metadata.ivNonce)
      : this.#shared.decryptFrom(from, text, metadata);
  }

  async #encrypt(key: AtKeyName, text: string): Promise<SealedValue> {
    const ivNonce = this.#zeroIv ? undefined : newIv();
    const iv = { ivNonce: ivNonce ?? null }; // null: an earlier one of the record does not stay
    const recipient = key.kind === "self" ? this.#atSign : recipientOf(key);
    if (recipient === this.#atSign)
      return {
        text: encryptAes(text, this.#keys.selfEncryptionKey, ivNonce),
        metadata: { isEncrypted: true, ...iv },
      };
    const { key: aesKey, wrapping } = await this.#shared.forSending(recipient);
    return { text: encryptAes(text, aesKey, ivNonce), metadata: { isEncrypted: true, ...wrapping, ...iv } };
  }

  async #decrypt(
    key: ReadableKey,
    owner: string,
    record: { readonly text: string; readonly metadata: AtMetadata },
  ): Promise<string> {
    const { text, metadata } = record;
    if (!isCiphertext(metadata)) return text;
    refuseForeignCipher(metadata);
    if (owner !== this.#atSign) return this.#shared.decryptFrom(owner, text, metadata);
    const recipient = key.kind === "self" ? this.#atSign : recipientOf(key);
    return recipient === this.#atSign
      ? decryptAes(text, this.#keys.selfEncryptionKey, metadata.ivNonce)
      : this.#shared.decryptOwn(recipient, text, metadata);
  }

  #sign(text: string): SealedValue {
    if (text === "") throw new AtError("invalid-value", "A public value must not be empty.");
    this.#signingKey ??= rsaPrivateKey(this.#keys.encryptionPrivateKey);
    const metadata = { dataSignature: signRsa(text, this.#signingKey), isEncrypted: false };
    return isPlainValue(text)
      ? { text, metadata: { ...metadata, encoding: null } } // an earlier encoding does not stay
      : { text: Buffer.from(text, "utf8").toString("base64"), metadata: { ...metadata, encoding: "base64" } };
  }
}

/**
 * Whether a self or shared value is encrypted: servers say false of all that is written without the flag, as at_c writes
 * its encrypted ones, and only those have an initialisation vector.
 */
export function isCiphertext(o: Pick<AtMetadata, "isEncrypted" | "ivNonce">): boolean {
  return o.isEncrypted !== false || o.ivNonce !== undefined;
}

function decodePublic({ text, metadata }: { text: string; metadata: AtMetadata }): string {
  return metadata.encoding === "base64" ? Buffer.from(text, "base64").toString("utf8") : text;
}

/** Records of other ciphers name their provider (specification 6.8); none is known here. */
function refuseForeignCipher({ appMetadata }: AtMetadata): void {
  const provider = appMetadata?.["providerId"];
  if (provider !== undefined)
    throw new AtError(
      "unsupported-encryption",
      `The value is encrypted by ${JSON.stringify(provider).slice(0, 80)}, which this SDK does not know.`,
    );
}
