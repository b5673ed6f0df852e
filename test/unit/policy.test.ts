import assert from "node:assert/strict";
import { test } from "node:test";
import type { Person } from "../../src/domain.ts";
import { mayAsk, mayCancel } from "../../src/policy.ts";
import type { Policy } from "../../src/policy-types.ts";
import { decidersOf, judge, lookUp, type VerdictFacts } from "../../src/policy/may-decide.ts";
import { tiersOf } from "../../src/policy/tiers.ts";
import { people, policy } from "../fakes/trust-world.ts";

const person = (id: string): Person | undefined => people.find((each) => each.id === id);
const at = Date.parse("2026-01-05T10:00:00.000Z");
const facts = (rules: Policy, change: Partial<VerdictFacts> = {}): VerdictFacts => ({
  tier: tiersOf(rules)[0],
  requester: "employee",
  assurance: "clicked",
  demo: false,
  at,
  approval: "approval1",
  person,
  ...change,
});
const decides = (id: string, change: Partial<VerdictFacts> = {}, rules = policy) =>
  judge(rules, id, facts(rules, change)).refused?.code ?? null;

test("asking needs an active person with a role for it", () => {
  assert.equal(mayAsk(policy, person("employee"), "employee"), null);
  assert.equal(mayAsk(policy, person("former"), "former")?.code, "unknown-person");
  assert.equal(mayAsk(policy, undefined, "nobody")?.code, "unknown-person");
  assert.equal(mayAsk(policy, person("manager-2"), "manager-2")?.code, "not-allowed");
  assert.match(
    mayAsk(policy, person("manager-2"), "manager-2")?.message ?? "",
    /manager; asking needs employee/,
  );
});

test("cancelling: one's own as long as one may ask, anyone's with a role for it", () => {
  const own = { ...policy, cancel: ["admin" as const] };
  const anyone = { ...policy, cancel: ["manager" as const] };
  const cancel = (id: string, requester: string, rules = policy) =>
    mayCancel(rules, person(id), id, requester)?.code ?? null;
  assert.equal(cancel("employee", "employee", own), null);
  assert.equal(cancel("employee", "manager", anyone), "not-allowed");
  assert.equal(cancel("manager", "employee", anyone), null);
  assert.equal(
    cancel("manager", "employee", own),
    "not-allowed",
    "a role counts only where the policy says so",
  );
  assert.equal(cancel("employee", "manager"), null, "here the policy says so");
  assert.equal(
    cancel("manager-2", "manager-2", own),
    "not-allowed",
    "who may not ask has nothing of their own",
  );
  assert.equal(cancel("former", "former"), "unknown-person");
  assert.equal(cancel("nobody", "nobody"), "unknown-person");
});

test("lesson 18: deciding: role, separation of duties, assurance", () => {
  assert.equal(decides("manager"), null);
  assert.equal(decides("employee", { requester: "manager" }), "not-allowed");
  assert.equal(decides("former"), "unknown-person");
  assert.equal(decides("nobody"), "unknown-person");
  assert.equal(decides("manager", { requester: "manager" }), "own-request");
  assert.equal(decides("manager", { requester: "manager" }, { ...policy, separationOfDuties: false }), null);
  assert.equal(decides("manager", { assurance: "countersigned" }), "assurance-too-low");
  assert.equal(decides("manager", { assurance: "local" }), "assurance-too-low");
  assert.equal(decides("manager", { assurance: "local", demo: true }), null);
});

test("lesson 5: an empty list of roles allows nobody", () => {
  const approve = { ...policy.approve, roles: [] };
  for (const each of people) {
    assert.notEqual(decides(each.id, { requester: "x" }, { ...policy, approve }), null);
    assert.notEqual(mayAsk({ ...policy, ask: [] }, each, each.id), null);
    assert.notEqual(mayCancel({ ...policy, cancel: [] }, each, each.id, "x"), null);
  }
});

test("who may decide on a request: those whose verdict counts in one of the ways the policy accepts", () => {
  const deciders = (requester: string, rules = policy, demo = false) =>
    decidersOf(rules, people, facts(rules, { requester, demo })).map(({ id }) => id);
  assert.deepEqual(deciders("employee"), ["manager", "manager-2"]);
  assert.deepEqual(deciders("manager"), ["manager-2"], "not who asked");
  assert.deepEqual(deciders("manager", { ...policy, separationOfDuties: false }), ["manager", "manager-2"]);
  const accepting = (assurances: (typeof policy)["approve"]["assurances"]) => ({
    ...policy,
    approve: { ...policy.approve, assurances },
  });
  assert.deepEqual(deciders("employee", accepting(["countersigned"])), ["manager", "manager-2"]);
  assert.deepEqual(deciders("employee", accepting(["local"])), [], "local counts in the demo only");
  assert.deepEqual(deciders("employee", accepting(["local"]), true), ["manager", "manager-2"]);
  assert.deepEqual(deciders("employee", accepting([])), []);
});

test("deciding by a chat account: it must be that person's", () => {
  const linked = people.map((each) =>
    each.id === "manager" ? { ...each, accounts: ["slack:T1/U1"] } : each,
  );
  const by = (id: string, account: string) =>
    judge(policy, id, facts(policy, { account, person: lookUp(linked) })).refused?.code ?? null;
  assert.equal(by("manager", "slack:T1/U1"), null);
  assert.equal(by("manager", "slack:T2/U1"), "wrong-account", "the same user id in another team");
  assert.equal(by("manager-2", "slack:T1/U1"), "wrong-account", "somebody else's");
  assert.equal(by("former", "slack:T1/U1"), "unknown-person");
  assert.equal(by("slack:T1/U9", "slack:T1/U9"), "unknown-person", "nobody's");
});
