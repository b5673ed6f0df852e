import type { Person } from "../domain.ts";
import { AppError } from "../errors.ts";
import type { Policy } from "../policy-types.ts";
import { peopleFaults, type PolicyFault } from "./policy-faults.ts";
import { policySchema } from "./policy-schema.ts";

/** Fails with "bad-policy" where a policy cannot be meant; names each field, its value and what was expected. */
export function assertPolicy(policy: Policy): void {
  const parsed = policySchema.safeParse(policy);
  if (!parsed.success) {
    throw badPolicy(
      parsed.error.issues.map(({ path, message }) => ({ path: path.map((each) => String(each)), message })),
    );
  }
}

/** Fails with "bad-policy" where, with these people, something could be approved by nobody or by too few. */
export function assertApprovable(
  policy: Policy,
  people: readonly Person[],
  o: { readonly demo: boolean },
): void {
  const faults = peopleFaults(policy, people, o);
  if (faults.length > 0) {
    throw badPolicy(faults);
  }
}

/** One line for people: each fault with its field. */
export function faultText(faults: readonly PolicyFault[]): string {
  return faults.map(({ path, message }) => `policy.${path.join(".")}: ${message}`).join("; ");
}
function badPolicy(faults: readonly PolicyFault[]): AppError {
  return new AppError("bad-policy", `the policy of countersign.config.ts is refused: ${faultText(faults)}`);
}
