import { AtError } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { toAtSign } from "./at-sign.ts";
import { backOff } from "./back-off.ts";
import type { AtKeyName, ReadableKey } from "./codec/at-key.ts";
import {
  blockCommand,
  blockListCommand,
  notifyRemoveCommand,
  notifyStatusCommand,
  type ScanOptions,
} from "./codec/commands.ts";
import type { AtMetadata, MetadataChange } from "./codec/metadata.ts";
import {
  isAtLeast,
  type NotificationStatus,
  readNamesOrNone,
  readStatus,
  type ServerInfo,
} from "./codec/replies.ts";
import { Connector, type RefusalOptions } from "./connector.ts";
import type { HostAndPort } from "./directory.ts";
import { Enrollments } from "./enrollments.ts";
import {
  type AtNotification,
  type ListOptions,
  Messages,
  type NotifyOptions,
  type ReceiveOptions,
} from "./messages.ts";
import { type PeerKeyOptions, PeerKeys } from "./peer-keys.ts";
import { type AtRecord, type PutOptions, type ReadOptions, Records } from "./records.ts";
import { Session } from "./session.ts";
import { SharedKeys } from "./shared-keys.ts";
import type { Transport } from "./transport.ts";
import { ValueCipher } from "./value-cipher.ts";

export interface OpenOptions extends PeerKeyOptions, RefusalOptions {
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
  /**
   * Writes values as clients of before 2025 read them: without an initialisation vector, all under one key stream.
   * Whoever sees two of them can compare them. Only for peers that cannot read anything else.
   */
  readonly compatibility?: { readonly zeroIv?: boolean };
}

/** An authenticated client of one atSign. Lost connections are opened again when the next command needs them. */
export class AtClient {
  readonly atSign: string;
  /** Passcodes for, and decisions about, other apps and devices of our atSign. */
  readonly enrollments: Enrollments;
  readonly #connector: Connector;
  readonly #session: Session;
  readonly #records: Records;
  readonly #messages: Messages;
  readonly #request = (line: string): Promise<string> => this.#session.request(line);

