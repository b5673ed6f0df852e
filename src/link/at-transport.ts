/** What the link needs of an atProtocol client; the SDK's AtClient is one. */
export interface AtTransport {
  notify(o: {
    readonly to: string;
    readonly name: string;
    readonly namespace: string;
    readonly value: string;
    readonly ttlMs: number;
    readonly id?: string;
  }): Promise<string>;
  /** A peer did not answer: perhaps it cannot read what we encrypt, because it has another key by now. */
  recheckPeer(peer: string): void;
  notifications(o: {
    readonly regex?: string;
    readonly since?: number;
    readonly signal?: AbortSignal;
    /** Asked of each sender before anything is decrypted or looked up for it; false leaves the message out. */
    readonly accept: (from: string) => boolean | Promise<boolean>;
    readonly onDropped?: (dropped: { id: string; from: string; key: string; code: string }) => void;
  }): AsyncIterable<AtMessage>;
  put(key: SharedKey, value: string, o: { ttlMs?: number }): Promise<void>;
  get(key: SharedKey & { readonly sharedBy: string }): Promise<string | undefined>;
  delete(key: SharedKey): Promise<void>;
}
export interface SharedKey {
  readonly kind: "shared";
  readonly name: string;
  readonly namespace: string;
  readonly sharedWith: string;
}
export interface AtMessage {
  readonly id: string;
  readonly from: string;
  readonly key: string;
  readonly value?: string | undefined;
  /** The receiving server's clock. */
  readonly epochMillis: number;
}
