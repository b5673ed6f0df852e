import { randomUUID } from "node:crypto";
import { AtError } from "./at-error.ts";
import { backOff } from "./back-off.ts";
import { type AtKeyName, fullKey } from "./codec/at-key.ts";
import { notifyCommand, notifyListCommand, type NotifyListFields } from "./codec/commands.ts";
import type { AtMetadata } from "./codec/metadata.ts";
import { readEntries, type ServerInfo } from "./codec/replies.ts";
import { parseNotification, type RawNotification } from "./codec/notification-frame.ts";
import type { Connector } from "./connector.ts";
import { monitor, type NotificationsOptions } from "./notifications.ts";
import { isConnectionLoss } from "./session.ts";
import type { SharedKeys } from "./shared-keys.ts";
import { isCiphertext, type SealedValue, type ValueCipher } from "./value-cipher.ts";
import { wholeMs } from "./whole-ms.ts";

export type NotifyOptions = {
  readonly to: string;
  readonly name: string;
  readonly namespace: string;
  /** `[A-Za-z0-9_-]`; default a new UUID. The same id sent twice is delivered once by current servers. */
  readonly id?: string;
  /** The sending application's name; some servers group by it. */
  readonly notifier?: string;
} & NotifiedChange &
  NotifiedLife;

/** `update` is the default; `delete` tells that the value named by the key is gone, and carries none. */
type NotifiedChange =
  | {
      readonly operation?: "update";
      /** Without one only the event is sent. */
      readonly value?: string;
      /**
       * Servers are to hold it in memory alone, for at most two minutes. One that cannot (its `info` has no `notify.eph`)
       * keeps it like any other.
       */
      readonly ephemeral?: boolean;
    }
  | { readonly operation: "delete"; readonly value?: never; readonly ephemeral?: never };

type NotifiedLife =
  | {
      /** How long servers keep the notification, each from when it got it. */
      readonly ttlMs: number;
      readonly expiresAt?: never;
    }
  | {
      /** Until when they keep it, milliseconds since the epoch; within eight days. */
      readonly expiresAt: number;
      readonly ttlMs?: never;
    };

const longestMs = 691_200_000;
const longestHeldMs = 120_000;

/** A received notification, decrypted. `value` is undefined when only the event was sent; of a text message it is the text. */
export type AtNotification = Pick<
  RawNotification,
  "id" | "from" | "to" | "key" | "value" | "epochMillis" | "operation" | "messageType"
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

export type ListOptions = Pick<ReceiveOptions, "accept" | "onDropped"> &
  Pick<NotifyListFields, "regex"> &
  (
    | { readonly from?: never; readonly to?: never }
    | {
        /** Day of reception by the atServer's clock, `YYYY-MM-DD`, UTC. */
        readonly from: string;
        /** The last day; default none. */
        readonly to?: string;
      }
  );

export interface MessagesOptions {
  readonly atSign: string;
  readonly request: (line: string) => Promise<string>;
  readonly info: () => Promise<ServerInfo>;
  readonly cipher: ValueCipher;
  readonly shared: SharedKeys;
  readonly connector: Connector;
  readonly clock: () => number;
}

/** How often a sender's key is asked for; each try waits for lost connections by itself. */
const maxLookUps = 3;

