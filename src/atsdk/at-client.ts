import { randomUUID } from "node:crypto";
import { decryptAes, encryptAes, newIv } from "./aes.ts";
import { AtError } from "./at-error.ts";
import { type AtKeyName, fullKey, localName, recipientOf } from "./at-key.ts";
import type { AtKeys } from "./at-keys.ts";
import { toAtSign } from "./at-sign.ts";
import { backOff } from "./back-off.ts";
import { Connector } from "./connector.ts";
import type { HostAndPort } from "./directory.ts";
import { type AtMetadata, readMetadata, type WritableMetadata, writeMetadata } from "./metadata.ts";
import type { RawNotification } from "./notification-frame.ts";
import { monitor, type NotificationsOptions } from "./notifications.ts";
import { rsaPrivateKey, signRsa } from "./rsa.ts";
import { isConnectionLoss, Session } from "./session.ts";
import { absentAsUndefined, SharedKeys } from "./shared-keys.ts";
import type { Transport } from "./transport.ts";

export interface OpenOptions {
  readonly atSign: string;
  readonly keys: AtKeys;
  readonly directory: HostAndPort;
  /** PEM text of the authority to trust instead of the public roots. */
  readonly ca?: string;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: () => number;
  readonly transport?: Transport;
  /** Keep trying with back-off while atDirectory or atServer are not there, until `signal` aborts. */
  readonly retry?: boolean;
  readonly signal?: AbortSignal;
}

export interface NotifyOptions {
  readonly to: string;
  readonly name: string;
  readonly namespace: string;
  readonly value: string;
  /** How long servers keep the notification. */
  readonly ttlMs: number;
  /** `[A-Za-z0-9_-]`; default a new UUID. The same id sent twice is delivered once by current servers. */
  readonly id?: string;
}

/** A received notification, decrypted. `value` is undefined when only the event was sent. */
export type AtNotification = Pick<
  RawNotification,
  "id" | "from" | "to" | "key" | "value" | "epochMillis" | "operation"
>;

export interface ReceiveOptions extends NotificationsOptions {
  /**
   * Asked once for each notification of another atSign, before anything of it is decrypted or looked up; false leaves
   * it out. Default: everybody is accepted. Notifications are asked about one after the other.
   */
  readonly accept?: (from: string) => boolean | Promise<boolean>;
  /** Told of each notification that could not be decrypted and was therefore left out. */
  readonly onDropped?: (dropped: { id: string; from: string; key: string; code: string }) => void;
}

/** How often a sender's key is asked for; each try waits for lost connections by itself. */
const maxLookUps = 3;

/** An authenticated client of one atSign. Lost connections are opened again when the next command needs them. */
export class AtClient {
  readonly atSign: string;
  readonly #keys: AtKeys;
  readonly #connector: Connector;
  readonly #session: Session;
  readonly #shared: SharedKeys;
  readonly #clock: () => number;
  readonly #request = (line: string): Promise<string> => this.#session.request(line);

  private constructor(options: OpenOptions) {
    this.atSign = toAtSign(options.atSign);
    this.#keys = options.keys;
    this.#clock = options.clock ?? Date.now;
    this.#connector = new Connector(this.atSign, options.keys, options, this.#clock);
    this.#session = new Session(this.#connector, this.#clock);
    this.#shared = new SharedKeys(this.atSign, options.keys, this.#request, this.#clock);
  }

  /** Connects and authenticates. Throws AT0401 for wrong keys, `not-in-directory`, `connect-failed`, `timeout`. */
  static async open(options: OpenOptions): Promise<AtClient> {
    const client = new AtClient(options);
    const close = () => client.#session.close();
    options.signal?.addEventListener("abort", close, { once: true });
    try {
      for (let attempt = 0; ; attempt++) {
        if (options.signal?.aborted) throw new AtError("aborted", "Opening the client was given up.");
        try {
          await client.#session.connect();
          return client;
        } catch (error) {
          if (options.signal?.aborted) continue;
          if (!options.retry || !mayComeUp(error)) throw error;
        }
        await backOff(attempt, options.signal);
      }
    } catch (error) {
      client.#session.close();
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", close);
    }
  }

