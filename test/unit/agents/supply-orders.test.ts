import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "../../../src/canonical.ts";
import { supplierError, usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan } from "../../fakes/sample-plan.ts";
import { failing, mandateFor, placeOrders, setUp, twoOrders } from "./supply-orders-world.ts";

test("orders are booked, placed exactly as planned and known by the supplier's number", async () => {
  const { books, alpha, context } = setUp();
  const { placed } = await placeOrders(context(), {}, mandateFor(twoOrders));
  assert.deepEqual(placed, [
    { order: "run1-1-1", supplier: "alpha", supplierReference: "SO-run1-1-1", usedFallback: false },
    { order: "run1-1-2", supplier: "beta", supplierReference: "SO-run1-1-2", usedFallback: false },
  ]);
  const sent = alpha.orders.get("run1-1-1");
  assert.equal(sent?.shipTo, "Customer XYZ, 1 Sample Street, 12345 Sampletown, US");
  assert.deepEqual(sent.lines, [
    {
      part: "motor",
      description: "Motor",
      quantity: "5",
      unit: "pcs",
      unitPrice: usd("90.00"),
      total: usd("450.00"),
    },
  ]);
  assert.doesNotMatch(JSON.stringify(sent), /max|beta|quote|manager/);
  assert.deepEqual(await books.get("orders", "run1-1-1"), {
    id: "run1-1-1",
    run: "run1",
    wholesaler: "alpha",
    status: "placed",
    currency: "USD",
    total: "520.30",
    supplierReference: "SO-run1-1-1",
    placedOn: "2026-03-02",
    document: canonicalJson(sampleOrder()),
    decidedBy: "manager",
    assurance: "clicked",
  });
});

test("without a mandate, or after the plan's end, nothing is ordered", async () => {
  const { alpha, context, statuses } = setUp();
  await assert.rejects(placeOrders(context(), {}, null), { code: "mandate-missing" });
  const late = context({ now: "2026-03-09T09:00:00.000Z" });
  await assert.rejects(placeOrders(late, {}, mandateFor(twoOrders)), { code: "plan-expired" });
  await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders, [])), { code: "mandate-incomplete" });
  assert.deepEqual([alpha.orders.size, await statuses()], [0, {}]);
});

test("every order is booked before anything is sent", async () => {
  const { alpha, context, statuses } = setUp();
  let seen: unknown;
  alpha.before = async (method) => {
    if (method === "placeOrder") {
      seen ??= await statuses();
    }
  };
  await placeOrders(context(), {}, mandateFor(twoOrders));
  assert.deepEqual(seen, { "run1-1-1": "intended", "run1-1-2": "intended" });
});

test("a repetition places nothing again and gives the same answer", async () => {
  const { alpha, beta, context } = setUp();
  const first = await placeOrders(context(), {}, mandateFor(twoOrders));
  let calls = 0;
  alpha.before = beta.before = async () => {
    calls += 1;
  };
  assert.deepEqual(await placeOrders(context({ subject: { attempt: 2 } }), {}, mandateFor(twoOrders)), first);
  assert.equal(calls, 0);
});

test("killed after sending: the repetition asks the supplier and does not send again", async () => {
  const { alpha, context, statuses } = setUp();
  alpha.afterBooking = async () => {
    throw supplierError("supplier-slow", true);
  };
  const findOrder = alpha.findOrder.bind(alpha);
  alpha.findOrder = async () => {
    throw supplierError("supplier-down", true);
  };
  await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders)), {
    code: "order-unknown",
    retryable: true,
  });
  assert.deepEqual(await statuses(), { "run1-1-1": "intended", "run1-1-2": "intended" });
  alpha.findOrder = findOrder;
  let sent = 0;
  alpha.before = async (method) => {
    sent += method === "placeOrder" ? 1 : 0;
  };
  const { placed } = await placeOrders(context(), {}, mandateFor(twoOrders));
  assert.deepEqual([placed[0]?.supplierReference, placed[0]?.usedFallback, sent], ["SO-run1-1-1", false, 0]);
});

test("an answer lost after booking is found at once", async () => {
  const { alpha, context } = setUp();
  alpha.afterBooking = async () => {
    throw supplierError("supplier-garbage");
  };
  const { placed } = await placeOrders(context(), {}, mandateFor(twoOrders));
  assert.equal(placed[0]?.supplierReference, "SO-run1-1-1");
});

test("a slow or garbled answer without the order: never the fallback, the same order again later", async () => {
  for (const code of ["supplier-slow", "supplier-garbage", "supplier-timeout", "internal"]) {
    const { alpha, beta, context, statuses } = setUp();
    alpha.before = failing("placeOrder", code);
    await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders)), {
      code: "order-unknown",
      retryable: true,
    });
    assert.deepEqual([beta.orders.size, (await statuses())["run1-1-1"]], [0, "intended"], code);
    alpha.before = async () => undefined;
    const { placed } = await placeOrders(context(), {}, mandateFor(twoOrders));
    assert.deepEqual([placed[0]?.order, alpha.orders.size], ["run1-1-1", 1]);
  }
});

test("surely not placed: the approved alternative is ordered under its own id, once", async () => {
  for (const [method, code] of [
    ["placeOrder", "supplier-refused"],
    ["placeOrder", "supplier-down"],
    ["placeOrder", "supplier-unreachable"],
  ] as const) {
    const { alpha, beta, context, statuses } = setUp({ subject: { attempt: 4 } });
    alpha.before = failing(method, code, code !== "supplier-refused");
    const { placed } = await placeOrders(context(), {}, mandateFor(twoOrders));
    assert.deepEqual(placed[0], {
      order: "run1-1-1-alternative",
      supplier: "beta",
      supplierReference: "SO-run1-1-1-alternative",
      usedFallback: true,
    });
    assert.deepEqual(await statuses(), {
      "run1-1-1": "failed",
      "run1-1-1-alternative": "placed",
      "run1-1-2": "placed",
    });
    alpha.before = async () => undefined;
    const again = await placeOrders(context(), {}, mandateFor(twoOrders));
    assert.deepEqual([again.placed, alpha.orders.size, beta.orders.size], [placed, 0, 2]);
  }
});

