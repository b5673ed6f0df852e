import type { AgentAddress, Json, RunId, StepId } from "./domain.ts";
import type { JournalEntry, OutboxRow } from "./record-types.ts";

/** What goes over the link, before it is sealed and after it was opened. */

export type EnvelopeKind = "request" | "progress" | "chunk" | "result" | "error" | "cancel" | "ack";
/** What a message is about; with sender and kind it recognises duplicates. */
export interface MessageSubject {
  readonly run: RunId;
  readonly revision: number;
  readonly step: StepId;
  readonly attempt: number;
}

export interface OutgoingEnvelope {
  readonly to: AgentAddress;
  readonly kind: EnvelopeKind;
  readonly subject: MessageSubject;
  /** progress and chunk only */
  readonly sequence?: number;
  readonly body: Json;
  readonly expiresAt: number;
  /** The sender's lease, or the token of the instance that is asked; 1 where there is none. */
  readonly fencing?: number;
}
export interface ReceivedEnvelope {
  /** The verified sender. */
  readonly from: AgentAddress & { readonly role: string };
  readonly kind: EnvelopeKind;
  readonly subject: MessageSubject;
  readonly sequence: number | null;
  readonly fencing: number;
  readonly messageId: string;
  /** SHA-256 over the signed bytes, the same on both sides' journals. */
  readonly hash: string;
  readonly body: Json;
  /** A request's deadline. */
  readonly expiresAt: number;
}
/** A message sealed for one sending. */
export interface SealedMessage {
  /** To be committed before it is sent: an unrecorded message must not exist. */
  readonly journal: readonly JournalEntry[];
  /** Throws retryable AppErrors. */
  send(): Promise<void>;
}
/** A message and its outbox row, as whoever creates them commits the row and then sends it. */
export interface ReadyMessage {
  /** The row to commit: when it is sent at once, with one try, due when it is sent again. */
  readonly row: OutboxRow;
  /** To be committed with the row. */
  readonly journal: readonly JournalEntry[];
  /** Call after the commit; returns at once. Who dies before leaves a row that becomes due by itself. */
  send(): void;
}
