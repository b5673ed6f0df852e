import type {
  AgentId,
  Approval,
  Json,
  MessageId,
  PersonId,
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
  /** Whose request it serves: where there is not room for all, each person gets a fair share. */
  readonly requester?: PersonId;
}
export interface InboxKey {
  readonly sender: string;
  readonly kind: EnvelopeKind;
  readonly subject: MessageSubject;
}
/** What a journal record may be about; `tellings` in `story-records.ts` says how the story of a run tells each. */
export const journalKinds = [
  "account",
  "alarm",
  "answer",
  "approval",
  "ask-back",
  "cancel",
  "decision",
  "delegation",
  "edit",
  "effect",
  "envelope",
  "erasure",
  "export",
  "freeze",
  "import",
  "model",
  "pause",
  "refusal",
  "request",
  "review",
  "run",
  "shadow",
  "sign-in-link",
  "standing",
  "step",
  "undo",
] as const;
export type JournalKind = (typeof journalKinds)[number];
export interface JournalEntry {
  readonly kind: JournalKind;
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
  /** Who reads it there may not decide any more: it is drawn without buttons. */
  readonly barred: boolean;
}
/** A card that shows something else from a commit on. */
export interface CardChange {
  readonly key: string;
  /** Where its copies stand; counts only when the card is new: with none it is not made. Default: in the run's own thread. */
  readonly threads?: readonly ThreadId[];
}
/** What one of several bots holds for a time, by compare-and-set. */
export interface LeaseRecord {
  /** Takes or renews; false while somebody else holds it. */
  hold(name: string, holder: string, o: { readonly now: number; readonly leaseMs: number }): Promise<boolean>;
  /** Nobody else draws the copy of a card for `leaseMs`, or until it is drawn; false when somebody does, or did. */
  draw(
    card: Pick<CardRow, "key" | "copy">,
    o: { readonly now: number; readonly leaseMs: number },
  ): Promise<boolean>;
  /** Gives up all that this holder holds. */
  release(holder: string): Promise<void>;
  /** Those that run, whose names begin so. */
  held(prefix: string, now: number): Promise<readonly { readonly name: string; readonly holder: string }[]>;
}
/** The cards of a record. */
export interface CardRecord {
  /** Copies whose last version is not shown yet and that are not postponed beyond `now`; approvals first. */
  staleCards(now: number, limit: number): Promise<readonly CardRow[]>;
  /** All copies of a card. */
  cards(key: string): Promise<readonly CardRow[]>;
  /** Nobody else posts the copy for `leaseMs`. "again": it may be posted already; "taken": by another bot. */
  beginPost(card: CardRow, now: number, leaseMs: number): Promise<"first" | "again" | "taken">;
  /** This version of the copy was drawn last, in this message; null when there was nothing to post. */
  cardShown(card: CardRow, message: MessageId | null): Promise<void>;
  /**
   * The copy could not be drawn: not again before `retryAt`, when a posting that was begun is over. `unposted`: as if
   * it had not been begun, because the platform took nothing.
   */
  postponeCard(card: CardRow, retryAt: number, o?: { readonly unposted?: boolean }): Promise<void>;
  /**
   * Changes where a card stands that is there already: adds copies, and says for each of those there were whether it is
   * barred. Of these the ones that change are stale then. A card that is not there stays away.
   */
  placeCard(
    key: string,
    change: { readonly add: readonly ThreadId[]; readonly barred: ReadonlyMap<number, boolean> },
  ): Promise<void>;
}
export interface AgentTraffic {
  /** By agent: open requests, and since when the oldest of them waits; null where that was not kept. */
  readonly waiting: Readonly<Record<AgentId, { readonly open: number; readonly since: number | null }>>;
  /** By atSign: the last answer, and how many of them were errors. */
  readonly heard: Readonly<Record<string, { readonly at: number; readonly errors: number }>>;
}
/** Small values that outlive a process: resume points, highest serials, what a chat adapter must not forget. */
export interface KeptValues {
  getValue(key: string): Promise<string | undefined>;
  /** Those whose keys begin with `prefix`, by key. */
  getValues(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** A passing value may be pruned once it is old. */
  setValue(key: string, value: string, o?: { readonly passing?: boolean }): Promise<void>;
}
/** What several may change, such as a standing grant. */
export interface Paper {
  readonly id: string;
  /** Raised by each change; 1 when it is new. */
  readonly version: number;
  readonly value: Json;
}
/** The company's papers, each sealed as a whole. */
export interface PaperRecord {
  /** All of a kind, by id. */
  list(kind: string): Promise<readonly Paper[]>;
  get(kind: string, id: string): Promise<Paper | undefined>;
  /**
   * Compare-and-set: writes the paper if it has the version before, or is new; with its journal. False when another
   * writer was first.
   */
  save(kind: string, paper: Paper, journal: readonly JournalEntry[]): Promise<boolean>;
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
  /** The token under which the message with the inbox key was sent. */
  readonly fencing?: number;
  /** The key of the chat message that brought this about; an answer or edit also carries it as content "answer-key:…". */
  readonly requestKey?: string;
  readonly outbox?: readonly OutboxRow[];
  readonly closeOutbox?: readonly string[];
  readonly contents?: readonly Content[];
  readonly approvals?: readonly Approval[];
  readonly cards?: readonly CardChange[];
  readonly journal: readonly JournalEntry[];
}