test("unreachable for a moment: the same order is sent when the supplier is back, without asking for it", async () => {
  const { alpha, beta, context, statuses } = setUp();
  const called: string[] = [];
  alpha.before = async (method) => {
    called.push(method);
    throw supplierError("supplier-unreachable", true);
  };
  for (const attempt of [1, 2, 3]) {
    await assert.rejects(placeOrders(context({ subject: { attempt } }), {}, mandateFor(twoOrders)), {
      code: "supplier-unreachable",
      retryable: true,
    });
    assert.deepEqual(await statuses(), { "run1-1-1": "unsent", "run1-1-2": "intended" });
  }
  alpha.before = async (method) => void called.push(method);
  const { placed } = await placeOrders(context({ subject: { attempt: 4 } }), {}, mandateFor(twoOrders));
  assert.deepEqual([placed[0]?.order, placed[0]?.usedFallback], ["run1-1-1", false]);
  assert.deepEqual(called, ["placeOrder", "placeOrder", "placeOrder", "placeOrder"]);
  assert.deepEqual([alpha.orders.size, beta.orders.size], [1, 1]);
});

test("down, and the supplier cannot be asked: unknown; unreachable on a repetition: unknown too", async () => {
  const { alpha, context } = setUp();
  alpha.before = async () => {
    throw supplierError("supplier-down", true);
  };
  await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders)), { code: "order-unknown" });
  alpha.before = async (method) => {
    if (method !== "findOrder") {
      throw supplierError("supplier-unreachable", true);
    }
  };
  await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders)), { code: "order-unknown" });
});

test("neither order nor alternative: it stops, and says what was placed", async () => {
  const { beta, context, statuses } = setUp();
  beta.before = failing("placeOrder", "supplier-refused", false);
  await assert.rejects(
    placeOrders(context(), {}, mandateFor(twoOrders)),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, "partly-placed");
      assert.match(error.message, /run1-1-2 at "beta".*Placed before it: run1-1-1 \(alpha\)/);
      return true;
    },
  );
  assert.deepEqual(await statuses(), { "run1-1-1": "placed", "run1-1-2": "failed" });
});

test("nothing-placed says so only when nothing was, ever", async () => {
  const nothing = setUp();
  nothing.alpha.before = nothing.beta.before = failing("placeOrder", "supplier-refused", false);
  const place = (attempt = 1) =>
    placeOrders(nothing.context({ subject: { attempt } }), {}, mandateFor(twoOrders));
  await assert.rejects(place(), { code: "nothing-placed" });
  await assert.rejects(place(2), { code: "nothing-placed" }, "the same again");

  const dear = setUp();
  dear.alpha.before = failing("placeOrder", "supplier-refused", false);
  const { ceilings } = dear.context().trust.policy;
  const tight = { ...ceilings, perVendorPerDay: { amount: "600.00", currency: "USD" } };
  await assert.rejects(
    placeOrders(dear.context({ policy: { ceilings: tight } }), {}, mandateFor(twoOrders)),
    { code: "nothing-placed", message: /its replacement: vendor "beta"/ },
  );
});

test("refused after an earlier attempt began: orders may have been placed, whatever the refusal", async () => {
  const late = { now: "2026-06-01T00:00:00.000Z" };
  const fresh = setUp();
  await assert.rejects(placeOrders(fresh.context(late), {}, mandateFor(twoOrders)), { code: "plan-expired" });
  for (const [more, change] of [
    [late, {}],
    [{}, { active: "no" as const }],
  ] as const) {
    const { alpha, books, context } = setUp();
    alpha.before = failing("placeOrder", "supplier-slow");
    await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders)), { code: "order-unknown" });
    await books.update("wholesalers", "alpha", change);
    await assert.rejects(placeOrders(context(more), {}, mandateFor(twoOrders)), {
      code: "partly-placed",
      retryable: false,
    });
  }
});

test("a wholesaler whose account changed, or that is inactive, gets no order", async () => {
  for (const change of [{ bankAccount: "XX00EVIL" }, { active: "no" as const }]) {
    const { books, alpha, context } = setUp();
    await books.update("wholesalers", "alpha", change);
    await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders)), { code: "supplier-changed" });
    assert.equal(alpha.orders.size, 0);
  }
});

test("a vendor banned, or with another account on compliance's list, since the plan gets no order, nor do others", async () => {
  for (const change of [
    { status: "banned" as const },
    { bankAccount: "XX00EVIL" },
    { approvedUntil: "2020-01-01" },
  ]) {
    const { books, alpha, beta, context } = setUp();
    await books.update("vendors", "beta", change);
    await assert.rejects(placeOrders(context(), {}, mandateFor(twoOrders)), { code: "vendor-refused" });
    assert.equal(alpha.orders.size + beta.orders.size, 0);
  }
});

test("an order id with other contents than booked before is refused", async () => {
  const { context } = setUp();
  await placeOrders(context(), {}, mandateFor(samplePlan()));
  const other = samplePlan({ orders: [sampleOrder({ freightMethod: "express" })] });
  await assert.rejects(placeOrders(context(), {}, mandateFor(other)), { code: "order-conflict" });
});
