import type { MessageReference, OutgoingEnvelope, ReceivedEnvelope } from "./link-types.ts";
import type { JournalEntry, OutboxRow } from "./record-types.ts";

/** The bot's and the agents' way to each other. Implemented by `link/at-link.ts`. */

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
export interface AgentLink {
  /** Seals without sending; throws AppErrors. */
  seal(envelope: OutgoingEnvelope): SealedMessage;
  /** Seals, records and sends once; throws retryable AppErrors. */
  send(envelope: OutgoingEnvelope): Promise<void>;
  /** A message was answered or is sent no more: what it left at the atServer is removed. Returns at once. */
  ended(message: MessageReference): void;
  /** The inbox resolves after its commit; what it throws is logged, and the sender will send again. */
  start(inbox: (message: ReceivedEnvelope) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}
