import type { Approval, ApprovalId, Assurance, PersonId, Verdict } from "./domain.ts";

/** What adapters pass on of what people decide. */

/** A click or its like, as an adapter received it from a verified person. */
export interface ClickedDecision {
  readonly approval: ApprovalId;
  readonly person: PersonId;
  readonly verdict: Verdict;
  readonly reason?: string;
  readonly adapter: string;
  /** Which of the person's accounts it was given by, where the adapter's platform has accounts. */
  readonly account?: string;
  /** Of the plan that was shown with the button, where there was one: no other plan is decided by it. */
  readonly planHash?: string;
  readonly assurance: Exclude<Assurance, "countersigned">;
  /** The person wants to decide alone where several must; needs a reason. */
  readonly breakGlass?: true;
}

/** Somebody or something was first. */
export interface AlreadyDecided {
  readonly outcome: "already-decided";
  readonly approval: Approval;
}

/** A person hands their right to decide to another, for one approval or until a time. */
export interface Delegating {
  readonly from: PersonId;
  readonly to: PersonId;
  /** Null = all that `from` may decide, for `hours`. */
  readonly approval: ApprovalId | null;
  readonly hours: number;
  readonly adapter: string;
  readonly account?: string;
  readonly assurance: Exclude<Assurance, "countersigned">;
}
export interface Delegated {
  readonly outcome: "delegated";
  readonly id: string;
  readonly until: number;
}
