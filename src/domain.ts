/** The nouns of the product. Imports nothing. Times are integer milliseconds UTC unless a name says otherwise. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type AtSign = `@${string}`;
export type RunId = string;
export type StepId = string;
export type AgentId = string;
export type PersonId = string;
export type ApprovalId = string;

/** `amount`: a decimal string with exactly the currency's minor digits, e.g. {"amount":"1200.00","currency":"USD"}. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

export interface ErrorInfo {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

// People and chat -----------------------------------------------------------------------------------------------

export const roles = ["employee", "purchasing", "manager", "director", "admin"] as const;
export type Role = (typeof roles)[number];

export interface Person {
  readonly id: PersonId;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly active: boolean;
  /** Who this person is on the command line. */
  readonly osUser?: string | undefined;
  /** Who this person is in chats: `adapter:TEAM/USER`, each account at one person only. */
  readonly accounts: readonly string[];
}

/** Opaque; only the adapter named before the first ":" encodes and decodes it, e.g. "console:…", "terminal:…". */
export type ThreadId = `${string}:${string}`;

export type MessageId = string;

export interface ChatRequest {
  /** Deterministic key of the chat message, for de-duplication: adapter, place, time, author. */
  readonly key: string;
  readonly thread: ThreadId;
  readonly person: PersonId;
  readonly text: string;
  /** Not written to the bot: the answer that a run in this thread waits for, or nothing. */
  readonly onlyAnswer?: boolean;
}

export type Verdict = "approved" | "rejected";

/** How a decision was given; see README, "What a decision is worth". */
export type Assurance = "local" | "clicked" | "countersigned";

export interface Accepted {
  readonly outcome: "accepted";
  readonly run: RunId;
  /** Of an approval: how many more people's are needed. Absent: none. */
  readonly more?: number;
}

export interface Refused {
  readonly outcome: "refused";
  readonly error: ErrorInfo;
}

// Runs ----------------------------------------------------------------------------------------------------------

export const runStatuses = [
  "running",
  "waiting",
  "compensating",
  "completed",
  "failed",
  "cancelled",
] as const;
export type RunStatus = (typeof runStatuses)[number];
export const stepStatuses = [
  "pending",
  "queued",
  "waiting",
  "completed",
  "failed",
  "skipped",
  "compensating",
  "compensated",
] as const;
export type StepStatus = (typeof stepStatuses)[number];

export type StepKind = "call" | "compute" | "approval" | "ask";

/** What a skill does to the world: nothing, the books only (one transaction), or something outside. */
export type Effect = "read" | "write" | "irreversible";

/** What can be done about an effect of a plan afterwards: undo it, make up for it, or nothing. */
export type Reversibility = "reversible" | "compensable" | "irreversible";

export interface WorkflowRef {
  readonly id: string;
  readonly version: number;
  /** SHA-256 over the definition's structure: a changed definition needs a new version. */
  readonly structure: string;
}

/** One step of a workflow as pure data: all that `advance` may know of a definition. */
export interface PlannedStep {
  readonly id: StepId;
  readonly kind: StepKind;
  readonly agent: AgentId | null;
  readonly skill: string | null;
  readonly effect: Effect;
  readonly needs: readonly StepId[];
  /** From dispatch until a result must have been applied. */
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly backoffMs: number;
  /** The skill of the same agent that undoes this step, when it has an effect that can be undone. */
  readonly undo: string | null;
  /** Of an irreversible step: the skill of the same agent that finds out whether it was done. Absent: nobody can. */
  readonly reconcile?: string;
  /** The approval and the attestations renewed after it, whose mandate this step's skill requires. */
  readonly mandate: { readonly gate: StepId; readonly attestations: readonly StepId[] } | null;
}

export interface StepState {
  readonly id: StepId;
  readonly status: StepStatus;
  /** Counts from 1 within a revision; 0 = never dispatched. Of these, `waits` only waited for newer trust. */
  readonly attempt: number;
  readonly waits?: number;
  /** Raised by every (re-)queueing, so that a queue never ignores a job for its id. */
  readonly dispatch: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When the sweeper must look at it again: a retry's start, a deadline, an expiry. */
  readonly dueAt: number | null;
  /** Earlier times at which people who are waited for are reminded, ascending. */
  readonly remindAt?: readonly number[];
  readonly error: ErrorInfo | null;
}

export type EndReason = "rejected" | "expired" | "requested";

export interface Run {
  readonly id: RunId;
  readonly workflow: WorkflowRef | null;
  readonly revision: number;
  /** Compare-and-set counter of the stored row; 0 = not stored yet. */
  readonly version: number;
  readonly status: RunStatus;
  readonly reason: EndReason | null;
  readonly error: ErrorInfo | null;
  readonly requester: PersonId;
  readonly thread: ThreadId;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Nothing new is begun; what is under way finishes. */
  readonly paused?: true;
  /** It waits for its turn: too many others are in progress. */
  readonly held?: true;
  readonly steps: readonly StepState[];
}

