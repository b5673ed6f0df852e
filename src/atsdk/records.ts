import { AtError } from "./at-error.ts";
import { toAtSign } from "./at-sign.ts";
import { type AtKeyName, cachedKey, fullKey, localName, type ReadableKey } from "./codec/at-key.ts";
import {
  deleteCommand,
  type LookUpPart,
  localLookUpCommand,
  lookUpCommand,
  type ScanOptions,
  scanCommand,
  updateCommand,
  updateMetadataCommand,
} from "./codec/commands.ts";
import type { AtMetadata, MetadataChange } from "./codec/metadata.ts";
import { readMetadataReply, readNames, readRecord } from "./codec/replies.ts";
import type { PeerKeys } from "./peer-keys.ts";
import { hexDigest, rsaPublicKey, verifyRsa } from "./rsa.ts";
import { absentAsUndefined, store } from "./shared-keys.ts";
import type { ValueCipher } from "./value-cipher.ts";
import { wholeMs } from "./whole-ms.ts";

type CallersMetadata =
  | "ttr"
  | "ccd"
  | "sharedKeyStatus"
  | "encKeyName"
  | "encAlgo"
  | "skeEncKeyName"
  | "skeEncAlgo"
  | "immutable"
  | "appMetadata";

/** Metadata of a value that the SDK does not set itself; what is left out keeps what the server has stored. */
export interface PutOptions extends Pick<MetadataChange, CallersMetadata> {
  /** Lifetime; without it the value stays, whatever lifetime it had. */
  readonly ttlMs?: number;
  /** When the value becomes visible, from now; without it at once. */
  readonly ttbMs?: number;
}

export interface ReadOptions {
  /** Take our atServer's copy of another atSign's value while it is fresh. Default false: ask the owner's atServer. */
  readonly useCache?: boolean;
  /** Check the signature of a public value against its owner's key. */
  readonly verify?: boolean;
}

/** `signed`: by the key with this fingerprint (SHA-256, hex), which is the owner's as the servers hand it out. */
export type PublicSignature =
  | { readonly state: "signed"; readonly keyFingerprint: string }
  | { readonly state: "invalid" }
  | { readonly state: "unsigned" };

/** A value with everything its atServer says of it. Binary values are bytes. */
export interface AtRecord {
  /** The full key as the atServer names it. */
  readonly key: string;
  readonly value: string | Uint8Array;
  readonly metadata: AtMetadata;
  /** Of public values, when `verify` was asked for. */
  readonly signature?: PublicSignature;
}

export interface RecordsOptions {
  readonly atSign: string;
  /** Our own public encryption key, base64 SPKI. */
  readonly publicKey: string;
  readonly request: (line: string) => Promise<string>;
  readonly cipher: ValueCipher;
  readonly peerKeys: PeerKeys;
}

/** Reading and writing the values that atServers hold. */
export class Records {
  readonly #options: RecordsOptions;
  readonly #atSign: string;
  readonly #request: (line: string) => Promise<string>;

  constructor(options: RecordsOptions) {
    this.#options = options;
    this.#atSign = options.atSign;
    this.#request = options.request;
  }

