import assert from "node:assert/strict";
import { test } from "node:test";
import exception from "../../../agents/exception.ts";
import { triagePolicy } from "../../../agents/exception/triage.ts";
import { firstPlanFault, highestCost } from "../../../src/plan/plan-checks.ts";
import type { Offer } from "../../../src/plan/sourcing-schema.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { orderWorld, usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan } from "../../fakes/sample-plan.ts";
import { demoPolicy, skillContext } from "../../fakes/skill-context.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

const prepare = skillRunner(exception.skills.prepare);
const triage = skillRunner(exception.skills.triage);
const context = (revision = 1, books = new MemoryBooks(orderWorld())) =>
  skillContext({ agent: "exception", books, subject: { revision } });

function offer(supplier: string, unitPrice: string, change: Partial<Offer["lines"][number]> = {}): Offer {
  const currency = supplier === "gamma" ? "EUR" : "USD";
  return {
    supplier,
    supplierName: supplier,
    bankAccount: "unused: the books say it",
    currency,
    reference: "Q",
    taxPercent: "0",
    validUntil: "2026-03-20",
    lines: [
      {
        part: "motor",
        available: "50",
        unitPrice: { amount: unitPrice, currency },
        leadDays: 1,
        minQuantity: "0",
        packSize: "1",
        ...change,
      },
    ],
  };
}
const motors = { part: "motor", description: "Motor", quantity: "5", unit: "pcs", weightKg: "1.2" };
const given = (offers: readonly Offer[], change: object = {}) => ({
  deficit: [motors],
  orders: [sampleOrder()],
  offers: [...offers],
  allowed: ["alpha", "beta", "gamma"],
  available: usd("20000.00"),
  total: usd("520.30"),
  ...change,
});

test("the cheapest allowed other supplier that covers the order becomes its alternative, ready to place", async () => {
  const offers = [offer("alpha", "1.00"), offer("beta", "95.00"), offer("gamma", "80.00")];
  const { fallbacks } = await prepare(context(), given(offers), null);
  const [fallback] = fallbacks;
  assert.ok(fallback?.action === "alternative" && fallbacks.length === 1);
  const { replacement } = fallback;
  // gamma: 5 × 80 + 40 + 6 kg × 0.80 = 444.80 EUR = 489.28 USD; beta: 475 + 28.60 = 503.60 USD.
  assert.deepEqual(
    [replacement.id, replacement.supplier, replacement.bankAccount, replacement.companyTotal],
    ["run1-1-1-alternative", "gamma", "XX00GAMMA", usd("489.28")],
  );
  assert.equal(firstPlanFault(samplePlan({ fallbacks }), demoPolicy), undefined);
  const without = await prepare(context(), given(offers, { allowed: ["alpha", "beta"] }), null);
  const [other] = without.fallbacks;
  assert.equal(other?.action === "alternative" ? other.replacement.total.amount : "", "503.60");
});

test("no other supplier, too little of it, or a part missing: a person is asked", async () => {
  for (const offers of [
    [],
    [offer("alpha", "90.00")],
    [offer("beta", "95.00", { available: "4" })],
    [offer("beta", "95.00", { packSize: "60" })],
    [offer("beta", "95.00", { part: "bolt" })],
  ]) {
    const { fallbacks } = await prepare(context(), given(offers), null);
    assert.deepEqual(
      fallbacks.map((each) => [each.order, each.action]),
      [["run1-1-1", "escalate"]],
    );
  }
});

test("alternatives never take the plan above what the run may spend, all of them together", async () => {
  const dear = [offer("beta", "125.00")]; // 625.00 + 28.60: 133.30 more than the order
  for (const [available, action] of [
    ["653.59", "escalate"],
    ["653.60", "alternative"],
  ] as const) {
    const { fallbacks } = await prepare(context(), given(dear, { available: usd(available) }), null);
    assert.equal(fallbacks[0]?.action, action, available);
    const cost = highestCost(samplePlan({ fallbacks })).amount;
    assert.ok(Number(cost) <= Number(available));
  }
  const orders = [sampleOrder(), sampleOrder({ id: "run1-1-2", supplier: "gamma" })];
  const deficit = [{ ...motors, quantity: "10" }];
  const both = { orders, deficit, total: usd("1040.60"), available: usd("1200.00") };
  const { fallbacks } = await prepare(context(), given(dear, both), null);
  assert.deepEqual(
    fallbacks.map((each) => each.action),
    ["alternative", "escalate"],
  );
});