/** Sending and receiving notifications. */
export class Messages {
  readonly #options: MessagesOptions;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  async notify(options: NotifyOptions): Promise<string> {
    const {
      id = randomUUID(),
      value,
      operation = "update",
      ephemeral = false,
      notifier,
      to,
      name,
      namespace,
    } = options;
    const key: AtKeyName = { kind: "shared", name, namespace, sharedWith: to };
    const full = fullKey(key, this.#options.atSign);
    if (operation === "delete" && (value !== undefined || ephemeral))
      throw new AtError(
        "invalid-value",
        "A notification of a deletion carries no value and is not ephemeral.",
      );
    // Some recipients' clients fail at one that claims to be encrypted and has no value.
    const { text, metadata } =
      value === undefined
        ? { text: undefined, metadata: { isEncrypted: false } }
        : withoutNull(await this.#options.cipher.seal(key, value));
    const asks = ephemeral || options.expiresAt !== undefined;
    const features: ReadonlySet<string> = asks ? (await this.#options.info()).features : new Set();
    const common = {
      id,
      ...(notifier === undefined ? {} : { notifier }),
      ...this.#lifetime(options, features),
    };
    const fields =
      operation === "delete"
        ? { ...common, operation }
        : { ...common, operation, eph: ephemeral && features.has("notify.eph") };
    return this.#options.request(notifyCommand(fields, metadata, full, text));
  }

  /** As our atServer takes it: the time of the end only where that is known. */
  #lifetime(
    { ttlMs, expiresAt, ephemeral }: NotifyOptions,
    features: ReadonlySet<string>,
  ): { readonly ttln: number } | { readonly eAtn: number } {
    const [left, name] =
      expiresAt === undefined
        ? [wholeMs(ttlMs, "ttlMs"), "ttlMs"]
        : [wholeMs(expiresAt - this.#options.clock(), "the time until expiresAt"), "expiresAt"];
    const most = ephemeral === true ? longestHeldMs : expiresAt === undefined ? Infinity : longestMs;
    if (left > most) throw new AtError("invalid-value", `${name} is more than ${most} ms away.`);
    return expiresAt !== undefined && features.has("notify.eAtn") ? { eAtn: expiresAt } : { ttln: left };
  }

  recheck(peer: string): void {
    this.#options.shared.recheck(peer);
  }

  async *receive(options: ReceiveOptions, signal: AbortSignal): AsyncGenerator<AtNotification> {
    const { connector, clock } = this.#options;
    for await (const raw of monitor(connector, options, signal, clock)) {
      const read = await this.#read(raw, options, signal);
      if (signal.aborted) return;
      if (read) yield read;
    }
  }

  /** What the atServer has kept, in its order, without what is not for us. */
  async list(options: ListOptions, signal: AbortSignal): Promise<AtNotification[]> {
    const entries = readEntries(await this.#options.request(notifyListCommand(options)));
    const found: AtNotification[] = [];
    for (const entry of entries) {
      const raw = parseNotification(entry);
      if (raw === undefined) this.#options.connector.refused("bad-reply");
      const read =
        raw === undefined || raw === "statistics" ? undefined : await this.#read(raw, options, signal);
      if (read) found.push(read);
    }
    return found;
  }

  /** A notification as its reader gets it; undefined for one that is not for the reader, or cannot be decrypted. */
  async #read(
    raw: RawNotification,
    options: Pick<ReceiveOptions, "accept" | "onDropped">,
    signal: AbortSignal,
  ): Promise<AtNotification | undefined> {
    const { atSign, connector, shared } = this.#options;
    const { id, from, to, key, epochMillis, operation, messageType } = raw;
    if (to !== atSign) {
      connector.refused("misaddressed");
      return undefined;
    }
    const accepted = from === atSign || (options.accept?.(from) ?? true);
    if (!(accepted === true || (await accepted))) return undefined;
    if (key === `${atSign}:shared_key${from}`) {
      shared.forget(from);
      return undefined;
    }
    try {
      const value = await this.#open(raw, signal);
      return { id, from, to, key, value, epochMillis, operation, messageType };
    } catch (error) {
      if (!signal.aborted)
        options.onDropped?.({ id, from, key, code: error instanceof AtError ? error.code : "bad-reply" });
      return undefined;
    }
  }

  #open(raw: RawNotification, signal: AbortSignal): string | undefined | Promise<string> {
    const isText = raw.messageType === "text";
    const text = isText ? raw.key.slice(raw.to.length + 1) : raw.value;
    const { isEncrypted } = raw;
    const isSealed = isText ? isEncrypted : isCiphertext({ ...raw.metadata, isEncrypted });
    return text === undefined || !isSealed ? text : this.#decrypt(raw.from, text, raw.metadata, signal);
  }

  /** Decrypts, waiting out a few lost connections when the sender's key must be looked up. */
  async #decrypt(from: string, text: string, metadata: AtMetadata, signal: AbortSignal): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#options.cipher.openNotified(from, text, metadata);
      } catch (error) {
        // Others wait behind this one; whoever sent it will send it again.
        if (!isConnectionLoss(error) || attempt + 1 >= maxLookUps) throw error;
      }
      await backOff(attempt, signal);
    }
  }
}

/** A notification starts from nothing, so there is no earlier field to reset. */
function withoutNull({ text, metadata }: SealedValue): SealedValue {
  if (metadata.ivNonce !== null) return { text, metadata };
  const { ivNonce: _ivNonce, ...rest } = metadata;
  return { text, metadata: rest };
}
