import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy } from "../../../src/policy-types.ts";
import { policy } from "../../fakes/trust-world.ts";
import { mandateBench } from "../../fakes/mandate-bench.ts";

const { time, world, trust, sample, plan, check, refused } = await mandateBench();

test("decisions: rights that were handed on, tiers and emergencies are judged by the verifier's own document", () => {
  const tiers = [
    { name: "small", from: { amount: "0", currency: "USD" }, below: { amount: "100", currency: "USD" } },
    { name: "large", from: { amount: "100", currency: "USD" }, quorum: 2 },
  ] as const;
  const approve = { ...policy.approve, tiers };
  const rules: Policy = { ...policy, approve, delegation: { longestHours: 24 } };
  const under = (change: Partial<typeof rules> = {}) => ({
    trust: { ...trust, policy: { ...rules, ...change } },
  });
  const by = (person: string, evidence: object = {}) => sample.decision(plan, { person, evidence });
  const both = (...decisions: ReturnType<typeof by>[]) => sample.mandate(plan, { decisions });

  assert.deepEqual(check(both(by("manager"), by("manager-2")), under()).decidedBy, ["manager", "manager-2"]);
  refused("quorum", both(by("manager")), under());
  refused("quorum", both(by("manager"), by("manager")), under());
  const [, large] = tiers;
  const strict = { ...approve, tiers: [tiers[0], { ...large, quorum: 3 }] };
  refused("quorum", both(by("manager"), by("manager-2")), under({ approve: strict }));

  const handed = (change: object = {}, signer = "evidence") => ({
    delegations: [
      world.sign(signer, {
        tag: "countersign/delegation/1",
        id: "d1",
        from: "manager",
        to: "employee-2",
        approval: null,
        notBefore: world.time(0),
        notAfter: world.time(0.5),
        assurance: "clicked",
        adapter: "console",
        receivedAt: world.time(0),
        ...change,
      } as const),
    ],
  });
  const helper = {
    id: "employee-2",
    name: "Help Example",
    roles: ["employee"],
    active: true,
    accounts: [],
  } as const;
  const helped = {
    ...trust,
    policy: rules,
    person: (id: string) => (id === helper.id ? helper : trust.person(id)),
  };
  const o = { trust: helped };
  const accepted = check(both(by("employee-2", handed()), by("manager-2")), o);
  assert.deepEqual(accepted.decidedBy, ["employee-2", "manager", "manager-2"]);
  refused("quorum", both(by("employee-2", handed()), by("manager")), o);
  refused("not-allowed", both(by("employee-2"), by("manager-2")), o);
  refused("not-allowed", both(by("employee-2", handed({ notAfter: world.time(0) })), by("manager-2")), o);
  refused("not-allowed", both(by("employee-2", handed({ approval: "approval2" })), by("manager-2")), o);
  refused("evidence", both(by("employee-2", handed({}, "hitl")), by("manager-2")), o);
  const toRequester = handed({ to: "employee" });
  refused("own-request", both(by("employee", toRequester), by("manager-2")), o);

  refused("no-break-glass", both(by("manager", { breakGlass: true })), under());
  const breakGlass = {
    roles: ["manager" as const],
    most: { count: 1, days: 1 },
    announceTo: ["manager-2"],
    upTo: { amount: "500", currency: "USD" },
  };
  const emergency = (upTo: string) => ({
    trust: {
      ...trust,
      policy: { ...rules, breakGlass: { ...breakGlass, upTo: { amount: upTo, currency: "USD" } } },
    },
  });
  assert.deepEqual(check(both(by("manager", { breakGlass: true })), emergency("500")).decidedBy, ["manager"]);
  refused("break-glass-limit", both(by("manager", { breakGlass: true })), emergency("50"));
});
