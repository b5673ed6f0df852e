import type { Delegated, Delegating } from "./decision-types.ts";
import type { Accepted, Approval, ApprovalId, Money, PersonId, Refused, RunId, Signed } from "./domain.ts";
import type { DelegationStatement, StandingStatement, StandingTerms } from "./mandate-types.ts";
import type { SafetyAct } from "./safety-types.ts";

/** Rights to decide beside the decisions themselves: what people do about them, and what is kept. */

export interface Done {
  readonly outcome: "done";
  readonly id: string;
  /** What was done and what comes next, in words. */
  readonly text: string;
}

/** What somebody wants to have approved in advance; see `StandingTerms`. */
export type ProposedTerms = Pick<
  StandingTerms,
  "requester" | "workflow" | "customers" | "suppliers" | "each" | "inAll" | "uses"
> & {
  /** Default: the company's. */
  readonly currencies?: readonly string[];
  /** Default: the one of the amount `each`. */
  readonly tier?: string;
  /** ISO 8601 UTC. */
  readonly until: string;
};
/** A standing grant in the record. */
export interface StandingGrant {
  readonly terms: StandingTerms;
  /** Who proposed it, and when (milliseconds, as below). */
  readonly by: PersonId;
  readonly at: number;
  readonly given: readonly Signed<StandingStatement>[];
  readonly revoked: { readonly by: PersonId; readonly at: number } | null;
  readonly uses: readonly StandingUse[];
}
export interface StandingUse {
  readonly approval: ApprovalId;
  readonly run: RunId;
  /** What the plan may cost at most. */
  readonly amount: Money;
  readonly at: number;
}
export type StandingStatus = "waiting" | "in-force" | "used-up" | "expired" | "revoked" | "refused";
export interface StandingView {
  readonly terms: StandingTerms;
  readonly by: PersonId;
  readonly status: StandingStatus;
  /** Why the policy does not allow it (any more); else null. */
  readonly refused: string | null;
  /** Who approved it, and how many must. */
  readonly approvedBy: readonly PersonId[];
  readonly quorum: number;
  readonly left: { readonly uses: number; readonly amount: Money };
  readonly uses: readonly StandingUse[];
}

/** The same for somebody who looks at it: with what they may do about it as it stands. */
export interface ShownStanding extends StandingView {
  readonly may: { readonly approve: boolean; readonly revoke: boolean };
}

/** The part of the inbox that gives rights and takes them back. Each resolves after the commit. */
export interface RightsInbox {
  /** Somebody hands their right to decide to somebody else. */
  delegate(d: Delegating): Promise<Delegated | Refused>;
  /** Ends a delegation at once; see `Delegations`. */
  takeBack(act: SafetyAct, delegation: string): Promise<Done | Refused>;
  /** Those in force that this person gave or holds; all where they may end other people's requests. */
  delegations(viewer: PersonId): Promise<readonly DelegationStatement[]>;
  /** Asks the requester something before deciding; the approval stays open, with its times. */
  askBack(act: SafetyAct, approval: ApprovalId, text: string): Promise<Accepted | Refused>;
  /** What was decided alone and nobody has reviewed; for who may cancel other people's requests. Oldest first. */
  unreviewed(viewer: PersonId): Promise<readonly Approval[]>;
  review(act: SafetyAct, approval: ApprovalId, note: string): Promise<Done | Refused>;
  /** `terms`: a `ProposedTerms`, not looked at yet. */
  proposeStanding(act: SafetyAct, terms: unknown): Promise<Done | Refused>;
  /** In force once as many have approved it as must approve such a plan. */
  approveStanding(act: SafetyAct, id: string): Promise<Done | Refused>;
  /** At once and for good. */
  revokeStanding(act: SafetyAct, id: string): Promise<Done | Refused>;
  /**
   * Those that this person proposed, approved, may approve, take back or use; all where they may end other people's
   * requests. Newest first.
   */
  standing(viewer: PersonId): Promise<readonly ShownStanding[]>;
}
