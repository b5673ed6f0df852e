import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import logistics from "../../../agents/logistics.ts";
import { coversOf } from "../../../agents/logistics/cover.ts";
import { firstPlanFault } from "../../../src/plan/plan-checks.ts";
import type { Offer } from "../../../src/plan/sourcing-schema.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { samplePlan } from "../../fakes/sample-plan.ts";
import { orderWorld } from "../../fakes/order-world.ts";
import { demoPolicy, skillContext } from "../../fakes/skill-context.ts";
import { oracle, oracleDays, type OracleCase } from "./logistics-oracle.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

const choose = skillRunner(logistics.skills.choose);
const cents = (amount: number) => (amount / 100).toFixed(2);

/** The same case as books and offers. */
function given(each: OracleCase) {
  const currency = (rate: number) => (rate === 100 ? "USD" : "EUR");
  const rate = each.suppliers.find((supplier) => supplier.rate !== 100)?.rate ?? 110;
  const books = new MemoryBooks({
    wholesalers: each.suppliers.map((supplier, index) => ({
      id: `s${index}`,
      name: `Supplier ${index}`,
      protocol: "json",
      endpoint: "https://supplier.example",
      currency: currency(supplier.rate),
      bankAccount: `XX00${index}0000`,
      active: "yes",
    })),
    freight: each.suppliers.flatMap((supplier, index) =>
      supplier.ways.map((way, number) => ({
        id: `s${index}/m${number}`,
        wholesaler: `s${index}`,
        method: `m${number}`,
        base: cents(way.base),
        perKg: cents(way.perKg),
        currency: currency(supplier.rate),
        days: String(way.days),
      })),
    ),
    rates: [{ id: "EUR", rate: cents(rate), asOf: "2026-03-01" }],
  });
  const offers: Offer[] = each.suppliers.map((supplier, index) => ({
    supplier: `s${index}`,
    supplierName: `Supplier ${index}`,
    bankAccount: `XX00${index}0000`,
    currency: currency(supplier.rate),
    reference: "Q",
    taxPercent: String(supplier.taxPercent),
    validUntil: "2026-03-20",
    lines: supplier.terms.flatMap((terms, part) =>
      terms === null
        ? []
        : [
            {
              part: `p${part}`,
              available: String(terms.available),
              unitPrice: { amount: cents(terms.price), currency: currency(supplier.rate) },
              leadDays: terms.lead,
              minQuantity: String(terms.minimum),
              packSize: String(terms.pack),
            },
          ],
    ),
  }));
  const deficit = each.needs.map((need, part) => ({
    part: `p${part}`,
    description: `Part ${part}`,
    quantity: String(need),
    unit: "pcs",
    weightKg: ((each.grams[part] ?? 0) / 1000).toFixed(3),
  }));
  const allowed = offers.map((offer) => offer.supplier);
  return { context: skillContext({ agent: "logistics", books }), input: { deficit, offers, allowed } };
}

function caseOf(parts: number, suppliers: number): fc.Arbitrary<OracleCase> {
  const terms = fc.record({
    price: fc.integer({ min: 1, max: 500 }),
    pack: fc.constantFrom(1, 2, 3, 5),
    minimum: fc.integer({ min: 0, max: 4 }),
    available: fc.integer({ min: 2, max: 9 }),
    lead: fc.integer({ min: 0, max: 5 }),
  });
  const way = fc.record({
    base: fc.integer({ min: 0, max: 400 }),
    perKg: fc.integer({ min: 0, max: 90 }),
    days: fc.integer({ min: 1, max: 6 }),
  });
  return fc.record({
    needs: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: parts, maxLength: parts }),
    grams: fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: parts, maxLength: parts }),
    suppliers: fc.array(
      fc.record({
        taxPercent: fc.constantFrom(0, 7, 19),
        rate: fc.constantFrom(100, 100, 113),
        terms: fc.array(fc.option(terms, { freq: 4 }), { minLength: parts, maxLength: parts }),
        ways: fc.array(way, { minLength: 1, maxLength: 2 }),
      }),
      { minLength: 1, maxLength: suppliers },
    ),
  });
}

async function agreesWithOracle(each: OracleCase): Promise<void> {
  const expected = oracle(each);
  const { context, input } = given(each);
  if (expected === undefined) {
    await assert.rejects(choose(context, input, null), { code: "not-coverable" });
    return;
  }
  const { orders, total, tradeOff } = await choose(context, input, null);
  assert.equal(total.amount, cents(expected.total));
  const days = orders.map(
    (order) => (Date.parse(order.expectedDelivery) - Date.parse("2026-03-02")) / 86_400_000,
  );
  assert.equal(Math.max(...days), expected.days);
  const fewest = oracleDays(each);
  if (fewest === expected.days) {
    assert.match(tradeOff, /no other is faster/);
  } else {
    const fastest = cents(oracle(each, fewest)?.total ?? 0);
    assert.match(tradeOff, new RegExp(`fastest way takes ${fewest} days? for ${fastest} USD`));
  }
  for (const [part, need] of each.needs.entries()) {
    const bought = orders
      .flatMap((order) => order.lines.filter((line) => line.part === `p${part}`))
      .reduce((sum, line) => sum + Number(line.quantity), 0);
    assert.ok(bought >= need, `p${part}: ${bought} of ${need}`);
  }
  for (const order of orders) {
    for (const line of order.lines) {
      const terms = each.suppliers[Number(order.supplier.slice(1))]?.terms[Number(line.part.slice(1))];
      const quantity = Number(line.quantity);
      assert.ok(terms && quantity % terms.pack === 0, `${quantity} is not in packs`);
      assert.ok(quantity >= terms.minimum && quantity <= terms.available);
    }
  }
  assert.equal(firstPlanFault(samplePlan({ orders, total }), demoPolicy), undefined);
}

