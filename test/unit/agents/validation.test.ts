import assert from "node:assert/strict";
import { test } from "node:test";
import validation from "../../../agents/validation.ts";
import type { SupplierDocument, SupplierOrder } from "../../../src/supplier-types.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { fakeSuppliers, orderWorld, supplierError, usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../fakes/sample-plan.ts";
import { skillContext } from "../../fakes/skill-context.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

const check = skillRunner(validation.skills["check-documents"]);
const mark = skillRunner(validation.skills["mark-orders"]);
const placed = [
  { order: "run1-1-1", supplier: "alpha", supplierReference: "SO-run1-1-1", usedFallback: false },
];

function setUp(change: (document: SupplierDocument) => readonly SupplierDocument[] = (each) => [each]) {
  const world = orderWorld();
  const books = new MemoryBooks({
    ...world,
    orders: [
      {
        id: "run1-1-1",
        run: "run1",
        wholesaler: "alpha",
        status: "placed",
        currency: "USD",
        total: "520.30",
        supplierReference: "SO-run1-1-1",
        placedOn: "2026-03-02",
        document: "{}",
        decidedBy: "manager",
        assurance: "clicked",
      },
    ],
  });
  const suppliers = fakeSuppliers(world);
  const { alpha, beta } = suppliers;
  assert.ok(alpha && beta);
  const { id, currency, freightMethod, freight, tax, total, lines } = sampleOrder();
  const shipTo = "Customer XYZ, 1 Sample Street, 12345 Sampletown, US";
  const order: SupplierOrder = { id, currency, shipTo, freightMethod, freight, tax, total, lines };
  alpha.orders.set(id, order);
  alpha.document = change;
  return { alpha, beta, books, context: skillContext({ agent: "validation", books, suppliers }) };
}
const invoice =
  (change: Partial<SupplierDocument>) =>
  (each: SupplierDocument): readonly SupplierDocument[] => [
    each.kind === "invoice" ? { ...each, ...change } : each,
  ];
const invoiceLine = (change: Partial<SupplierDocument["lines"][number]>) => (each: SupplierDocument) =>
  invoice({ lines: each.lines.map((line) => ({ ...line, ...change })) })(each);

test("documents that agree have no differences", async () => {
  const { context } = setUp();
  assert.deepEqual(await check(context, { plan: samplePlan(), placed }, null), {
    documents: 2,
    differences: [],
  });
  const same = setUp(invoice({ bankAccount: "xx00 alpha", shipTo: null }));
  assert.deepEqual((await check(same.context, { plan: samplePlan(), placed }, null)).differences, []);
});

const line = sampleOrder().lines[0];
assert.ok(line);
const faults: readonly [string, Parameters<typeof setUp>[0], RegExp, string][] = [
  ["quantity + 1", invoiceLine({ quantity: "6" }), /line motor quantity/, "6"],
  ["quantity − 1", invoiceLine({ quantity: "4" }), /line motor quantity/, "4"],
  ["unit", invoiceLine({ unit: "box" }), /line motor unit$/, "box"],
  ["unit price", invoiceLine({ unitPrice: usd("90.01") }), /line motor unit price/, "90.01 USD"],
  ["line total", invoiceLine({ total: usd("450.01") }), /line motor total/, "450.01 USD"],
  ["currency", invoiceLine({ unitPrice: { amount: "90.00", currency: "EUR" } }), /unit price/, "90.00 EUR"],
  ["freight", invoice({ freight: usd("24.00") }), /freight/, "24.00 USD"],
  ["tax", invoice({ tax: usd("47.31") }), /tax/, "47.31 USD"],
  ["total", invoice({ total: usd("520.31") }), /: total/, "520.31 USD"],
  ["bank account", invoice({ bankAccount: "XX00EVIL" }), /bank account/, "XX00EVIL"],
  ["address", invoice({ shipTo: "2 Other Street" }), /ship-to/, "2 Other Street"],
  ["look-alike name", invoice({ supplierName: "A1pha Parts" }), /supplier/, "A1pha Parts"],
  ["Cyrillic look-alike name", invoice({ supplierName: "Аlpha Parts" }), /supplier/, "Аlpha Parts"],
  ["another order's document", invoice({ orderId: "run2-1-1" }), /order/, "run2-1-1"],
  ["missing line", invoice({ lines: [] }), /line motor/, "missing"],
  ["line twice", (each) => invoice({ lines: [...each.lines, ...each.lines] })(each), /line motor/, "2 times"],
  [
    "extra line",
    (each) =>
      invoice({ lines: [...each.lines, ...each.lines.map((other) => ({ ...other, part: "gold" }))] })(each),
    /: line$/,
    "gold",
  ],
  [
    "second invoice",
    (each) => (each.kind === "invoice" ? [each, { ...each, reference: "INV-2" }] : [each]),
    /duplicate invoice/,
    "INV-run1-1-1, INV-2",
  ],
  ["hidden characters", invoice({ supplierName: "Alpha\u200b Parts\u202e" }), /supplier/, "Alpha Parts"],
];
for (const [what, change, field, found] of faults) {
  test(`a difference is named: ${what}`, async () => {
    const { context } = setUp(change);
    const { differences } = await check(context, { plan: samplePlan(), placed }, null);
    assert.equal(differences.length, 1, JSON.stringify(differences));
    assert.match(differences[0]?.field ?? "", field);
    assert.equal(differences[0]?.found, found);
    assert.equal(differences[0]?.order, "run1-1-1");
  });
}

