import type { ZodType } from "zod";
import type { BookKind, BookRow } from "./book-rows.ts";
import type { Card } from "./card.ts";
import type { AlreadyDecided, ClickedDecision } from "./decision-types.ts";
import type {
  Accepted,
  Approval,
  ApprovalId,
  ChatRequest,
  Json,
  MessageId,
  Person,
  PersonId,
  Refused,
  Run,
  RunId,
  ThreadId,
} from "./domain.ts";
import type { Assignment, Fence, InstanceLease, InstanceStore } from "./instance-types.ts";
import type { MessageSubject } from "./link-types.ts";
import type {
  AgentTraffic,
  CardRecord,
  Content,
  ContentFilter,
  InboxKey,
  JournalEntry,
  KeptValues,
  LeaseRecord,
  OpenWorkflow,
  OutboxRow,
  PaperRecord,
  RunCommit,
} from "./record-types.ts";
import type { RightsInbox } from "./rights-types.ts";
import type { FreezeMemory, FreezeRecord, SafetyInbox } from "./safety-types.ts";
import type { UndoClick } from "./undo-types.ts";
import type { OfferRequestLine, SupplierDocument, SupplierOffer, SupplierOrder } from "./supplier-types.ts";

/** The interfaces to the outside. Implementations live in adapters/, link/ and test/fakes. */

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
}
export interface Ids {
  /** A new unguessable id of letters and digits, with the prefix given. */
  next(prefix: string): string;
}
/** Structured log; never secrets, never business text: ids, codes, sizes, times. */
export interface Logger {
  info(fields: Readonly<Record<string, Json>>, event: string): void;
  warn(fields: Readonly<Record<string, Json>>, event: string): void;
  error(fields: Readonly<Record<string, Json>>, event: string): void;
}

// Record (the bot's truth) ----------------------------------------------------------------------------------------

export interface Prunable {
  /**
   * Deletes what is done and was so for 30 days: closed messages, the keys of those received, passing values. In small
   * units; resolves with the number of rows. Runs, texts, cards and the journal stay.
   */
  prune(now: number): Promise<number>;
}
/** What the outbox relay needs; the record and every agent's books implement it. */
export interface OutboxStore {
  /**
   * Claims up to `limit` open rows due by `now` for `leaseMs` (compare-and-set), oldest first. Unsealed. Raises and
   * returns `tries`: 1 at the first claim. A row may also be created by who sends it at once: its `tries` are 1, it
   * is due when it is sent again.
   */
  claimOutbox(now: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]>;
  /** After a sending: when to send again if nothing closes the row before. */
  postponeOutbox(id: string, dueAt: number): Promise<void>;
  closeOutbox(ids: readonly string[]): Promise<void>;
}
/**
 * The bot's record. What others than the bot changed fails with "sealed-broken", what was erased with "erased"; lists
 * leave such rows out, and the first time say so in the journal.
 */
