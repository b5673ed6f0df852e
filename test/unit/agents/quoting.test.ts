import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import quoting from "../../../agents/quoting.ts";
import { loadRulesModel } from "../../../adapters/rules-model/rules-model.ts";
import type { PlannedOrder } from "../../../src/domain.ts";
import type { LanguageModel } from "../../../src/ports.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { orderWorld } from "../../fakes/order-world.ts";
import { ScriptedModel, skillContext } from "../../fakes/skill-context.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });
const order = (id: string, total: string, o: Partial<PlannedOrder> = {}): PlannedOrder => ({
  id,
  supplier: "alpha",
  supplierName: "Alpha Parts",
  bankAccount: "XX00ALPHA",
  currency: "USD",
  lines: [
    {
      part: "motor",
      description: "Motor",
      quantity: "1",
      unit: "pcs",
      unitPrice: usd(total),
      maxUnitPrice: usd(total),
      total: usd(total),
    },
  ],
  freightMethod: "standard",
  freight: usd("0.00"),
  tax: usd("0.00"),
  total: usd(total),
  maxTotal: usd(total),
  expectedDelivery: "2026-03-20",
  validUntil: "2026-03-30",
  ...o,
});
const base = {
  item: "widget",
  quantity: "50",
  customer: "xyz",
  orders: [],
  total: usd("0.00"),
  reservedParts: [],
};
const worded = () =>
  new ScriptedModel({ wording: "Dear {customer}: {quantity} {item} for {total}, by {delivery}." });
type Input = typeof quoting.skills.draft.input extends { parse(value: unknown): infer I } ? I : never;

async function draft(input: Partial<Input>, model: LanguageModel = worded(), marginPercent = "20") {
  const skill = quoting.skills.draft;
  const books = new MemoryBooks(orderWorld());
  const context = skillContext({ agent: "quoting", books, model, policy: { marginPercent } });
  return skill.output.parse(await skill.run(context, skill.input.parse({ ...base, ...input }), null));
}

suite("quoting", () => {
  test("cost is the orders and the parts from stock at their cheapest price; margin by policy", async () => {
    const quote = await draft({
      orders: [order("o1", "1000.00"), order("o2", "250.55", { expectedDelivery: "2026-04-02" })],
      total: usd("1250.55"),
      reservedParts: [
        { part: "bolt", quantity: "30" },
        { part: "plate", quantity: "10" },
      ],
    });
    // 1250.55 + 30 × 0.10 + 10 × 12.00 = 1373.55; × 1.2 = 1648.26
    assert.deepEqual(quote, {
      cost: usd("1373.55"),
      marginPercent: "20",
      total: usd("1648.26"),
      text: "Dear Customer XYZ: 50 pcs Widget for 1648.26 USD, by 2026-04-02.",
    });
  });

  test("prices in other currencies are exchanged: the cheapest is the cheapest after that", async () => {
    // gamma's motor: 80 EUR × 1.10 = 88 USD, less than alpha's 90 USD.
    const { cost } = await draft({ reservedParts: [{ part: "motor", quantity: "2" }] });
    assert.deepEqual(cost, usd("176.00"));
  });

  test("orders in another currency count with their total in the company's", async () => {
    const foreign = order("o1", "100.00", {
      currency: "EUR",
      total: { amount: "100.00", currency: "EUR" },
      rate: "1.10",
      companyTotal: usd("110.00"),
    });
    assert.deepEqual((await draft({ orders: [foreign], total: usd("110.00") })).cost, usd("110.00"));
  });

  test("orders that do not add up to the total, or in the wrong currency, are refused", async () => {
    const orders = [order("o1", "10.00")];
    await assert.rejects(draft({ orders, total: usd("10.01") }), { code: "total-mismatch" });
    await assert.rejects(draft({ orders, total: { amount: "10.00", currency: "EUR" } }), {
      code: "total-mismatch",
    });
    const unsummed = order("o1", "10.00", { currency: "EUR", total: { amount: "10.00", currency: "EUR" } });
    await assert.rejects(draft({ orders: [unsummed], total: usd("10.00") }), { code: "currency-mismatch" });
  });

  test("a part without agreed price, an unknown or an old rate block", async () => {
    await assert.rejects(draft({ reservedParts: [{ part: "frame", quantity: "1" }] }), {
      code: "price-missing",
    });
    const reservedParts = [{ part: "motor", quantity: "1" }];
    for (const [rates, code] of [
      [[], "rate-missing"],
      [[{ id: "EUR", rate: "1.10", asOf: "2025-01-01" }], "stale-data"],
    ] as const) {
      const books = new MemoryBooks({ ...orderWorld(), rates });
      const context = skillContext({ agent: "quoting", books, model: worded() });
      await assert.rejects(quoting.skills.draft.run(context, { ...base, reservedParts }, null), { code });
    }
  });

  test("equals a sum in whole cents for any figures", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 99_999_999 }), { maxLength: 5 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 0, max: 9_999 }),
        async (totals, bolts, margin) => {
          const cents = (value: bigint) => `${value / 100n}.${String(value % 100n).padStart(2, "0")}`;
          const sum = totals.reduce((all, each) => all + BigInt(each), 0n);
          const quote = await draft(
            {
              orders: totals.map((each, i) => order(`o${i}`, cents(BigInt(each)))),
              total: usd(cents(sum)),
              reservedParts: bolts === 0 ? [] : [{ part: "bolt", quantity: String(bolts) }],
            },
            worded(),
            (margin / 100).toFixed(2),
          );
          const cost = sum + BigInt(bolts) * 10n;
          assert.equal(quote.cost.amount, cents(cost));
          assert.equal(quote.total.amount, cents((cost * (10_000n + BigInt(margin)) + 5_000n) / 10_000n));
        },
      ),
      { numRuns: 100 },
    ));

  test("the model sees no name and no figure, and the rules model words a text with all of them", async () => {
    const model = worded();
    await draft({}, model);
    assert.equal(model.prompts.length, 1);
    assert.equal(model.prompts[0]?.role, "quoting");
    assert.doesNotMatch(model.prompts[0]?.prompt ?? "", /XYZ|Widget|\d/);
    const { text } = await draft(
      { orders: [order("o1", "10.00")], total: usd("10.00") },
      await loadRulesModel(),
    );
    for (const part of ["Customer XYZ", "50 pcs", "Widget", "12.00 USD", "2026-03-20"]) {
      assert.ok(text.includes(part), `${part} in: ${text}`);
    }
  });

  test("a wording with figures, unknown placeholders or without the total is refused", async () => {
    for (const wording of [
      "{customer}, {item}: 5000 USD instead of {total}",
      "{total} less a discount",
      "{total}, free of charge",
      "{total} minus ten percent",
      "{total} € ",
      "{total} ٥",
      "{bank} {total}",
      "{total",
      "Dear {customer}, it is cheap",
    ]) {
      await assert.rejects(draft({}, new ScriptedModel({ wording })), { code: "bad-model-output" }, wording);
    }
  });

  test("names from the books that look like placeholders are not filled in again", async () => {
    const world = orderWorld();
    const customers = world.customers.map((each) => ({ ...each, name: "{total} Traders" }));
    const context = skillContext({
      agent: "quoting",
      books: new MemoryBooks({ ...world, customers }),
      model: new ScriptedModel({ wording: "{customer} pays {total}" }),
    });
    const { text } = await quoting.skills.draft.run(context, base, null);
    assert.equal(text, "{total} Traders pays 0.00 USD");
  });
});