test("choose finds the brute-force optimum, ties by speed, within minimum, pack and availability", async () => {
  await fc.assert(fc.asyncProperty(caseOf(2, 4), agreesWithOracle), { numRuns: 150 });
});

test("choose finds the brute-force optimum of four parts, four suppliers, two ways", async () => {
  await fc.assert(fc.asyncProperty(caseOf(4, 4), agreesWithOracle), { numRuns: 60 });
});

test("of equal totals the faster one is chosen, between ways and between suppliers", async () => {
  const supplier = (lead: number, days: readonly number[]) => ({
    taxPercent: 0,
    rate: 100,
    terms: [{ price: 100, pack: 1, minimum: 0, available: 9, lead }],
    ways: days.map((each) => ({ base: 50, perKg: 0, days: each })),
  });
  const equal = [supplier(3, [5, 4]), supplier(1, [4, 2, 3]), supplier(2, [2])];
  for (const suppliers of [equal, equal.toReversed()]) {
    const { context, input } = given({ needs: [3], grams: [0], suppliers });
    const { orders, total } = await choose(context, input, null);
    assert.deepEqual([orders.length, total.amount, orders[0]?.expectedDelivery], [1, "3.50", "2026-03-05"]);
  }
});

test("a supplier that is not allowed is not bought from, whatever its price", async () => {
  const world = orderWorld();
  const offer = (supplier: string, price: string): Offer => ({
    supplier,
    supplierName: supplier,
    bankAccount: "XX",
    currency: "USD",
    reference: "Q",
    taxPercent: "0",
    validUntil: "2026-03-20",
    lines: [
      {
        part: "motor",
        available: "50",
        unitPrice: { amount: price, currency: "USD" },
        leadDays: 1,
        minQuantity: "0",
        packSize: "1",
      },
    ],
  });
  const deficit = [{ part: "motor", description: "Motor", quantity: "50", unit: "pcs", weightKg: "1.2" }];
  const offers = [offer("alpha", "1.00"), offer("beta", "95.00")];
  const context = skillContext({ agent: "logistics", books: new MemoryBooks(world) });
  const { orders, total } = await choose(context, { deficit, offers, allowed: ["beta"] }, null);
  assert.deepEqual(
    orders.map((order) => [order.id, order.supplier, order.supplierName, order.bankAccount]),
    [["run1-1-1", "beta", "Beta Supply", "XX00BETA"]],
  );
  // 50 × 95.00 + 25.00 + 60 kg × 0.60
  assert.equal(total.amount, "4811.00");
  assert.equal(orders[0]?.maxTotal.amount, "5051.55");
  await assert.rejects(choose(context, { deficit, offers, allowed: [] }, null), (error: Error) =>
    /motor \(50 pcs\)/.test(error.message),
  );
});

test("quantities with decimals are bought in packs with decimals", async () => {
  const { context, input } = given({
    needs: [1],
    grams: [0],
    suppliers: [
      {
        taxPercent: 0,
        rate: 100,
        terms: [{ price: 200, pack: 1, minimum: 0, available: 9, lead: 1 }],
        ways: [{ base: 0, perKg: 0, days: 1 }],
      },
    ],
  });
  const deficit = input.deficit.map((line) => ({ ...line, quantity: "1.3", unit: "m" }));
  const offers = input.offers.map((offer) => ({
    ...offer,
    lines: offer.lines.map((line) => ({ ...line, packSize: "0.25", minQuantity: "0.5" })),
  }));
  const { orders, total } = await choose(context, { ...input, deficit, offers }, null);
  assert.equal(orders[0]?.lines[0]?.quantity, "1.5");
  assert.equal(total.amount, "3.00");
});

test("nothing to buy is an empty choice", async () => {
  const context = skillContext({ agent: "logistics" });
  const { orders, total } = await choose(context, { deficit: [], offers: [], allowed: [] }, null);
  assert.deepEqual([orders, total.amount], [[], "0.00"]);
});

test("the search for one part stops at its bound and says so", () => {
  // Coprime packs at nearly equal unit costs leave the bound of the remainder no room to cut.
  const sources = [97, 89, 83, 79, 73, 71].map((step, supplier) => ({
    source: { supplier, part: 0, unitCost: 0, step, fewest: 1, most: 400, leadDays: 1 },
    unitCost: 1 + supplier / 1e6,
  }));
  const { covers, exact } = coversOf(50_021, sources, 0.5);
  assert.equal(exact, false);
  assert.ok(covers.length > 0);
});

test("many suppliers: beyond all combinations the result is still a sound cover, found in bounded work", async () => {
  const each: OracleCase = {
    needs: [6, 6, 6],
    grams: [100, 200, 300],
    suppliers: Array.from({ length: 12 }, (_, index) => ({
      taxPercent: 0,
      rate: 100,
      terms: [0, 1, 2].map((part) => ({
        price: 100 + ((index * 7 + part * 5) % 13),
        pack: 1,
        minimum: 0,
        available: 4,
        lead: 1,
      })),
      ways: [
        { base: 50, perKg: 10, days: 3 },
        { base: 90, perKg: 5, days: 1 },
      ],
    })),
  };
  const { context, input } = given(each);
  const { orders, tradeOff } = await choose(context, input, null);
  assert.match(tradeOff, /too many combinations/);
  for (const part of ["p0", "p1", "p2"]) {
    const lines = orders.flatMap((order) => order.lines.filter((line) => line.part === part));
    assert.ok(lines.reduce((sum, line) => sum + Number(line.quantity), 0) >= 6);
  }
});
