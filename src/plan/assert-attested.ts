import type { TrustView } from "../define-agent.ts";
import type { Signed } from "../domain.ts";
import { AppError } from "../errors.ts";
import type { AttestationStatement } from "../mandate-types.ts";

/**
 * Fails with code "not-attested" unless both financial and compliance attested exactly this plan. Nobody is shown a
 * plan that could not be carried out after the approval: the executing agent checks the same.
 */
export function assertAttested(
  plan: Pick<AttestationStatement, "planHash" | "run" | "revision">,
  attestations: readonly Signed<AttestationStatement>[],
  trust: Pick<TrustView, "verify">,
): void {
  for (const role of ["financial", "compliance"] as const) {
    const good = attestations.some(
      (each) =>
        each.statement.role === role &&
        each.statement.planHash === plan.planHash &&
        each.statement.run === plan.run &&
        each.statement.revision === plan.revision &&
        trust.verify(each, role),
    );
    if (!good) {
      throw new AppError("not-attested", `the plan carries no valid attestation by ${role}`);
    }
  }
}
