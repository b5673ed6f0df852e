import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import companyConfig from "../../countersign.config.ts";
import type { DelegationStatement } from "../../src/mandate-types.ts";
import { askedOf, judge, lookUp, type VerdictFacts } from "../../src/policy/may-decide.ts";
import { exampleFailures, policyExamplesSchema } from "../../src/policy/policy-examples.ts";
import { distinctApprovals } from "../../src/policy/quorum.ts";
import { satisfies } from "../../src/policy/satisfies.ts";
import { stakeOf, tierFor, timesOf } from "../../src/policy/tiers.ts";
import type { Policy } from "../../src/policy-types.ts";
import { samplePlan, sampleReplacement } from "../fakes/sample-plan.ts";
import { at, people, policy, tiers, time, usd } from "../fakes/policy-world.ts";

test("lesson 23: a plan's tier goes by what it may cost at most, and by its risks", () => {
  const tierOf = (change: Parameters<typeof samplePlan>[0], rules = policy) =>
    tierFor(rules, stakeOf(samplePlan(change), rules)).name;
  assert.equal(tierOf({}), "large", "520.30");
  const cheap = { ...samplePlan().orders[0], total: usd("499.99") } as ReturnType<typeof sampleReplacement>;
  assert.equal(tierOf({ orders: [cheap] }), "small");
  assert.equal(tierOf({ orders: [{ ...cheap, total: usd("500.00") }] }), "large", "the limit itself");
  const fallbacks = [{ order: "run1-1-1", action: "alternative", replacement: sampleReplacement() } as const];
  assert.equal(tierOf({ orders: [cheap], fallbacks }), "large", "what may be ordered instead is dearer");
  const [small, large] = tiers;
  for (const risk of ["irreversible", "low-margin"] as const) {
    const wary = {
      ...policy,
      approve: { ...policy.approve, tiers: [small, { ...large, alsoWhen: [risk] }] },
    };
    assert.equal(tierOf({ orders: [cheap] }, wary), "large", risk);
  }
  const rising = {
    ...policy,
    approve: { ...policy.approve, tiers: [small, { ...large, alsoWhen: ["foreign-currency" as const] }] },
  };
  assert.equal(tierOf({ orders: [cheap] }, rising), "small");
});

const handed = (
  from: string,
  to: string,
  change: Partial<DelegationStatement> = {},
): DelegationStatement => ({
  tag: "countersign/delegation/1",
  id: `${from}-${to}`,
  from,
  to,
  approval: null,
  notBefore: time(0),
  notAfter: time(24),
  assurance: "clicked",
  adapter: "console",
  receivedAt: time(0),
  ...change,
});
const judged = (id: string, change: Partial<VerdictFacts> = {}, rules = policy) => {
  const result = judge(rules, id, {
    tier: tierFor(rules, { amount: usd("1"), risks: [] }),
    requester: "employee",
    assurance: "clicked",
    demo: false,
    at: at + 3_600_000,
    approval: "a1",
    person: lookUp(people),
    ...change,
  });
  return result.refused === null ? result.right : result.refused.code;
};

test("delegation: for a time or one approval, never to an author, no further than the policy says", () => {
  const by = (...delegations: DelegationStatement[]) => ({ delegations });
  assert.equal(judged("helper"), "not-allowed");
  assert.equal(judged("helper", by(handed("manager", "helper"))), "manager");
  assert.equal(judged("manager-2", by(handed("manager", "manager-2"))), "manager-2", "one's own right first");
  assert.equal(judged("helper", by(handed("manager", "helper", { approval: "a1" }))), "manager");
  assert.equal(judged("helper", by(handed("manager", "helper", { approval: "a2" }))), "not-allowed");
  assert.equal(
    judged("helper", by(handed("manager", "helper", { notAfter: time(1) }))),
    "not-allowed",
    "over",
  );
  assert.equal(
    judged("helper", by(handed("manager", "helper", { notBefore: time(2) }))),
    "not-allowed",
    "not yet",
  );
  assert.equal(
    judged("helper", by(handed("manager", "helper", { notAfter: time(49) }))),
    "not-allowed",
    "too long",
  );
  assert.equal(
    judged("helper", by(handed("employee", "helper"))),
    "not-allowed",
    "who has none hands on none",
  );
  assert.equal(
    judged("employee", by(handed("manager", "employee"))),
    "own-request",
    "never to the requester",
  );
  assert.equal(
    judged("helper", { ...by(handed("manager", "helper")), requester: "manager" }),
    "not-allowed",
    "nor the requester's",
  );
  assert.equal(judged("helper", { ...by(handed("manager", "helper")), editors: ["helper"] }), "own-request");
  assert.equal(judged("manager", { editors: ["manager"] }), "own-request");
  const chain = by(handed("manager", "employee"), handed("employee", "helper"));
  assert.equal(judged("helper", { ...chain, requester: "director" }), "not-allowed", "no chains");
  const longer = { ...policy, delegation: { longestHours: 48, longestChain: 2 } };
  assert.equal(judged("helper", { ...chain, requester: "director" }, longer), "manager");
  assert.equal(judged("helper", chain, longer), "not-allowed", "not over the requester's hands");
  const local = by(handed("manager", "helper", { assurance: "local" }));
  assert.equal(judged("helper", local), "not-allowed", "handed on in a way that the tier does not accept");
  const { delegation: _none, ...without } = policy;
  assert.equal(judged("helper", by(handed("manager", "helper")), without), "not-allowed");
});