export type ApprovalStatus = "open" | "recorded" | "decided" | "withdrawn" | "expired";

/** A person's verdict, as the record has it. */
export interface Decision {
  readonly by: PersonId;
  /** Whose right it was, where they stood in for somebody. */
  readonly insteadOf?: PersonId;
  readonly verdict: Verdict;
  readonly at: number;
  readonly assurance: Assurance;
  readonly adapter: string;
  /** Where it was signed, if by the person: atSign/MACHINE. */
  readonly signedAt?: string;
  /** They decided alone where several must. */
  readonly brokeGlass?: true;
  /** Approved in advance, by the standing grant with this id: nobody looked at this plan. */
  readonly standing?: string;
}

/**
 * One approval, written in the same transaction as its run. `open` (as long as approvals of its quorum are missing) →
 * `recorded` (the verdicts that decide it are committed, each with signed evidence) → `decided` (the HITL agent
 * signed). Of each person only the first verdict counts.
 */
export interface Approval {
  readonly id: ApprovalId;
  readonly run: RunId;
  readonly revision: number;
  readonly step: StepId;
  readonly action: string;
  readonly planHash: string;
  readonly status: ApprovalStatus;
  readonly requester: PersonId;
  /** As the plan says. */
  readonly editors?: readonly PersonId[];
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Of the policy, by name; null in rows from before there were tiers. */
  readonly tier: string | null;
  readonly quorum: number;
  /** Oldest first, at most one of each person; the last one is `decision` once it is decided. */
  readonly decisions: readonly Decision[];
  /** How often people were reminded. */
  readonly notices: number;
  /** When it was passed on to further roles. */
  readonly escalatedAt: number | null;
  /** The verdict that ended it: a rejection, or the approval that made the quorum full. */
  readonly decision: Decision | null;
}

// Plan ----------------------------------------------------------------------------------------------------------

export interface Address {
  readonly name: string;
  readonly street: string;
  readonly city: string;
  readonly postcode: string;
  readonly country: string;
}

export interface OrderLine {
  readonly part: string;
  readonly description: string;
  readonly quantity: string;
  readonly unit: string;
  readonly unitPrice: Money;
  readonly maxUnitPrice: Money;
  readonly total: Money;
}

export interface PlannedOrder {
  /** Our reference, the supplier's idempotency key: run, revision and a number. */
  readonly id: string;
  readonly supplier: string;
  readonly supplierName: string;
  readonly bankAccount: string;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly freightMethod: string;
  readonly freight: Money;
  readonly tax: Money;
  readonly total: Money;
  readonly maxTotal: Money;
  /** Only when `currency` is not the company's: units of company currency per unit, and the total exchanged. */
  readonly rate?: string;
  readonly companyTotal?: Money;
  /** ISO dates (days). */
  readonly expectedDelivery: string;
  readonly validUntil: string;
}

/** What may be done instead without asking again, because the approver saw it in the plan. */
export type Fallback =
  | { readonly order: string; readonly action: "alternative"; readonly replacement: PlannedOrder }
  | { readonly order: string; readonly action: "hold" | "escalate"; readonly note: string };

export interface PlanDocument {
  readonly schema: "countersign/plan/1";
  readonly run: RunId;
  readonly revision: number;
  readonly workflow: { readonly id: string; readonly version: number };
  readonly requester: PersonId;
  /** Who changed the plan since it was asked for: authors like the requester. */
  readonly editors?: readonly PersonId[];
  /** Parts that are missing and not bought, because an editor left them out. */
  readonly leftOut?: readonly string[];
  readonly request: { readonly customer: string; readonly item: string; readonly quantity: string };
  readonly customerName: string;
  readonly itemName: string;
  readonly project: string;
  readonly shipTo: Address;
  readonly orders: readonly PlannedOrder[];
  readonly total: Money;
  readonly tradeOff: string;
  readonly quote: { readonly total: Money; readonly marginPercent: string };
  readonly fallbacks: readonly Fallback[];
  readonly effects: readonly {
    readonly step: StepId;
    readonly description: string;
    readonly reversibility: Reversibility;
  }[];
  readonly policySerial: number;
  /** Nothing of it is carried out: a mandate for it is worth nothing outside shadow mode. */
  readonly shadow?: true;
  /** ISO 8601 UTC; an attestation or decision on it never outlives this. */
  readonly validUntil: string;
}

export interface AgentAddress {
  readonly atSign: AtSign;
  readonly instance: string;
}

/** A statement (with a domain tag) and the Ed25519 signature (base64) over its canonical JSON, by a granted key. */
export interface Signed<T> {
  readonly statement: T;
  readonly signer: AgentAddress;
  readonly signature: string;
}
