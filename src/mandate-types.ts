import type { ApprovalId, Assurance, PersonId, RunId, Signed, Verdict } from "./domain.ts";

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
}

/** What the HITL agent signs once it has checked the evidence. */
export interface DecisionStatement {
  readonly tag: "countersign/decision/1";
  readonly planHash: string;
  readonly run: RunId;
  readonly revision: number;
  readonly approval: ApprovalId;
  readonly verdict: Verdict;
  readonly person: PersonId;
  readonly assurance: Assurance;
  readonly issuedAt: string;
  readonly expiry: string;
  readonly evidence: Signed<EvidenceStatement>;
}

/** All that a committing skill takes. `plan` is the canonical JSON text whose SHA-256 every signature names. */
export interface Mandate {
  readonly plan: string;
  readonly attestations: readonly Signed<AttestationStatement>[];
  readonly decisions: readonly Signed<DecisionStatement>[];
}
