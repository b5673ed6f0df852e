import type { Approval, ApprovalId, Assurance, Money, PersonId, RunId, Signed, Verdict } from "./domain.ts";
import type { ActStatement } from "./safety-types.ts";

/** What a mandate is made of: who attested and who decided on a plan, each in a signed statement. */

/** An agent's word that a plan is right by its own books. */
export interface AttestationStatement {
  readonly tag: "countersign/attestation/1";
  readonly planHash: string;
  readonly run: RunId;
  readonly revision: number;
  readonly role: "financial" | "compliance";
  readonly verdict: "approved";
  readonly issuedAt: string;
  readonly expiry: string;
}

/** That a person hands their right to decide to another, as the bot's evidence key signs it on receipt. */
export interface DelegationStatement {
  readonly tag: "countersign/delegation/1";
  readonly id: string;
  readonly from: PersonId;
  readonly to: PersonId;
  /** For this one alone; null = for all that `from` may decide. */
  readonly approval: ApprovalId | null;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly assurance: Exclude<Assurance, "countersigned">;
  readonly adapter: string;
  readonly account?: string;
  readonly receivedAt: string;
}

/** The plans that are approved in advance, and how many of them. */
export interface StandingTerms {
  readonly id: string;
  /** Whose requests; null = of all who may ask: then a workflow is named. */
  readonly requester: PersonId | null;
  /** Id of a workflow; null = all. */
  readonly workflow: string | null;
  /** Null = all, here and below. */
  readonly customers: readonly string[] | null;
  /** Of every order, and of what may be ordered instead. */
  readonly suppliers: readonly string[] | null;
  readonly currencies: readonly string[];
  /** What one plan may cost at most, and all of them together; in company currency. */
  readonly each: Money;
  readonly inAll: Money;
  readonly uses: number;
  /** Of the policy, by name: no plan of another one is covered. */
  readonly tier: string;
  readonly notBefore: string;
  readonly notAfter: string;
}
/** That a person approves such plans in advance, as the bot's evidence key signs it on receipt. */
export interface StandingStatement extends ActStatement {
  readonly tag: "countersign/standing/1";
  readonly terms: StandingTerms;
}

/** What the bot's evidence key signs on receipt of a click, before the platform is acknowledged. */
export interface EvidenceStatement {
  readonly tag: "countersign/evidence/1";
  readonly approval: ApprovalId;
  readonly planHash: string;
  readonly run: RunId;
  readonly revision: number;
  readonly verdict: Verdict;
  readonly person: PersonId;
  readonly requester: PersonId;
  readonly assurance: Exclude<Assurance, "countersigned">;
  readonly adapter: string;
  /** Which of the person's accounts clicked, where the platform has accounts. */
  readonly account?: string;
  /** Serial of the trust document by which the bot knew the person and the account. */
  readonly trustSerial?: number;
  readonly receivedAt: string;
  /** Where the person decides by a right that was handed to them: by whom, hand by hand. */
  readonly delegations?: readonly Signed<DelegationStatement>[];
  /** Who changed the plan since it was asked for. */
  readonly editors?: readonly PersonId[];
  /** The person decides alone where several must, in an emergency, and said why. */
  readonly breakGlass?: true;
  /** Nobody looked at this plan: the person approved such plans in advance, and how. */
  readonly standing?: Signed<StandingStatement>;
}

/** A person's verdict on exactly one plan. */
interface DecidedPlan {
  readonly tag: "countersign/decision/1";
  readonly planHash: string;
  readonly run: RunId;
  readonly revision: number;
  readonly approval: ApprovalId;
  readonly verdict: Verdict;
  readonly person: PersonId;
  readonly issuedAt: string;
  readonly expiry: string;
}
/** What the HITL agent signs once it has checked the evidence. */
export interface EvidencedDecision extends DecidedPlan {
  readonly assurance: Exclude<Assurance, "countersigned">;
  readonly evidence: Signed<EvidenceStatement>;
}
/** What a person signs on a machine of their own, having been shown the plan from the very bytes that `planHash` names. */
export interface CountersignedDecision extends DecidedPlan {
  readonly assurance: "countersigned";
  readonly requester: PersonId;
  /** Serial of the trust document by which that machine knew the person and the attesting agents. */
  readonly trustSerial: number;
}
export type DecisionStatement = EvidencedDecision | CountersignedDecision;

/** What proves a person's verdict: the bot's word for a click, or the person's own signature. */
export type Evidence = Signed<EvidenceStatement> | Signed<CountersignedDecision>;

/** An open approval with the bytes it is about and the attestations it was opened with. */
export interface ApprovalPaper {
  readonly approval: Approval;
  /** Canonical JSON. */
  readonly plan: string;
  readonly attestations: readonly Signed<AttestationStatement>[];
}

/** All that a committing skill takes. `plan` is the canonical JSON text whose SHA-256 every signature names. */
export interface Mandate {
  readonly plan: string;
  readonly attestations: readonly Signed<AttestationStatement>[];
  readonly decisions: readonly Signed<DecisionStatement>[];
}