  async put(key: AtKeyName, value: string | Uint8Array, options: PutOptions): Promise<void> {
    const { ttlMs, ttbMs, ...metadata } = options;
    refuseReserved(metadata);
    const full = fullKey(key, this.#atSign);
    const { text, metadata: sealed } = await this.#options.cipher.seal(key, value);
    // at_c of 2024 crashes when it reads a stored value with pubKeyHash; pubKeyCS says the same to everybody.
    const { pubKeyHash: _pubKeyHash, ...wrapped } = sealed;
    // Servers keep what an update leaves out: earlier times must be cleared.
    const times = {
      ttl: ttlMs === undefined ? 0 : wholeMs(ttlMs, "ttlMs"),
      ttb: ttbMs === undefined ? 0 : wholeMs(ttbMs, "ttbMs"),
    };
    await store(this.#request, updateCommand(full, { ...metadata, ...times, ...wrapped }, text));
  }

  async updateMetadata(key: AtKeyName, change: MetadataChange): Promise<void> {
    const full = fullKey(key, this.#atSign);
    const stored = await this.readMetadata(key);
    if (stored === undefined) throw new AtError("AT0015", `${full} does not exist or is not visible.`);
    // Some servers take a flag that is left out for false.
    const flags = { isBinary: stored.isBinary ?? false, isEncrypted: stored.isEncrypted ?? false };
    await store(this.#request, updateMetadataCommand(full, { ...flags, ...change }));
  }

  async read(key: ReadableKey, options: ReadOptions): Promise<AtRecord | undefined> {
    const reply = await absentAsUndefined(this.#request(this.#lookUp(key, "all", options)));
    const record = reply === undefined ? undefined : readRecord(reply);
    if (record === undefined) return undefined;
    const owner = this.#ownerOf(key);
    const { text, value } = await this.#options.cipher.open(key, owner, record);
    const signature =
      options.verify === true && key.kind === "public"
        ? { signature: await this.#verify(owner, text, record.metadata.dataSignature) }
        : {};
    const name = record.key ?? fullKey(key.kind === "shared" ? withRecipient(key, this.#atSign) : key, owner);
    return { key: name, value, metadata: record.metadata, ...signature };
  }

  async readMetadata(key: ReadableKey, options: ReadOptions = {}): Promise<AtMetadata | undefined> {
    const reply = await absentAsUndefined(this.#request(this.#lookUp(key, "meta", options)));
    return reply === undefined ? undefined : readMetadataReply(reply);
  }

  async delete(key: ReadableKey, options: { readonly force?: boolean }): Promise<void> {
    const full = key.cached === true ? cachedKey(key, this.#atSign) : fullKey(key, this.#atSign);
    await this.#request(deleteCommand(full, options));
  }

  async scan(options: ScanOptions): Promise<string[]> {
    const { sharedBy } = options;
    return readNames(
      await this.#request(
        scanCommand(sharedBy === undefined ? options : { ...options, sharedBy: toAtSign(sharedBy) }),
      ),
    );
  }

  #ownerOf(key: ReadableKey): string {
    return key.sharedBy === undefined ? this.#atSign : toAtSign(key.sharedBy);
  }

  #lookUp(key: ReadableKey, part: LookUpPart, { useCache = false }: ReadOptions): string {
    if (key.cached === true) return localLookUpCommand(cachedKey(key, this.#atSign), part);
    const owner = this.#ownerOf(key);
    if (owner === this.#atSign) return localLookUpCommand(fullKey(key, this.#atSign), part);
    if (key.kind === "self")
      throw new AtError("invalid-key", "A self key cannot be read from another atSign.");
    const verb = key.kind === "public" ? "plookup" : "lookup";
    const name = `${localName(key.name, key.namespace)}${owner}`;
    return lookUpCommand(verb, name, { part, bypassCache: !useCache });
  }

  async #verify(owner: string, text: string, signature: string | undefined): Promise<PublicSignature> {
    if (signature === undefined) return { state: "unsigned" };
    const { publicKey, peerKeys } = this.#options;
    const key = owner === this.#atSign ? publicKey : await peerKeys.fetch(owner);
    return verifyRsa(text, signature, rsaPublicKey(key))
      ? { state: "signed", keyFingerprint: hexDigest(key, "sha256") }
      : { state: "invalid" };
  }
}

function withRecipient(key: ReadableKey, me: string): ReadableKey {
  return key.sharedWith === undefined ? { ...key, sharedWith: me } : key;
}

function refuseReserved({ ccd, ttr, appMetadata }: Pick<MetadataChange, CallersMetadata>): void {
  if (ccd === true && ttr === undefined)
    throw new AtError("invalid-value", "ccd needs ttr: without it nobody keeps a copy to delete.");
  if (appMetadata?.["providerId"] !== undefined)
    throw new AtError("invalid-value", "appMetadata.providerId would name another cipher than is used here.");
}
