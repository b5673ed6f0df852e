import type { Card } from "./card.ts";
import type {
  AgentId,
  Approval,
  ApprovalId,
  AtSign,
  ErrorInfo,
  Json,
  Person,
  PersonId,
  Run,
  RunId,
  StepId,
  StepStatus,
} from "./domain.ts";
import type { PlanChange } from "./edit-types.ts";
import type { UndoId } from "./undo-types.ts";

/**
 * What people may look at: the read side that adapters and the command line share. Active viewers see their own and, as
 * managers or admins, all.
 */

export interface RunSummary extends Pick<
  Run,
  "id" | "status" | "reason" | "error" | "requester" | "thread" | "createdAt" | "updatedAt"
> {
  readonly title: string;
  /** It is open, and nothing new of it is begun. */
  readonly paused: boolean;
}
export interface StepDetail {
  readonly id: StepId;
  /** The id in words. */
  readonly label: string;
  readonly agent: AgentId | null;
  readonly atSign: AtSign | null;
  readonly status: StepStatus;
  readonly ms: number | null;
  readonly error: ErrorInfo | null;
  readonly input: Json;
  readonly output: Json;
}
/** A question that the requester was asked, and their answer. */
export interface Answered {
  readonly question: string;
  readonly answer: string;
  /** Counts from 1 within the run. */
  readonly number?: number;
  /** Who wanted to know before they decide; null: the router or a step. */
  readonly by?: PersonId | null;
}
export interface RunDetail extends RunSummary {
  readonly requestText: string;
  readonly steps: readonly StepDetail[];
  readonly dialogue: readonly Answered[];
  /** What the requester was asked and has not answered yet. */
  readonly question: string | null;
  readonly approvals: readonly Approval[];
  readonly plan: { readonly hash: string; readonly document: Json } | null;
  /** Plans that took another's place, oldest first. */
  readonly plannedAnew: readonly PlannedAnew[];
  /** Why this revision was rejected, in the decider's words. */
  readonly verdictReason: string | null;
}
/** A plan of a later revision. */
export interface PlannedAnew {
  readonly revision: number;
  /** The revision of the plan before. */
  readonly before: number;
  /** Who changed it, or what happened; null where nobody said. */
  readonly because: string | null;
  readonly changes: readonly PlanChange[];
}
export interface KeyedCard {
  readonly key: string;
  readonly card: Card;
}
export interface ShownApproval {
  readonly approval: Approval;
  readonly card: Card;
}
export interface ShownUndo {
  readonly id: UndoId;
  readonly card: Card;
}
export interface AgentInfo {
  readonly id: AgentId;
  readonly atSign: AtSign;
  readonly description: string;
  readonly inFlight: number;
  readonly health: AgentHealth;
  /** Those that are there, by name. */
  readonly instances: readonly AgentInstance[];
}
export interface AgentInstance {
  readonly instance: string;
  /** Takes new requests. */
  readonly open: boolean;
  /** Where it runs, in the company's own words. */
  readonly region: string | null;
}
export interface AgentHealth {
  /** "silent": asked a while ago, and nothing was heard since; "unreachable": nobody holds a valid grant for it. */
  readonly state: "idle" | "busy" | "silent" | "unreachable";
  /** A few words, with times. */
  readonly text: string;
}
export interface Desk {
  /** Newest first: the viewer's own, or all for managers and admins when `all` is set. */
  runs(
    viewer: PersonId,
    o?: { readonly all?: boolean; readonly limit?: number },
  ): Promise<readonly RunSummary[]>;
  /** Undefined when there is no such run or the viewer may not see it. */
  run(id: RunId, viewer: PersonId): Promise<RunDetail | undefined>;
  /** Cards of a run as they should look now. */
  cards(id: RunId, viewer: PersonId): Promise<readonly KeyedCard[]>;
  /** Approvals the viewer may see, open ones first, or only those when `open` is set; each with its card. */
  approvals(viewer: PersonId, o?: { readonly open?: boolean }): Promise<readonly ShownApproval[]>;
  approvalCard(id: ApprovalId, viewer: PersonId): Promise<Card | undefined>;
  /** Undos that need a person, newest run first; nothing for who may do nothing about them. */
  undos(viewer: PersonId): Promise<readonly ShownUndo[]>;
  /** Undefined when there is no such undo, or the viewer may not see it. */
  undoCard(id: UndoId, viewer: PersonId): Promise<Card | undefined>;
  agents(): Promise<readonly AgentInfo[]>;
  person(id: PersonId): Person | undefined;
  /** Whose chat account this is, active or not: the caller looks. */
  personOf(account: string): Person | undefined;
  people(): readonly Person[];
  /** True only with the demo company: people may be chosen freely. */
  readonly demo: boolean;
}
