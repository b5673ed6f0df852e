import { canonicalJson } from "../canonical.ts";
import { AppError } from "../errors.ts";
import type { Policy } from "../policy-types.ts";

/**
 * Refuses a start whose configured policy is not the signed one: everyone evaluates the signed one, and whoever edited
 * the configuration must not believe that it is in force. Throws `policy-not-signed`, naming the rules that differ.
 */
export function assertPolicyInForce(configured: Policy, signed: Policy): void {
  const rules = new Set([...keysOf(configured), ...keysOf(signed)]);
  const differing = [...rules].filter((rule) => textOf(configured[rule]) !== textOf(signed[rule])).toSorted();
  if (differing.length > 0) {
    throw new AppError(
      "policy-not-signed",
      `the policy of countersign.config.ts differs from the signed one in ${differing.join(", ")}: run "countersign trust sign", or take the change back`,
    );
  }
}

function keysOf(policy: Policy): readonly (keyof Policy)[] {
  return Object.keys(policy) as (keyof Policy)[];
}

/** A rule that only one side has is a difference too. */
function textOf(rule: Policy[keyof Policy] | undefined): string {
  return rule === undefined ? "" : canonicalJson(rule);
}