export interface Store extends OutboxStore, Prunable, CardRecord, KeptValues {
  readonly instances: InstanceStore;
  readonly freezes: FreezeRecord;
  readonly papers: PaperRecord;
  readonly leases: LeaseRecord;
  /**
   * At a start, because who claimed it may be dead: open outbox rows that were claimed become due now (receivers know
   * duplicates), postings that were begun are over, unless other bots may share the record: theirs end in time.
   */
  resume(now: number): Promise<void>;
  /**
   * One transaction. "stale": another writer was first, load again. "duplicate": the inbox key or the request key was
   * known. "fenced": the step was given to another instance, under a higher token than the message's.
   */
  saveRun(commit: RunCommit): Promise<"saved" | "stale" | "duplicate" | "fenced">;
  /**
   * Creates a run unless its request key is known; then the run it made. Fails with "withdrawn" where the message was
   * taken back before it came.
   */
  createRun(
    commit: RunCommit,
    requestKey: string,
  ): Promise<{ readonly created: boolean; readonly run: RunId }>;
  /** The run that the chat message with this key started, or that it answered. */
  requestRun(requestKey: string): Promise<RunId | undefined>;
  /** The same; if there is none, the key is taken for nobody: a message that comes now is too late. */
  withdrawRequest(requestKey: string, by: PersonId): Promise<RunId | undefined>;
  /** Every definition, by id, version and structure, that an open run needs. */
  openWorkflows(): Promise<readonly OpenWorkflow[]>;
  loadRun(id: RunId): Promise<Run | undefined>;
  listRuns(o: {
    readonly limit: number;
    readonly open?: boolean;
    readonly person?: string;
    /** Those of which an undo needs a person. */
    readonly stuck?: true;
  }): Promise<readonly Run[]>;
  /** The open run that waits for an answer in this thread, if any. */
  waitingInThread(thread: ThreadId): Promise<Run | undefined>;
  /** Open runs with a step due, or not yet queued, at `now`; oldest first. */
  dueRuns(now: number, limit: number): Promise<readonly RunId[]>;
  /** Looks at this run again only then, unless it is saved before: looking at it failed. */
  postponeRun(id: RunId, dueAt: number): Promise<void>;
  /** Runs that are worked on, and runs that wait for their turn. */
  progress(): Promise<{ readonly inProgress: number; readonly held: number }>;
  /** Runs that wait for their turn: of every requester the first that came, then of every one the second, and so on. */
  heldRuns(limit: number): Promise<readonly { readonly run: RunId; readonly requester: PersonId }[]>;
  /** By revision, step and name; only the wanted ones are opened. */
  contents(run: RunId, wanted?: ContentFilter): Promise<readonly Content[]>;
  /** What was asked, by run. */
  requestTexts(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, string>>;
  approval(id: ApprovalId): Promise<Approval | undefined>;
  /** Oldest first; with `limit` the newest ones. */
  approvals(o: {
    readonly open?: boolean;
    readonly run?: RunId;
    readonly requester?: PersonId;
    /** Only those that somebody decided alone, where several must. */
    readonly alone?: true;
    readonly limit?: number;
  }): Promise<readonly Approval[]>;
  counts(): Promise<{ readonly openRuns: number; readonly openApprovals: number }>;
  /** What agents were asked and have not answered, and what was heard from whom from `since` on. */
  traffic(since: number): Promise<AgentTraffic>;
  appendJournal(entries: readonly JournalEntry[]): Promise<void>;
  close(): Promise<void>;
}

// Queue (a hint, never the truth) ---------------------------------------------------------------------------------

export interface StepJob extends MessageSubject {
  readonly dispatch: number;
  /** Its request is in the outbox already: whoever takes the job only sees to it that it is sent. */
  readonly ready: boolean;
}
export interface StepQueue {
  /** Re-adding the same subject and dispatch is harmless. */
  add(job: StepJob, o?: { readonly delayMs?: number }): Promise<void>;
  /** Calls the handler for each job; a handler that throws is tried again later or found by the sweeper. */
  work(handler: (job: StepJob) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

// What agents are given ---------------------------------------------------------------------------------------------

/** The books inside one unit of work. Values travel as bound parameters only. */
export interface Books {
  get<K extends BookKind>(kind: K, id: string): Promise<BookRow<K> | undefined>;
  /** All rows whose fields equal `where`'s, ordered by id. */
  find<K extends BookKind>(kind: K, where?: Partial<BookRow<K>>): Promise<readonly BookRow<K>[]>;
  /** Fails with code "exists" when the id is taken. */
  insert<K extends BookKind>(kind: K, row: BookRow<K>): Promise<void>;
  /** Compare-and-set: changes the row only where `expected` still holds; false when it does not. */
  update<K extends BookKind>(
    kind: K,
    id: string,
    change: Partial<BookRow<K>>,
    expected?: Partial<BookRow<K>>,
  ): Promise<boolean>;
}
/** One agent's part of the books: its messages, journal and resume point live beside the company data. */
export interface AgentStore extends OutboxStore, Prunable, FreezeMemory {
  /** Reads outside any unit of work; writing through it fails. */
  readonly books: Books;
  /** Begins a life of an instance: its earlier process is refused from now on, what was claimed is due again. */
  acquireLease(instance: string): Promise<InstanceLease>;
  /**
   * One transaction: the work's changes, its stored reply, the inbox key and the journal. "duplicate": the key was
   * known, nothing was done. Fails with "fenced" when the instance has a later lease, or the step a higher token;
   * where the work is an effect, with "frozen" while a freeze is known.
   */
  perform(
    o: Fence & {
      readonly lease: InstanceLease;
      readonly effect?: boolean;
      readonly work: (books: Books) => Promise<{ reply: OutboxRow; journal: readonly JournalEntry[] }>;
    },
  ): Promise<"done" | "duplicate">;
  /** A unit of its own, for skills that act outside: committed when this resolves. Fails as `perform`. */
  transact<T>(lease: InstanceLease, fence: Fence, unit: (books: Books) => Promise<T>): Promise<T>;
  /** As `books`, with what this run would have changed: its changes are kept apart from the company's books. */
  shadowBooks(run: RunId): Books;
  /** Refuses lower tokens for this step from now on, before anything is done under this one. Fails as `perform`. */
  takeOver(lease: InstanceLease, fence: Fence): Promise<void>;
  /**
   * The stored reply to a finished request, made due again, for the instance that asks and under its token if that is
   * higher; undefined when the request is not finished.
   */
  replyAgain(inbox: InboxKey, o: { readonly now: number } & Assignment): Promise<OutboxRow | undefined>;
  appendJournal(entries: readonly JournalEntry[]): Promise<void>;
  getValue(key: string): Promise<string | undefined>;
  setValue(key: string, value: string): Promise<void>;
}
/** One supplier's system behind its own protocol. Every wait has a deadline: the signal. */
export interface SupplierSystem {
  requestOffer(
    o: { readonly id: string; readonly lines: readonly OfferRequestLine[]; readonly shipToCountry: string },
    signal: AbortSignal,
  ): Promise<SupplierOffer>;
  /** The supplier's order number; idempotent by `order.id`. */
  placeOrder(order: SupplierOrder, signal: AbortSignal): Promise<string>;
  /** What the supplier knows under our reference; undefined = it has no such order. */
  findOrder(orderId: string, signal: AbortSignal): Promise<string | undefined>;
  documents(orderId: string, signal: AbortSignal): Promise<readonly SupplierDocument[]>;
}
export interface Suppliers {
  open(wholesaler: BookRow<"wholesalers">): SupplierSystem;
}
export interface ModelReceipt {
  /** Which endpoint answered; the rules stand-in answers as "rules". */
  readonly model: string;
}
export interface LanguageModel {
  generate<T>(r: {
    readonly role: string;
    readonly prompt: string;
    readonly output: ZodType<T>;
    readonly signal?: AbortSignal;
  }): Promise<{ readonly output: T; readonly receipt: ModelReceipt }>;
}

// Chat --------------------------------------------------------------------------------------------------------------

export interface ChatAdapter {
  readonly name: string;
  /** A card that was drawn rests this long before it is drawn again; default 100 ms. */
  readonly restMs?: number;
  start(inbox: ChatInbox): Promise<void>;
  stop(): Promise<void>;
  /**
   * Posts once per key. Each call ends within 10 s; "rate-limited" with `retryAfterMs` says that the platform took
   * nothing and when it will.
   */
  post(thread: ThreadId, card: Card, o: { readonly key: string }): Promise<MessageId>;
  /** The message posted under this key before a crash. Absent where posting twice under one key is harmless. */
  find?(thread: ThreadId, key: string): Promise<MessageId | undefined>;
  update(message: MessageId, card: Card): Promise<"ok" | "gone">;
  whisper(thread: ThreadId, person: Person, text: string): Promise<void>;
  /**
   * Where approval cards of a run stand; `deciders` may decide on it. Asked when the approval opens, maybe before
   * `start`. Absent: in the run's own thread, if that is this adapter's.
   */
  approvalPlaces?(
    run: { readonly thread: ThreadId; readonly requester: PersonId },
    deciders: readonly Person[],
  ): readonly ThreadId[];
  /** The account whose own a place is, such as direct messages; undefined, or absent, where several people read it. */
  ownerOf?(thread: ThreadId): string | undefined;
}
/** Each resolves after the commit. */
export interface ChatInbox extends SafetyInbox, RightsInbox {
  request(r: ChatRequest): Promise<Accepted | Refused>;
  decision(d: ClickedDecision): Promise<Accepted | Refused | AlreadyDecided>;
  cancel(run: RunId, person: string): Promise<Accepted | Refused>;
  /** Somebody does something about an undo that is stuck. */
  undo(click: UndoClick): Promise<Accepted | Refused>;
  /**
   * The author deleted or changed the message with this key: ends the run that it started while only the router has
   * worked on it. Else refused: "already-started", "already-answered" where it answered a
   * question, or "unknown-request" where it did neither: then it never will, and is refused as
   * "withdrawn" if it comes.
   */
  withdraw(key: string, person: PersonId): Promise<Accepted | Refused>;
  /** Somebody whom the adapter refused a look by itself; resolves when it is in the journal. */
  refused(person: string, code: string): Promise<void>;
}
