import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "../../../src/canonical.ts";
import { sampleOrder } from "../../fakes/sample-plan.ts";
import { failing, mandateFor, placeOrders, setUp, twoOrders } from "./supply-orders-world.ts";

type World = ReturnType<typeof setUp>;

/** The supplier's price of the motor, of which the plan has 90.00 and at most 94.50. */
async function priceIs({ books }: World, unitPrice: string): Promise<void> {
  const [price] = await books.find("prices", { wholesaler: "alpha", part: "motor" });
  assert.ok(price !== undefined && (await books.update("prices", price.id, { unitPrice })));
}

test("a price that stays within the plan's bounds is ordered as planned, up or down", async () => {
  for (const price of ["94.50", "85.50", "90.00"]) {
    const world = setUp();
    await priceIs(world, price);
    const { placed } = await placeOrders(world.context(), undefined, mandateFor(twoOrders));
    assert.equal(placed.length, 2, price);
    assert.equal(world.alpha.orders.get("run1-1-1")?.lines[0]?.unitPrice.amount, "90.00");
  }
});

test("a price beyond them, or too little stock, stops everything before anything is sent", async () => {
  const moves: readonly (readonly [(world: World) => Promise<void> | void, RegExp])[] = [
    [(world) => priceIs(world, "94.51"), /motor at Alpha Parts: 94\.51 USD instead of 90\.00/],
    [(world) => priceIs(world, "85.49"), /85\.49 USD instead of 90\.00/],
    [(world) => void (world.alpha.stock = { motor: "4" }), /4 of 5 pcs can be had/],
  ];
  for (const [move, message] of moves) {
    const world = setUp();
    await move(world);
    const place = () => placeOrders(world.context(), undefined, mandateFor(twoOrders));
    await assert.rejects(place(), { code: "plan-drifted", retryable: false, message });
    // Nor by a later attempt, whatever the price is then: its alternative included.
    await priceIs(world, "90.00");
    world.alpha.stock = {};
    await assert.rejects(place(), { code: "plan-drifted" });
    assert.deepEqual([...world.alpha.orders, ...world.beta.orders], []);
    assert.deepEqual(await world.statuses(), {
      "run1-1-1": "drifted",
      "run1-1-2": "drifted",
      "run1-1-1-alternative": "drifted",
    });
  }
});

test("orders that were begun are finished as they were, whatever prices do then", async () => {
  const world = setUp();
  world.alpha.before = failing("placeOrder", "supplier-timeout");
  await assert.rejects(placeOrders(world.context(), undefined, mandateFor(twoOrders)), {
    code: "order-unknown",
  });
  world.alpha.before = async () => undefined;
  await priceIs(world, "120.00");
  const { placed } = await placeOrders(world.context(), undefined, mandateFor(twoOrders));
  assert.equal(placed.length, 2);
});

test("of an attempt that books at the same moment nothing is put aside: it is asked for again", async () => {
  const world = setUp();
  await priceIs(world, "99.00");
  const order = sampleOrder();
  world.alpha.before = async () => {
    await world.books.insert("orders", {
      id: order.id,
      run: "run1",
      wholesaler: "alpha",
      status: "intended",
      currency: "USD",
      total: order.total.amount,
      supplierReference: "",
      placedOn: "2026-03-02",
      document: canonicalJson(order),
      decidedBy: "manager",
      assurance: "clicked",
    });
  };
  await assert.rejects(placeOrders(world.context(), undefined, mandateFor(twoOrders)), {
    code: "books-changed",
    retryable: true,
  });
  assert.deepEqual(await world.statuses(), { "run1-1-1": "intended" });
});
