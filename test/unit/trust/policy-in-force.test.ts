import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy } from "../../../src/policy-types.ts";
import { assertPolicyInForce } from "../../../src/trust/policy-in-force.ts";
import { policy } from "../../fakes/trust-world.ts";

test("the signed policy is in force, whatever the order of its fields", () => {
  const { ask, approve, ...rest } = policy;
  const { roles, ...others } = approve;
  assertPolicyInForce({ ...rest, approve: { ...others, roles }, ask }, policy);
});

test("every difference is refused and named, on whichever side it is", () => {
  const changed: Policy = { ...policy, marginPercent: "26", approve: { ...policy.approve, quorum: 2 } };
  const more = { ...policy, delegation: { longestHours: 24 } };
  for (const [configured, signed, names] of [
    [changed, policy, "approve, marginPercent"],
    [policy, changed, "approve, marginPercent"],
    [more, policy, "delegation"],
    [policy, more, "delegation"],
  ] as const) {
    assert.throws(() => assertPolicyInForce(configured, signed), {
      code: "policy-not-signed",
      message: new RegExp(`in ${names}: run "countersign trust sign"`),
    });
  }
});
