import assert from "node:assert/strict";
import { test } from "node:test";
import { firstPlanFault } from "../../../src/plan/plan-checks.ts";
import type { PlanDocument } from "../../../src/domain.ts";
import orderParts from "../../../src/workflows/order-parts.ts";
import { driveWorkflow, undoWorkflow, type Drive } from "../../fakes/drive-workflow.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { fakeSuppliers, orderWorld, supplierError, type FakeSupplier } from "../../fakes/order-world.ts";
import { demoPolicy } from "../../fakes/skill-context.ts";

type World = ReturnType<typeof orderWorld>;
interface SetUp {
  readonly drive: Drive;
  readonly books: MemoryBooks;
  readonly suppliers: Record<string, FakeSupplier>;
}
function setUp(change: (world: World) => void = () => undefined, more: Partial<Drive> = {}): SetUp {
  const rows = orderWorld();
  change(rows);
  const books = new MemoryBooks(rows);
  const suppliers = fakeSuppliers(rows);
  const input = { customer: "xyz", item: "widget", quantity: "50" };
  return { drive: { definition: orderParts, input, world: { books, suppliers }, ...more }, books, suppliers };
}
interface Done {
  readonly plan: PlanDocument;
  readonly orders: { readonly placed: readonly { readonly order: string; readonly usedFallback: boolean }[] };
  readonly validation: { readonly documents: number; readonly differences: readonly unknown[] };
  readonly [step: string]: unknown;
}
const whole = async (drive: Drive) => (await driveWorkflow(drive)) as unknown as Done;
/** Part and quantity bought, over all orders. */
function bought(plan: PlanDocument): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const line of plan.orders.flatMap((order) => order.lines)) {
    sums[line.part] = (sums[line.part] ?? 0) + Number(line.quantity);
  }
  return sums;
}
const failedWith = (code: string) => (error: { code?: string }) => error.code === code;

test("from a request to placed, validated and recorded orders", async () => {
  const { drive, books, suppliers } = setUp();
  const { plan, orders, validation } = await whole(drive);
  // 200 bolts and 50 plates and motors are needed; 50 bolts and 10 plates are in stock.
  const quantities = bought(plan);
  assert.deepEqual([quantities["plate"], quantities["motor"]], [40, 50]);
  assert.ok((quantities["bolt"] ?? 0) >= 150);
  assert.equal(firstPlanFault(plan, demoPolicy), undefined);
  assert.equal(plan.validUntil, "2026-03-09T09:00:00.000Z");
  assert.deepEqual(
    plan.effects.map((effect) => [effect.step, effect.reversibility]),
    [
      ["credit", "compensable"],
      ["budget", "compensable"],
      ["reserve", "compensable"],
      ["orders", "irreversible"],
      ["crm", "compensable"],
    ],
  );
  // Whatever else writes changes only what these have made: holds are confirmed, orders are marked.
  const named = new Set(plan.effects.map(({ step }) => step));
  const others = orderParts.planned.filter(({ id, effect }) => effect !== "read" && !named.has(id));
  assert.deepEqual(
    others.map(({ skill }) => skill),
    ["attest", "attest", "mark-orders"],
  );
  assert.equal(plan.fallbacks.length, plan.orders.length);
  assert.deepEqual(
    orders.placed.map((each) => each.order),
    plan.orders.map((order) => order.id),
  );
  for (const order of plan.orders) {
    assert.equal(suppliers[order.supplier]?.orders.get(order.id)?.total.amount, order.total.amount);
    assert.equal((await books.get("orders", order.id))?.status, "confirmed");
  }
  assert.deepEqual([validation.documents, validation.differences], [plan.orders.length * 2, []]);
  const [budget, credit] = await books.find("commitments", { status: "held" });
  assert.ok(budget && credit && Number(budget.amount) >= Number(plan.total.amount));
  assert.equal(credit.amount, plan.quote.total.amount);
  const activity = (await books.find("activities"))[0];
  assert.equal(
    activity?.projectedDelivery,
    plan.orders
      .map((order) => order.expectedDelivery)
      .toSorted()
      .at(-1),
  );
  assert.equal(activity?.quoteTotal, plan.quote.total.amount);
  assert.match(
    orderParts.summary({ input: drive.input, outputs: { plan, orders, validation } }),
    /^Parts for 50 × Widget for Customer XYZ: \d orders? placed for [\d.]+ USD\. Confirmations and invoices agree/,
  );
});

test("another quantity or stock gives another plan", async () => {
  const of = async (quantity: string, change?: (world: World) => void) => {
    const { drive } = setUp(change, { input: { customer: "xyz", item: "widget", quantity } });
    return bought((await whole(drive)).plan);
  };
  assert.deepEqual([(await of("7"))["plate"], (await of("7"))["motor"]], [undefined, 7]);
  assert.deepEqual([(await of("60"))["plate"], (await of("60"))["motor"]], [50, 60]);
  const stocked = await of("50", (world) => {
    world.stock = world.stock.map((each) => (each.id === "motor" ? { ...each, onHand: "45" } : each));
  });
  assert.equal(stocked["motor"], 5);
});