test("absence: the fallback decides meanwhile; who is away is not asked", () => {
  const away = { person: "manager", from: time(0), to: time(2) };
  const absences = [{ ...away, fallback: { people: ["helper"] } }];
  const rules = { ...policy, absences };
  assert.equal(judged("helper", {}, rules), "manager");
  assert.equal(judged("helper", { at: at + 2 * 3_600_000 }, rules), "not-allowed", "back again");
  assert.equal(judged("helper", { requester: "manager" }, rules), "not-allowed");
  assert.equal(
    judged(
      "director",
      {},
      { ...policy, absences: [{ ...away, fallback: { roles: ["director" as const] } }] },
    ),
    "manager",
  );
  const escalate = { afterHours: 1, roles: ["director" as const] };
  const later: Policy = { ...rules, approve: { ...rules.approve, escalate } };
  const asked = (escalated: boolean, requester = "employee") =>
    askedOf(later, people, {
      tier: tierFor(later, { amount: usd("1"), risks: [] }),
      requester,
      demo: false,
      at,
      approval: "a1",
      escalated,
    }).map(({ id }) => id);
  assert.deepEqual(asked(false), ["manager-2", "helper"]);
  assert.deepEqual(asked(true), ["manager-2", "director", "helper"]);
});

test("quorum: nobody counts twice, neither as who decides nor as whose right it is", () => {
  const count = (...used: [string, string][]) =>
    distinctApprovals(used.map(([by, right]) => ({ by, right }))).length;
  assert.equal(count(["a", "a"], ["b", "b"]), 2);
  assert.equal(count(["a", "a"], ["a", "a"]), 1);
  assert.equal(count(["a", "a"], ["b", "a"]), 1, "a's right twice");
  assert.equal(count(["b", "a"], ["a", "a"]), 1);
  assert.equal(count(["b", "a"], ["b", "b"]), 1, "b twice");
  assert.equal(count(["b", "a"], ["c", "b"]), 1, "b as who decides and as whose right it is");
});

test("verdicts are enough for these bytes of a plan, or not", () => {
  const plan = samplePlan();
  const verdict = (person: string, change: object = {}) => ({
    ...({
      approval: "a1",
      person,
      verdict: "approved",
      assurance: "clicked",
      receivedAt: time(1),
      ...change,
    } as const),
  });
  const result = (...verdicts: ReturnType<typeof verdict>[]) => {
    const found = satisfies(policy, plan, verdicts, { demo: false, person: lookUp(people) });
    return found.refused === null ? found.people.join() : found.refused.code;
  };
  assert.equal(result(verdict("manager"), verdict("director")), "manager,director");
  assert.equal(result(verdict("manager")), "quorum");
  assert.equal(result(verdict("manager"), verdict("manager")), "quorum");
  assert.equal(result(verdict("manager"), verdict("helper")), "not-allowed");
  const delegations = [
    {
      statement: handed("manager", "helper"),
      signer: { atSign: "@x", instance: "m" },
      signature: "s",
    } as const,
  ];
  assert.equal(result(verdict("manager"), verdict("helper", { delegations })), "quorum");
  assert.equal(result(verdict("director"), verdict("helper", { delegations })), "director,helper,manager");
  assert.equal(result(verdict("manager", { verdict: "rejected" })), "manager");
});

test("when people are reminded and others asked", () => {
  const rules = {
    ...tierFor(policy, { amount: usd("1"), risks: [] }),
    remindAfterHours: [4, 24],
    escalate: { afterHours: 30, roles: ["director" as const] },
  };
  const { reminders, escalatesAt, expiresAt } = timesOf(rules, at);
  const hours = [...reminders, escalatesAt ?? 0, expiresAt].map((ms) => (ms - at) / 3_600_000);
  assert.deepEqual(hours, [4, 24, 30, 72]);
});

test("the shipped policy says what its table of examples says", () => {
  const read = (file: string) =>
    JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")) as unknown;
  const table = policyExamplesSchema.parse(read("policy-examples.json"));
  assert.deepEqual(exampleFailures(companyConfig.policy, table), []);
  const changed = { ...companyConfig.policy, separationOfDuties: false };
  assert.match(
    exampleFailures(changed, table).join("\n"),
    /a manager does not decide what they asked for: may is manager, manager-2/,
  );
});