test("a missing confirmation or invoice is waited for", async () => {
  for (const kind of ["confirmation", "invoice"] as const) {
    const { context } = setUp((each) => (each.kind === kind ? [] : [each]));
    await assert.rejects(check(context, { plan: samplePlan(), placed }, null), {
      code: "documents-missing",
      retryable: true,
    });
  }
});

test("documents that cannot be read are a difference; a supplier that is down is asked again later", async () => {
  const { alpha, context } = setUp();
  alpha.before = async () => {
    throw supplierError("supplier-garbage");
  };
  const { differences } = await check(context, { plan: samplePlan(), placed }, null);
  assert.deepEqual(
    differences.map((each) => [each.field, each.found]),
    [["documents", "cannot be read (supplier-garbage)"]],
  );
  alpha.before = async () => {
    throw supplierError("supplier-down", true);
  };
  await assert.rejects(check(context, { plan: samplePlan(), placed }, null), { code: "supplier-down" });
});

test("a fallback is compared with the replacement, and only what the plan has can have been placed", async () => {
  const replacement = sampleReplacement();
  const plan = samplePlan({ fallbacks: [{ order: "run1-1-1", action: "alternative", replacement }] });
  const { beta, context } = setUp();
  const { id, currency, freightMethod, freight, tax, total, lines } = replacement;
  const shipTo = "Customer XYZ, 1 Sample Street, 12345 Sampletown, US";
  beta.orders.set(id, { id, currency, shipTo, freightMethod, freight, tax, total, lines });
  const used = [{ order: id, supplier: "beta", supplierReference: "SO", usedFallback: true }];
  assert.deepEqual((await check(context, { plan, placed: used }, null)).differences, []);
  for (const wrong of [
    { ...placed[0], order: "run1-1-9" },
    { ...placed[0], supplier: "beta" },
    { ...used[0], usedFallback: false },
  ]) {
    await assert.rejects(check(context, { plan, placed: [wrong as (typeof placed)[0]] }, null), {
      code: "order-unplanned",
    });
  }
});

test("orders are marked, repeatably, and only placed ones of this run", async () => {
  const { books, context } = setUp();
  const differences = [{ order: "run1-1-1", field: "total", expected: "1", found: "2" }];
  for (let times = 0; times < 2; times += 1) {
    assert.deepEqual(await mark(context, { placed, differences }, null), {
      confirmed: [],
      mismatched: ["run1-1-1"],
    });
  }
  assert.equal((await books.get("orders", "run1-1-1"))?.status, "mismatch");
  const clean = setUp();
  assert.deepEqual(await mark(clean.context, { placed, differences: [] }, null), {
    confirmed: ["run1-1-1"],
    mismatched: [],
  });
  await clean.books.update("orders", "run1-1-1", { run: "run2" });
  await assert.rejects(mark(clean.context, { placed, differences: [] }, null), { code: "order-unknown" });
});
