import type { OutgoingNotification } from "../outgoing-store.ts";
import type { StoredRecord } from "../record.ts";

/** As which identity another server is asked: our own atSign, or nobody's, for public data. */
export type CallAs = "pol" | "anyone";

/** What connects a server with those of other processes. */
export interface Federation {
  /** Told when our public key was written, so that servers of this process see at once whether it changed. */
  publicKeyWritten(record: StoredRecord): void;
  /** The host of an atSign's server; undefined when the atDirectory does not know it or cannot be asked. */
  hostOf(atSign: string): Promise<string | undefined>;
  /** Our connections to other servers. `request` resolves with the text after `data:`. */
  readonly outbound: {
    readonly size: number;
    request(atSign: string, as: CallAs, command: string, o?: { pipelines?: boolean }): Promise<string>;
    closeIdle(now: number): void;
    close(): Promise<void>;
  };
  /** What waits to be brought to other servers. */
  readonly sender: {
    start(): void;
    enqueue(notification: OutgoingNotification, sentAt: number): void;
    close(): void;
  };
  /** The key pair by which the server proves whose it is. */
  readonly signingKeys: {
    readonly isReady: boolean;
    ready(): Promise<void>;
    sign(text: string): Promise<string>;
  };
}
