import { atSignAccount } from "./accounts.ts";
import type { TrustView } from "./define-agent.ts";
import type { Signed } from "./domain.ts";
import type { CountersignedDecision, DecisionStatement, EvidenceStatement } from "./mandate-types.ts";

/** The role under which a person's own keys are granted. */
export const personRole = "person";

/** True for a verdict under the person's own signature. */
export function isCountersigned(
  signed: Signed<EvidenceStatement | DecisionStatement>,
): signed is Signed<CountersignedDecision> {
  return signed.statement.assurance === "countersigned";
}

/** Whether a granted key signed this at an atSign that the trust document calls this person's. */
export function isSignedByPerson(signed: Signed<CountersignedDecision>, trust: TrustView): boolean {
  const accounts = trust.person(signed.statement.person)?.accounts ?? [];
  return accounts.includes(atSignAccount(signed.signer.atSign)) && trust.verify(signed, personRole);
}