  /** Writes a value: self and shared values encrypted, public values in clear and signed. `ttlMs` is its lifetime. */
  async put(key: AtKeyName, value: string, options: { ttlMs?: number } = {}): Promise<void> {
    // Servers keep what an update leaves out: an earlier lifetime must be cleared.
    const ttl = options.ttlMs === undefined ? 0 : wholeMs(options.ttlMs, "ttlMs");
    const sealed = await this.#seal(key, value);
    const line = `update${writeMetadata({ ttl, ...sealed.metadata })}:${fullKey(key, this.atSign)} ${sealed.text}`;
    if ((await this.#request(line)) === "null")
      throw new AtError("bad-reply", "The atServer did not store the value.");
  }

  /** Reads and decrypts a value; undefined when it is missing, expired or not yet visible. `sharedBy`: who wrote it. */
  async get(key: AtKeyName & { sharedBy?: string }): Promise<string | undefined> {
    const owner = key.sharedBy === undefined ? this.atSign : toAtSign(key.sharedBy);
    const foreign = owner !== this.atSign;
    if (foreign && key.kind === "self")
      throw new AtError("invalid-key", "A self key cannot be read from another atSign.");
    const name = `${localName(key.name, key.namespace)}${owner}`;
    const line = !foreign
      ? `llookup:all:${fullKey(key, this.atSign)}`
      : `${key.kind === "public" ? "plookup" : "lookup"}:bypassCache:true:all:${name}`;
    const reply = await absentAsUndefined(this.#request(line));
    if (reply === undefined) return undefined;
    const { text, metadata } = parseValue(reply);
    if (key.kind === "public")
      return metadata.encoding === "base64" ? Buffer.from(text, "base64").toString("utf8") : text;
    if (metadata.isEncrypted === false) return text;
    if (foreign) return this.#shared.decryptFrom(owner, text, metadata);
    return this.#isForSelf(key)
      ? decryptAes(text, this.#keys.selfEncryptionKey, metadata.ivNonce)
      : this.#shared.decryptOwn(recipientOf(key), text, metadata);
  }

  /** Deletes a value of ours; a missing one is no error. */
  async delete(key: AtKeyName): Promise<void> {
    await this.#request(`delete:${fullKey(key, this.atSign)}`);
  }

  /** The full names of the keys on our atServer, also cached ones of others; `regex` is matched by the server. */
  async scan(regex?: string): Promise<string[]> {
    if (regex !== undefined && !/^\S+$/.test(regex))
      throw new AtError("invalid-value", "A scan filter must not be empty or contain blanks.");
    const names: unknown = parseJson(await this.#request(regex === undefined ? "scan" : `scan ${regex}`));
    if (!Array.isArray(names) || !names.every((name) => typeof name === "string"))
      throw new AtError("bad-reply", "The atServer did not answer scan with a list of names.");
    return names;
  }

  /** Sends an encrypted notification and returns its id once our atServer has queued it (not: delivered). */
  async notify(options: NotifyOptions): Promise<string> {
    const { id = randomUUID(), value } = options;
    if (!/^[\w-]{1,100}$/.test(id))
      throw new AtError("invalid-value", "A notification id consists of 1 to 100 letters, digits, _ and -.");
    const key: AtKeyName = {
      kind: "shared",
      name: options.name,
      namespace: options.namespace,
      sharedWith: options.to,
    };
    const { text, metadata } = await this.#seal(key, value);
    const ttln = wholeMs(options.ttlMs, "ttlMs");
    return this.#request(
      `notify:id:${id}:update:messageType:key:ttln:${ttln}${writeMetadata(metadata)}:${fullKey(key, this.atSign)}:${text}`,
    );
  }

  /**
   * Received notifications on a connection of their own, which is renewed until `signal` aborts or the client is
   * closed. At least once: keep the greatest `epochMillis` you processed as the next `since`, and recognise ids you
   * know.
   */
  async *notifications(options: ReceiveOptions = {}): AsyncGenerator<AtNotification> {
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#session.signal])
      : this.#session.signal;
    for await (const raw of monitor(this.#connector, options, signal, this.#clock)) {
      if (raw.to !== this.atSign) continue;
      if (raw.from !== this.atSign && (await options.accept?.(raw.from)) === false) continue;
      if (raw.key === `${this.atSign}:shared_key${raw.from}`) {
        this.#shared.forget(raw.from);
        continue;
      }
      const { id, from, to, key, epochMillis, operation } = raw;
      let value: string | undefined;
      try {
        value = await this.#open(raw, signal);
      } catch (error) {
        if (signal.aborted) return;
        options.onDropped?.({ id, from, key, code: error instanceof AtError ? error.code : "bad-reply" });
        continue;
      }
      yield { id, from, to, key, value, epochMillis, operation };
    }
  }

  /** Closes all connections; open calls fail with `closed`, iterations end. */
  async close(): Promise<void> {
    this.#session.close();
  }

  async #seal(key: AtKeyName, value: string): Promise<{ text: string; metadata: WritableMetadata }> {
    if (key.kind === "public") return this.#sign(value);
    const ivNonce = newIv();
    if (this.#isForSelf(key))
      return {
        text: encryptAes(value, this.#keys.selfEncryptionKey, ivNonce),
        metadata: { isEncrypted: true, ivNonce },
      };
    const { key: aesKey, sharedKeyEnc, pubKeyCS } = await this.#shared.forSending(recipientOf(key));
    return {
      text: encryptAes(value, aesKey, ivNonce),
      metadata: { isEncrypted: true, sharedKeyEnc, pubKeyCS, ivNonce },
    };
  }

  #isForSelf(key: AtKeyName): boolean {
    return key.kind === "self" || recipientOf(key) === this.atSign;
  }

  #sign(value: string): { text: string; metadata: WritableMetadata } {
    if (value === "") throw new AtError("invalid-value", "A public value must not be empty.");
    // A line break would end the command, and servers trim what ends in blanks.
    const plain = !/[\n\r]|^\s|\s$/.test(value);
    const dataSignature = signRsa(value, rsaPrivateKey(this.#keys.encryptionPrivateKey));
    return plain
      ? { text: value, metadata: { dataSignature, isEncrypted: false, encoding: "null" } } // clears an earlier one
      : {
          text: Buffer.from(value, "utf8").toString("base64"),
          metadata: { dataSignature, isEncrypted: false, encoding: "base64" },
        };
  }

  /** Decrypts a notification, waiting out a few lost connections when the sender's key must be looked up. */
  async #open(raw: RawNotification, signal: AbortSignal): Promise<string | undefined> {
    if (raw.value === undefined || !raw.isEncrypted) return raw.value;
    if (raw.from === this.atSign)
      return decryptAes(raw.value, this.#keys.selfEncryptionKey, raw.metadata.ivNonce);
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#shared.decryptFrom(raw.from, raw.value, raw.metadata);
      } catch (error) {
        // Others wait behind this one; whoever sent it will send it again.
        if (!isConnectionLoss(error) || attempt + 1 >= maxLookUps) throw error;
      }
      await backOff(attempt, signal);
    }
  }
}

function mayComeUp(error: unknown): boolean {
  return error instanceof AtError && (error.retryable || error.code === "not-in-directory");
}

function wholeMs(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new AtError(
      "invalid-value",
      `${name} must be a whole number of milliseconds above 0, not ${value}.`,
    );
  return value;
}

function parseValue(reply: string): { text: string; metadata: AtMetadata } {
  const { data, metaData } = parseJson(reply) as { data?: unknown; metaData?: unknown };
  if (typeof data !== "string")
    throw new AtError("bad-reply", "The atServer answered a look-up without data.");
  return { text: data, metadata: readMetadata(metaData) };
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // reported below
  }
  throw new AtError("bad-reply", "The atServer answered with something other than the JSON expected.");
}