  private constructor(options: OpenOptions) {
    const { keys, clock = Date.now } = options;
    const atSign = toAtSign(options.atSign);
    const connector = new Connector(atSign, keys, options, clock);
    const session = new Session(connector, clock);
    const request = this.#request;
    const peerKeys = new PeerKeys(request, options);
    // Without an answer a value goes without the hash: every server takes the older check-sum.
    const takesKeyHash = () =>
      session.info().then(
        ({ version }) => isAtLeast(version, [3, 1, 1]),
        () => false,
      );
    const shared = new SharedKeys({ atSign, keys, request, peerKeys, takesKeyHash, clock });
    const zeroIv = options.compatibility?.zeroIv === true;
    const cipher = new ValueCipher(atSign, keys, shared, { zeroIv });
    this.atSign = atSign;
    const { signal } = session;
    this.enrollments = new Enrollments({ atSign, keys, request, connector, clock, signal });
    this.#connector = connector;
    this.#session = session;
    this.#records = new Records({ atSign, publicKey: keys.encryptionPublicKey, request, cipher, peerKeys });
    this.#messages = new Messages({
      atSign,
      request,
      info: () => session.info(),
      cipher,
      shared,
      connector,
      clock,
    });
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

  /** Writes a value: self and shared values encrypted, public ones in clear and signed, bytes marked as binary. */
  put(key: AtKeyName, value: string | Uint8Array, options: PutOptions = {}): Promise<void> {
    return this.#refusing(this.#records.put(key, value, options));
  }

  /** Changes metadata of a value of ours, which stays as it is. Throws AT0015 when it is missing or not visible. */
  updateMetadata(key: AtKeyName, change: MetadataChange): Promise<void> {
    return this.#refusing(this.#records.updateMetadata(key, change));
  }

  /** The text of a value; undefined when it is missing, expired or not yet visible. Throws what `read` throws. */
  async get(key: ReadableKey, options: ReadOptions = {}): Promise<string | undefined> {
    const value = (await this.read(key, options))?.value;
    if (value instanceof Uint8Array)
      throw new AtError("invalid-value", "The value is binary: use read() to get its bytes.");
    return value;
  }

  /**
   * A value with its metadata; undefined when it is missing, expired or not yet visible. Throws `decrypt-failed`,
   * `unsupported-encryption` for values of a cipher this SDK does not know, `bad-reply`, `peer-key-changed`.
   */
  read(key: ReadableKey, options: ReadOptions = {}): Promise<AtRecord | undefined> {
    return this.#refusing(this.#records.read(key, options));
  }

  /** The metadata of a value, without the value; undefined as for `read`. */
  readMetadata(key: ReadableKey, options: ReadOptions = {}): Promise<AtMetadata | undefined> {
    return this.#refusing(this.#records.readMetadata(key, options));
  }

  /** Deletes a value of ours, or our copy of another's; a missing one is no error. `force`: also an immutable one. */
  delete(key: ReadableKey, options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#refusing(this.#records.delete(key, options));
  }

  /**
   * The full names of the keys on our atServer, also cached ones of others (`parseKey` reads them), or with `sharedBy`
   * what that atSign shares with us (names without us). A text is the filter, matched by the server.
   */
  scan(options: string | ScanOptions = {}): Promise<string[]> {
    return this.#refusing(this.#records.scan(typeof options === "string" ? { regex: options } : options));
  }

  /** Sends an encrypted notification and returns its id once our atServer has queued it (not: delivered). */
  notify(options: NotifyOptions): Promise<string> {
    return this.#refusing(this.#messages.notify(options));
  }

  /**
   * To be called when a peer seems not to read what it is sent: its encryption key is then looked up again for the next
   * value, not only when ten minutes are over; at most every second. A change is told as always.
   */
  recheckPeer(peer: string): void {
    this.#messages.recheck(peer);
  }

  /** How far a notification of ours has come; undefined when the atServer does not know it (any more). */
  async notifyStatus(id: string): Promise<NotificationStatus | undefined> {
    return readStatus(await this.#request(notifyStatusCommand(id)));
  }

  /**
   * Received notifications on a connection of their own, which is renewed until `signal` aborts or the client is
   * closed. At least once: keep the greatest `epochMillis` you processed as the next `since`, and recognise ids you
   * know.
   */
  notifications(options: ReceiveOptions = {}): AsyncGenerator<AtNotification> {
    const { signal } = this.#session;
    return this.#messages.receive(
      options,
      options.signal ? AbortSignal.any([options.signal, signal]) : signal,
    );
  }

  /**
   * What was received and is kept by our atServer, at most as much as it answers at once; `notifications` gets all of it
   * and goes on. Those that cannot be decrypted are left out.
   */
  listNotifications(options: ListOptions = {}): Promise<AtNotification[]> {
    return this.#refusing(this.#messages.list(options, this.#session.signal));
  }

  /** Has our atServer forget a notification, received or sent; one that still waits is not delivered any more. */
  async removeNotification(id: string): Promise<void> {
    await this.#request(notifyRemoveCommand(id));
  }

  /** Keeps other atSigns from reaching our atServer. Takes keys that may write everything. */
  async block(...atSigns: readonly string[]): Promise<void> {
    await this.#request(blockCommand("add", atSigns.map(toAtSign)));
  }

  /** Lets them again. */
  async unblock(...atSigns: readonly string[]): Promise<void> {
    await this.#request(blockCommand("remove", atSigns.map(toAtSign)));
  }

  /** Those who are kept out. */
  async blocked(): Promise<string[]> {
    return readNamesOrNone(await this.#request(blockListCommand));
  }

  /** Version and features of our atServer, asked once per connection; both empty when it does not say. */
  info(): Promise<ServerInfo> {
    return this.#session.info();
  }

  /** Tells of a name or value that is not sent, because it would not be one on the wire. */
  async #refusing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof AtError && error.code.startsWith("invalid-")) this.#connector.refused(error.code);
      throw error;
    }
  }

  /** Closes all connections; open calls fail with `closed`, iterations end. */
  async close(): Promise<void> {
    this.#session.close();
  }
}

function mayComeUp(error: unknown): boolean {
  return error instanceof AtError && (error.retryable || error.code === "not-in-directory");
}
