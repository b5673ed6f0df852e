import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "../../../src/canonical.ts";
import type { PlanDocument } from "../../../src/domain.ts";
import { firstPlanFault, highestCost, parsePlan } from "../../../src/plan/plan-checks.ts";
import { usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../fakes/sample-plan.ts";

const rules = { companyCurrency: "USD", priceTolerancePercent: "5" };
const withFallback = (replacement = sampleReplacement()): PlanDocument =>
  samplePlan({ fallbacks: [{ order: "run1-1-1", action: "alternative", replacement }] });
const [line] = sampleOrder().lines;
assert.ok(line);

test("sound plans have no fault", () => {
  assert.equal(firstPlanFault(samplePlan(), rules), undefined);
  assert.equal(firstPlanFault(withFallback(), rules), undefined);
  assert.equal(firstPlanFault(samplePlan({ orders: [], total: usd("0") }), rules), undefined);
});

const orders = (change: Parameters<typeof sampleOrder>[0]) => samplePlan({ orders: [sampleOrder(change)] });
const lines = (change: Partial<typeof line>) => orders({ lines: [{ ...line, ...change }] });
const foreign = {
  currency: "EUR",
  lines: [
    {
      ...line,
      unitPrice: { amount: "90.00", currency: "EUR" },
      maxUnitPrice: { amount: "94.50", currency: "EUR" },
      total: { amount: "450.00", currency: "EUR" },
    },
  ],
  freight: { amount: "23.00", currency: "EUR" },
  tax: { amount: "47.30", currency: "EUR" },
  total: { amount: "520.30", currency: "EUR" },
  maxTotal: { amount: "546.31", currency: "EUR" },
};
const faults: readonly [string, PlanDocument, RegExp][] = [
  ["a line's total", lines({ total: usd("450.01") }), /lines\.motor\.total/],
  ["a line's quantity", lines({ quantity: "6" }), /lines\.motor\.total/],
  ["a unit price", lines({ unitPrice: usd("89.99") }), /lines\.motor\.total/],
  [
    "more decimals than the currency has",
    lines({ unitPrice: { amount: "90.000", currency: "USD" } }),
    /lines\.motor\.unitPrice/,
  ],
  ["a price in another currency", lines({ unitPrice: { amount: "90.00", currency: "EUR" } }), /unitPrice/],
  ["a bound above the tolerance", lines({ maxUnitPrice: usd("94.51") }), /maxUnitPrice/],
  ["a bound below the price", lines({ maxUnitPrice: usd("89.99") }), /maxUnitPrice/],
  ["the same part twice", orders({ lines: [line, line] }), /lines\.motor/],
  ["freight", orders({ freight: usd("23.01") }), /orders\.run1-1-1\.total/],
  ["tax", orders({ tax: usd("0.00") }), /orders\.run1-1-1\.total/],
  [
    "negative freight",
    orders({ freight: usd("-23.00"), total: usd("474.30"), maxTotal: usd("474.30") }),
    /freight/,
  ],
  ["an order's bound", orders({ maxTotal: usd("546.33") }), /maxTotal/],
  ["the plan's total", samplePlan({ total: usd("520.31") }), /^total/],
  ["the plan's currency", samplePlan({ total: { amount: "520.30", currency: "EUR" } }), /^total/],
  ["an order of another run", orders({ id: "run2-1-1" }), /orders\.run2-1-1\.id/],
  ["an order twice", samplePlan({ orders: [sampleOrder(), sampleOrder()] }), /orders\.run1-1-1/],
  ["a foreign order without a rate", orders(foreign), /rate/],
  ["a wrong exchange", orders({ ...foreign, rate: "1.10", companyTotal: usd("572.32") }), /companyTotal/],
  ["a rate where there is nothing to exchange", orders({ rate: "1.10" }), /rate/],
  [
    "a fallback of no order",
    samplePlan({ fallbacks: [{ order: "run1-1-9", action: "escalate", note: "ask" }] }),
    /fallbacks\.run1-1-9/,
  ],
  ["a replacement at the same supplier", withFallback(sampleReplacement({ supplier: "alpha" })), /supplier/],
  ["a replacement's sum", withFallback(sampleReplacement({ total: usd("1.00") })), /alternative\.total/],
  [
    "a replacement of other parts",
    withFallback(
      sampleReplacement({ lines: sampleReplacement().lines.map((each) => ({ ...each, part: "bolt" })) }),
    ),
    /replacement\.lines/,
  ],
  ["a replacement under the order's own id", withFallback(sampleReplacement({ id: "run1-1-1" })), /run1-1-1/],
  [
    "a quote with three decimals",
    samplePlan({ quote: { total: { amount: "1.000", currency: "USD" }, marginPercent: "20" } }),
    /quote\.total/,
  ],
];
for (const [what, plan, field] of faults) {
  test(`a wrong plan is named: ${what}`, () => {
    assert.match(firstPlanFault(plan, rules)?.field ?? "no fault", field);
  });
}

test("a foreign order is summed at its rate", () => {
  const plan = samplePlan({
    orders: [sampleOrder({ ...foreign, rate: "1.10", companyTotal: usd("572.33") })],
    total: usd("572.33"),
  });
  assert.equal(firstPlanFault(plan, rules), undefined);
});

test("the highest cost counts a dearer replacement instead of its order, and never a cheaper one", () => {
  assert.equal(highestCost(withFallback()).amount, "520.30");
  const dearer = sampleReplacement({ tax: usd("50.00"), total: usd("553.60"), maxTotal: usd("581.28") });
  assert.equal(firstPlanFault(withFallback(dearer), rules), undefined);
  assert.equal(highestCost(withFallback(dearer)).amount, "553.60");
});

test("parsePlan takes canonical text of a plan and nothing else", () => {
  const text = canonicalJson(samplePlan());
  assert.deepEqual(parsePlan(text), samplePlan());
  const { tradeOff: _, ...incomplete } = samplePlan();
  for (const bad of [
    "",
    "[]",
    JSON.stringify(samplePlan()),
    ` ${text}`,
    text.replace('"revision":1', '"revision":1,"revision":1'),
    canonicalJson({ ...samplePlan(), extra: 1 }),
    canonicalJson(incomplete),
    canonicalJson(samplePlan({ tradeOff: "line\nbreak" })),
    canonicalJson(samplePlan({ tradeOff: "turned \u202eround" })),
    canonicalJson(samplePlan({ validUntil: "tomorrow" })),
  ]) {
    assert.throws(() => parsePlan(bad), { code: "bad-plan" }, bad.slice(0, 60));
  }
});