test("all in stock: nothing is ordered, the plan still is attested and approved", async () => {
  const { drive, suppliers } = setUp((world) => {
    world.stock = world.stock.map((each) => ({ ...each, onHand: "1000" }));
  });
  const { plan, orders, validation } = await whole(drive);
  assert.deepEqual([plan.orders, plan.total.amount, orders.placed], [[], "0.00", []]);
  assert.deepEqual(
    plan.effects.map((effect) => effect.step),
    ["credit", "budget", "reserve", "orders", "crm"],
  );
  assert.ok(Object.values(suppliers).every((each) => each.asked.length === 0));
  assert.match(orderParts.summary({ input: drive.input, outputs: { plan, orders, validation } }), /in stock/);
});

test("a banned vendor is neither ordered from nor prepared as a fallback", async () => {
  const { drive } = setUp((world) => {
    world.vendors = world.vendors.map((each) => (each.id === "alpha" ? { ...each, status: "banned" } : each));
  });
  const { plan } = await whole(drive);
  assert.ok(plan.orders.length > 0);
  assert.ok(!JSON.stringify(plan).includes("alpha"));
});

test("the budget one cent below, equal to and above the plan's total", async () => {
  const { drive } = setUp();
  const { total } = (await whole(drive)).plan;
  const withBudget = (cents: number) =>
    setUp((world) => {
      const budget = (Number(total.amount) + cents / 100).toFixed(2);
      world.projects = world.projects.map((each) => ({ ...each, budget }));
    }).drive;
  await assert.rejects(whole(withBudget(-1)), failedWith("budget-exceeded"));
  for (const cents of [0, 1]) {
    const { plan, orders } = await whole(withBudget(cents));
    assert.equal(plan.total.amount, total.amount);
    assert.equal(orders.placed.length, plan.orders.length);
    // No money for a dearer alternative: it is not in the plan.
    for (const fallback of plan.fallbacks) {
      assert.ok(
        fallback.action !== "alternative" ||
          Number(fallback.replacement.total.amount) <= Number(total.amount),
      );
    }
  }
});

test("a customer without credit and a restricted one end before anything is reserved", async () => {
  for (const [change, code] of [
    [{ creditLimit: "23999.99" }, "credit-exceeded"],
    [{ name: "Volkov Trading" }, "restricted"],
  ] as const) {
    const { drive, books } = setUp((world) => {
      world.customers = world.customers.map((each) => ({ ...each, ...change }));
    });
    await assert.rejects(whole(drive), failedWith(code));
    assert.deepEqual(await books.find("reservations"), []);
  }
});

test("undoing before the order releases every hold and reservation, and another run can have them", async () => {
  const { drive, books } = setUp();
  const done = await driveWorkflow({ ...drive, until: "complianceAttests" });
  assert.equal((await books.find("commitments", { status: "held" })).length, 2);
  await undoWorkflow(drive, done);
  assert.deepEqual(await books.find("commitments", { status: "held" }), []);
  assert.deepEqual(await books.find("reservations", { status: "held" }), []);
  const revised = await whole({ ...drive, revision: 2, excluded: ["beta"] });
  assert.equal(revised.plan.revision, 2);
  assert.ok(
    revised.plan.orders.every((order) => order.supplier !== "beta" && order.id.startsWith("run1-2-")),
  );
});

test("two wholesalers down: the third is used; all down: a retryable error", async () => {
  const { drive, suppliers } = setUp();
  const down = async () => {
    throw supplierError("supplier-down", true);
  };
  Object.assign(suppliers["alpha"] ?? {}, { before: down });
  Object.assign(suppliers["gamma"] ?? {}, { before: down });
  const { plan } = await whole(drive);
  assert.deepEqual(
    plan.orders.map((order) => order.supplier),
    ["beta"],
  );
  assert.deepEqual(
    plan.fallbacks.map((each) => each.action),
    ["escalate"],
  );
  const none = setUp();
  for (const supplier of Object.values(none.suppliers)) {
    supplier.before = down;
  }
  await assert.rejects(whole(none.drive), { code: "no-offers", retryable: true });
});

test("a supplier that refuses its order is replaced by the approved alternative, and the result says so", async () => {
  const { drive, suppliers, books } = setUp();
  const first = (await whole(setUp().drive)).plan.orders[0];
  assert.ok(first);
  const refusing = suppliers[first.supplier];
  assert.ok(refusing);
  refusing.before = async (method) => {
    if (method === "placeOrder") {
      throw supplierError("supplier-refused");
    }
  };
  const { plan, orders, validation } = await whole(drive);
  const [placed] = orders.placed;
  assert.deepEqual(placed?.usedFallback, true);
  assert.equal((await books.get("orders", first.id))?.status, "failed");
  assert.equal((await books.get("orders", placed.order))?.status, "confirmed");
  const summary = orderParts.summary({ input: drive.input, outputs: { plan, orders, validation } });
  assert.match(summary, /with the approved alternative/);
});

test("a differing invoice is named in the result, and the order is marked", async () => {
  const { drive, suppliers, books } = setUp();
  for (const supplier of Object.values(suppliers)) {
    supplier.document = (each) => (each.kind === "invoice" ? [{ ...each, bankAccount: "XX00EVIL" }] : [each]);
  }
  const { plan, orders, validation } = await whole(drive);
  assert.equal(validation.differences.length, plan.orders.length);
  for (const order of plan.orders) {
    assert.equal((await books.get("orders", order.id))?.status, "mismatch");
  }
  const summary = orderParts.summary({ input: drive.input, outputs: { plan, orders, validation } });
  assert.match(summary, /differences? between documents and plan/);
});
