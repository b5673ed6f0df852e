import assert from "node:assert/strict";
import { test } from "node:test";
import type { Person } from "../../../src/domain.ts";
import type { Editable } from "../../../src/edit-types.ts";
import { editFromWords } from "../../../src/plan/edit-words.ts";
import { editPolicySchema } from "../../../src/plan/edit-schema.ts";
import { planChanges } from "../../../src/plan/plan-changes.ts";
import { satisfies } from "../../../src/policy/satisfies.ts";
import { editFault, formOf, leastMargin, mayEdit } from "../../../src/policy/may-edit.ts";
import { usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../fakes/sample-plan.ts";
import { people, policy } from "../../fakes/trust-world.ts";

const edit = {
  roles: ["manager"],
  requester: true,
  quantity: { mostPercent: "150" },
  suppliers: true,
  shipping: true,
  margin: { least: "12.5", most: "40" },
  lines: true,
} as const;
const named = (...ids: string[]) => ids.map((id) => ({ id, name: id.toUpperCase() }));
const editable: Editable = {
  quantity: { now: "5", asked: "5" },
  suppliers: { now: ["alpha", "beta"], options: named("alpha", "beta") },
  shipping: { now: "cheapest" },
  marginPercent: { now: "25" },
  leaveOut: { now: [], options: named("bolt", "motor") },
};
const person = (id: string): Person | undefined => people.find((each) => each.id === id);

test("who may change a plan: roles, and who asked where the policy says so", () => {
  const refused = (id: string, requester: string, rules: object = edit) =>
    mayEdit({ edit: rules as typeof edit }, person(id), { id, requester })?.code;
  assert.equal(refused("manager", "employee"), undefined);
  assert.equal(refused("employee", "employee"), undefined);
  assert.equal(refused("employee", "manager"), "not-allowed");
  assert.equal(refused("employee", "employee", { roles: ["manager"] }), "not-allowed");
  assert.equal(refused("former", "former"), "unknown-person");
  assert.equal(mayEdit({}, person("manager"), { id: "manager", requester: "manager" })?.code, "not-allowed");
});

test("limits: of the policy and the plan; each refusal names field, value and expectation", () => {
  const form = formOf({ edit }, editable);
  const fault = (changes: object) => editFault(form, changes)?.message;
  for (const good of [
    { quantity: "7" },
    { suppliers: ["beta"] },
    { shipping: "fastest" },
    { marginPercent: "12.5" },
    { marginPercent: "40.0" },
    { leaveOut: ["bolt"] },
  ]) {
    assert.equal(fault(good), undefined, JSON.stringify(good));
  }
  for (const [bad, expected] of [
    [{ quantity: "8" }, /"quantity": 8, expected 1 to 7/],
    [{ marginPercent: "12.4" }, /"margin": 12\.4, expected 12\.5 to 40/],
    [{ suppliers: ["gamma"] }, /"suppliers": "gamma", expected some of alpha, beta/],
    [{ suppliers: [] }, /"suppliers": nobody is left/],
    [{ leaveOut: ["bolt", "motor"] }, /"leave-out": nothing is left to order/],
    [{ leaveOut: ["plate"] }, /"plate", expected some of bolt, motor/],
    [{ suppliers: ["beta", "alpha"], quantity: "5" }, /nothing is changed/],
    [{}, /nothing is changed/],
  ] as const) {
    assert.match(fault(bad) ?? "", expected);
  }
  assert.deepEqual(editFault(form, { quantity: "8", shipping: "fastest", suppliers: [] }), {
    code: "bad-edit",
    retryable: false,
    message:
      'field "quantity": 8, expected 1 to 7; field "suppliers": nobody is left to buy from, expected at least one supplier',
    wrong: {
      quantity: "8, expected 1 to 7",
      suppliers: "nobody is left to buy from, expected at least one supplier",
    },
  });
  const only = { roles: [], shipping: true } as const;
  assert.deepEqual(
    formOf({ edit: only }, editable).map(({ field }) => field),
    ["shipping"],
  );
  assert.match(
    editFault(formOf({ edit: only }, editable), { quantity: "4" })?.message ?? "",
    /one of shipping/,
  );
  assert.deepEqual(formOf({}, editable), []);
});

test("a policy's limits are refused at load when they cannot be meant", () => {
  assert.equal(editPolicySchema.safeParse(edit).success, true);
  for (const bad of [
    { ...edit, margin: { least: "40", most: "12" } },
    { ...edit, quantity: { mostPercent: "0" } },
    { ...edit, quantity: { mostPercent: "-5" } },
    { ...edit, prices: true },
  ]) {
    assert.equal(editPolicySchema.safeParse(bad).success, false, JSON.stringify(bad));
  }
});

test("a lower margin is attested only of a plan that somebody changed, and only as low as people may choose", () => {
  const rules = { marginPercent: "20", edit };
  assert.deepEqual([leastMargin(rules, false), leastMargin(rules, true)], ["20", "12.5"]);
  assert.equal(leastMargin({ marginPercent: "10", edit }, true), "10");
  assert.equal(leastMargin({ marginPercent: "20" }, true), "20");
});

test("an editor that the plan names decides neither themselves nor unseen, whatever the evidence leaves out", () => {
  const verdict = {
    approval: "a",
    person: "manager",
    verdict: "approved",
    receivedAt: "2026-03-02T09:00:00.000Z",
    assurance: "clicked",
  } as const;
  const code = (editors?: readonly string[]) =>
    satisfies(policy, samplePlan(editors === undefined ? {} : { editors }), [verdict], { demo: true, person })
      .refused?.code;
  assert.equal(code(), undefined);
  assert.equal(code(["manager-2"]), undefined);
  assert.equal(code(["manager-2", "manager"]), "own-request");
});

test("what changed between two plans, field by field; the same plan twice: nothing", () => {
  const before = samplePlan();
  assert.deepEqual(planChanges(before, { ...before, revision: 2 }), []);
  const [line] = sampleOrder().lines;
  assert.ok(line !== undefined);
  const after = samplePlan({
    request: { ...before.request, quantity: "6" },
    orders: [
      sampleOrder({
        lines: [{ ...line, quantity: "6", total: usd("540.00") }],
        freightMethod: "express",
        total: usd("619.30"),
      }),
    ],
    total: usd("619.30"),
    leftOut: ["bolt"],
  });
  assert.deepEqual(planChanges(before, after), [
    { what: "Quantity", before: "5", after: "6" },
    { what: "Total", before: "520.30 USD", after: "619.30 USD" },
    { what: "Left out", before: "none", after: "bolt" },
    { what: "Alpha Parts: order total", before: "520.30 USD", after: "619.30 USD" },
    {
      what: "Alpha Parts: shipping",
      before: "standard, 23.00 USD, by 2026-03-11",
      after: "express, 23.00 USD, by 2026-03-11",
    },
    { what: "Alpha Parts: motor", before: "5 pcs at 90.00 USD", after: "6 pcs at 90.00 USD" },
  ]);
  const elsewhere = planChanges(before, samplePlan({ orders: [sampleReplacement()] }));
  assert.deepEqual(
    elsewhere.filter(({ what }) => what.endsWith("order total")),
    [
      { what: "Alpha Parts: order total", before: "520.30 USD", after: "none" },
      { what: "Beta Supply: order total", before: "none", after: "503.60 USD" },
    ],
  );
});

test("an edit as people write it", () => {
  assert.deepEqual(editFromWords(["quantity", "60", "leave-out", "a,b", "margin", "22.5"]), {
    quantity: "60",
    leaveOut: ["a", "b"],
    marginPercent: "22.5",
  });
  assert.deepEqual(editFromWords(["leave-out", "none"]), { leaveOut: [] });
  for (const [words, message] of [
    [["price", "1"], /"price" is not known: expected quantity, suppliers/],
    [["__proto__", "1"], /is not known/],
    [["quantity"], /"quantity" has no value/],
    [["quantity", "60", "margin", "22", "quantity", "600"], /"quantity" is named twice/],
  ] as const) {
    assert.throws(() => editFromWords(words), { code: "bad-edit", message });
  }
});
