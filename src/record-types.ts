import type {
  AgentId,
  Approval,
  Json,
  MessageId,
  Run,
  RunId,
  StepId,
  ThreadId,
  WorkflowRef,
} from "./domain.ts";
import type { EnvelopeKind, MessageSubject } from "./link-types.ts";

/** What is written to the record (and, for messages and journal, to every agent's books). */

/** Business text that is stored sealed: request, inputs, outputs, questions, plans, messages. Written once. */
export interface Content {
  readonly run: RunId;
  readonly revision: number;
  readonly step: StepId;
  /**
   * e.g. "request", "input:1", "output", "output:2" (of a step done again), "question:1", "answer:1", "evidence",
   * "mandate"
   */
  readonly name: string;
  readonly value: Json;
}
export interface OutboxRow {
  /** `${kind}-${run}-${revision}-${step}-${attempt}`: one row per message, however often it is sent. */
  readonly id: string;
  readonly to: AgentId;
  /** The instance it goes to; absent: none is chosen yet, or there is but one. */
  readonly instance?: string;
  /** The token it is sent under: see `Fence`. Absent: 1, or not assigned yet. */
  readonly fencing?: number;
  readonly kind: Extract<EnvelopeKind, "request" | "result" | "error" | "cancel">;
  readonly subject: MessageSubject;
  readonly body: Json;
  /** When it is (next) sent. */
  readonly dueAt: number;
  readonly tries: number;
  readonly expiresAt: number;
}
export interface InboxKey {
  readonly sender: string;
  readonly kind: EnvelopeKind;
  readonly subject: MessageSubject;
}
export interface JournalEntry {
  /** e.g. "request", "step", "envelope", "decision", "effect", "refusal", "alarm" */
  readonly kind: string;
  readonly run: RunId | null;
  /** Clear ids, codes and hashes only. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  /** Business text, sealed under the run's key. */
  readonly body?: Json;
}
/** Which texts are wanted: these names, of the step or of any. A name that ends with ":" means all numbered ones. */
export type ContentFilter = readonly { readonly step?: StepId; readonly name: string }[];
/** The desired state of one copy of a card; the presenter makes the platform agree. */
export interface CardRow {
  /** Deterministic: "progress-RUN", "approval-ID", "question-RUN-n", "result-RUN". */
  readonly key: string;
  /** 0 stands in the run's own thread, the others elsewhere. */
  readonly copy: number;
  readonly run: RunId;
  readonly thread: ThreadId;
  /** Raised by each change of what the card shows, on all its copies. */
  readonly version: number;
  /** The version that was drawn last; 0 = not posted. */
  readonly shownVersion: number;
  readonly message: MessageId | null;
}
/** A card that shows something else from a commit on. */
export interface CardChange {
  readonly key: string;
  /** Where its copies stand, one at least; counts only when the card is new. Default: in the run's own thread. */
  readonly threads?: readonly ThreadId[];
}
/** A definition that open runs need, and one of them. */
export interface OpenWorkflow {
  readonly run: RunId;
  readonly workflow: WorkflowRef;
}
export interface RunCommit {
  readonly run: Run;
  readonly expectedVersion: number;
  readonly inbox?: InboxKey;
  /** The key of the chat message that brought this about; an answer also carries it as content "answer-key:N". */
  readonly requestKey?: string;
  readonly outbox?: readonly OutboxRow[];
  readonly closeOutbox?: readonly string[];
  readonly contents?: readonly Content[];
  readonly approvals?: readonly Approval[];
  readonly cards?: readonly CardChange[];
  readonly journal: readonly JournalEntry[];
}
