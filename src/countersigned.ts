import { atSignAccount } from "./accounts.ts";
import type { TrustView } from "./define-agent.ts";
import type { Assurance, Signed } from "./domain.ts";
import type {
  CountersignedDecision,
  DecisionStatement,
  DelegationStatement,
  Evidence,
  EvidencedDecision,
  EvidenceStatement,
  StandingStatement,
} from "./mandate-types.ts";

/** The role under which a person's own keys are granted. */
export const personRole = "person";

/** How somebody decides where no click counts, in words for them. */
export const howToCountersign =
  'sign it on a machine of your own with "countersign inbox --keys FILE" (the first time: "countersign inbox new")';

/** True for a verdict under the person's own signature. */
export function isCountersigned(
  signed: Signed<EvidenceStatement | DecisionStatement>,
): signed is Signed<CountersignedDecision> {
  return signed.statement.assurance === "countersigned";
}

/** What verdicts are worth together: as much as the least of them. */
export function weakestAssurance(decisions: readonly Signed<DecisionStatement>[]): Assurance {
  const given = new Set(decisions.map(({ statement }) => statement.assurance));
  return (["local", "clicked"] as const).find((each) => given.has(each)) ?? "countersigned";
}

/** Whether a granted key signed this at an atSign that the trust document calls this person's. */
export function isSignedByPerson(signed: Signed<CountersignedDecision>, trust: TrustView): boolean {
  const accounts = trust.person(signed.statement.person)?.accounts ?? [];
  return accounts.includes(atSignAccount(signed.signer.atSign)) && trust.verify(signed, personRole);
}

/** A verdict as it is judged, whatever proves it. */
export type ProvenVerdict = Omit<EvidenceStatement, "tag" | "adapter" | "assurance"> & {
  readonly assurance: Assurance;
};
export function verdictOf(evidence: Evidence): ProvenVerdict {
  if (!isCountersigned(evidence)) {
    return evidence.statement;
  }
  const { issuedAt, ...statement } = evidence.statement;
  return { ...statement, account: atSignAccount(evidence.signer.atSign), receivedAt: issuedAt };
}

/** All that the bot's evidence key must have signed in the evidence of a click. */
export function signedByBot(
  evidence: Signed<EvidenceStatement>,
): readonly Signed<EvidenceStatement | DelegationStatement | StandingStatement>[] {
  const { delegations = [], standing } = evidence.statement;
  return [evidence, ...delegations, ...(standing === undefined ? [] : [standing])];
}

/** What proves the verdict of a signed decision: for a countersigned one, itself. */
export function evidenceOf(decision: Signed<DecisionStatement>): Evidence {
  return isCountersigned(decision) ? decision : (decision as Signed<EvidencedDecision>).statement.evidence;
}
