import type { AgentAddress, Json, RunId, StepId } from "./domain.ts";

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
  /** It was sent before and not answered. */
  readonly isRepeated?: boolean;
  /** The token of the instance that is asked, and in its answer that under which it was; 1 where there is none. */
  readonly fencing?: number;
}
/** Which message, however often it is sent. */
export type MessageReference = Pick<OutgoingEnvelope, "to" | "kind" | "subject">;
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
