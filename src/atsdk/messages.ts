import { randomUUID } from "node:crypto";
import { AtError } from "./at-error.ts";
import { backOff } from "./back-off.ts";
import { type AtKeyName, fullKey } from "./codec/at-key.ts";
import { notifyCommand } from "./codec/commands.ts";
import type { AtMetadata } from "./codec/metadata.ts";
import type { RawNotification } from "./codec/notification-frame.ts";
import type { Connector } from "./connector.ts";
import { monitor, type NotificationsOptions } from "./notifications.ts";
import { isConnectionLoss } from "./session.ts";
import type { SharedKeys } from "./shared-keys.ts";
import { isCiphertext, type SealedValue, type ValueCipher } from "./value-cipher.ts";
import { wholeMs } from "./whole-ms.ts";

export interface NotifyOptions {
  readonly to: string;
  readonly name: string;
  readonly namespace: string;
  /** Without one only the event is sent. */
  readonly value?: string;
  /** Default `update`; `delete` tells that the value named by the key is gone, and carries none. */
  readonly operation?: "update" | "delete";
  /** How long servers keep the notification. */
  readonly ttlMs: number;
  /** `[A-Za-z0-9_-]`; default a new UUID. The same id sent twice is delivered once by current servers. */
  readonly id?: string;
  /** The sending application's name; some servers group by it. */
  readonly notifier?: string;
}

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

export interface MessagesOptions {
  readonly atSign: string;
  readonly request: (line: string) => Promise<string>;
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
    const { id = randomUUID(), value, operation = "update", notifier, to, name, namespace } = options;
    const key: AtKeyName = { kind: "shared", name, namespace, sharedWith: to };
    const full = fullKey(key, this.#options.atSign);
    const ttln = wholeMs(options.ttlMs, "ttlMs");
    if (operation === "delete" && value !== undefined)
      throw new AtError("invalid-value", "A notification of a deletion carries no value.");
    // Some recipients' clients fail at one that claims to be encrypted and has no value.
    const { text, metadata } =
      value === undefined
        ? { text: undefined, metadata: { isEncrypted: false } }
        : withoutNull(await this.#options.cipher.seal(key, value));
    const fields = { id, operation, ttln, ...(notifier === undefined ? {} : { notifier }) };
    return this.#options.request(notifyCommand(fields, metadata, full, text));
  }

  recheck(peer: string): void {
    this.#options.shared.recheck(peer);
  }

  async *receive(options: ReceiveOptions, signal: AbortSignal): AsyncGenerator<AtNotification> {
    const { atSign, connector, clock, shared } = this.#options;
    for await (const raw of monitor(connector, options, signal, clock)) {
      if (raw.to !== atSign) {
        connector.refused("misaddressed");
        continue;
      }
      const accepted = raw.from === atSign || (options.accept?.(raw.from) ?? true);
      if (!(accepted === true || (await accepted))) continue;
      if (raw.key === `${atSign}:shared_key${raw.from}`) {
        shared.forget(raw.from);
        continue;
      }
      const { id, from, to, key, epochMillis, operation, messageType } = raw;
      let value: string | undefined;
      try {
        value = await this.#open(raw, signal);
      } catch (error) {
        if (signal.aborted) return;
        options.onDropped?.({ id, from, key, code: error instanceof AtError ? error.code : "bad-reply" });
        continue;
      }
      yield { id, from, to, key, value, epochMillis, operation, messageType };
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