test("what other orders of the plan take from an offer is not offered twice", async () => {
  const orders = [
    sampleOrder(),
    sampleOrder({ id: "run1-1-2", supplier: "beta", lines: sampleOrder().lines }),
  ];
  const deficit = [{ ...motors, quantity: "10" }];
  const change = { orders, deficit, total: usd("1040.60") };
  const enough = await prepare(context(), given([offer("beta", "95.00", { available: "10" })], change), null);
  assert.equal(enough.fallbacks[0]?.action, "alternative");
  const short = await prepare(context(), given([offer("beta", "95.00", { available: "9" })], change), null);
  assert.equal(short.fallbacks[0]?.action, "escalate");
});

const failure = (code: string, retryable: boolean, change: object = {}) => ({
  step: "offers",
  agent: "supply",
  error: { code, message: "it failed", retryable },
  attempt: 3,
  irreversibleStarted: false,
  decided: false,
  ...change,
});

test("triage: retryable errors later and later, a bounded number of times, then a person", async () => {
  const delays: number[] = [];
  for (let attempt = 1; attempt <= triagePolicy.mostAttempts; attempt += 1) {
    const decided = await triage(context(), failure("supplier-down", true, { attempt }), null);
    if (attempt < triagePolicy.mostAttempts) {
      assert.equal(decided.action, "retry");
      delays.push(decided.delayMs);
    } else {
      assert.equal(decided.action, "escalate");
    }
  }
  assert.deepEqual(delays, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  const started = failure("order-unknown", true, { irreversibleStarted: true });
  assert.equal((await triage(context(), started, null)).action, "retry");
});

test("triage: business refusals go to a person at once", async () => {
  for (const code of [
    "credit-exceeded",
    "budget-exceeded",
    "restricted",
    "list-missing",
    "stale-data",
    "not-coverable",
    "unknown-customer",
    "internal",
  ]) {
    const decided = await triage(context(), failure(code, false), null);
    assert.deepEqual([decided.action, decided.delayMs, decided.exclude], ["escalate", 0, []], code);
    assert.match(decided.note, new RegExp(`"${code}"`));
  }
});

test("triage: what a new plan cures gets one, without the suppliers that failed; never after orders began", async () => {
  const books = new MemoryBooks({
    ...orderWorld(),
    orders: [
      {
        id: "run1-1-1",
        run: "run1",
        wholesaler: "alpha",
        status: "failed",
        currency: "USD",
        total: "520.30",
        supplierReference: "",
        placedOn: "2026-03-02",
        document: "{}",
        decidedBy: "manager",
        assurance: "clicked",
      },
    ],
  });
  const decided = await triage(context(1, books), failure("vendor-refused", false), null);
  assert.deepEqual([decided.action, decided.exclude], ["alternative", ["alpha"]]);
  assert.equal((await triage(context(2), failure("plan-wrong", false), null)).action, "alternative");
  assert.equal((await triage(context(3), failure("plan-wrong", false), null)).action, "escalate");
  const refused = failure("vendor-refused", false, { decided: true });
  assert.equal((await triage(context(1, books), refused, null)).action, "escalate", "the plan was approved");
  const started = failure("partly-placed", false, { irreversibleStarted: true, decided: true });
  const late = await triage(context(1, books), started, null);
  assert.equal(late.action, "escalate");
  assert.match(late.note, /Orders may have been placed/);
  const none = failure("nothing-placed", false, { irreversibleStarted: true, decided: true });
  assert.doesNotMatch((await triage(context(1, books), none, null)).note, /may have been placed/);
});
