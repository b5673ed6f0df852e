import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import type { Books } from "../../../src/ports.ts";
import { supplierError, usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan } from "../../fakes/sample-plan.ts";
import { mandateFor, placeOrders, second, setUp, twoOrders } from "./supply-orders-world.ts";

test("ceilings: cumulative per vendor and per approver and day, one cent below, equal, above", async () => {
  const policyOf = (approver: string, vendor: string) => ({
    ceilings: { perApproverPerDay: usd(approver), perVendorPerDay: usd(vendor) },
  });
  for (const [approver, vendor, fits] of [
    ["1023.90", "520.30", true],
    ["1023.91", "520.31", true],
    ["1023.89", "9999.00", false],
    ["9999.00", "520.29", false],
  ] as const) {
    const { alpha, context, statuses } = setUp({ policy: policyOf(approver, vendor) });
    const done = placeOrders(context(), {}, mandateFor(twoOrders));
    if (fits) {
      await done;
    } else {
      await assert.rejects(done, { code: "ceiling-exceeded" });
      assert.deepEqual(alpha.orders.size, 0);
      // The real books roll the whole unit back; the ones in memory have no transactions.
      assert.ok(!Object.values(await statuses()).includes("placed"));
    }
  }
  const policy = policyOf("1600.00", "1600.00");
  const { context } = setUp({ policy });
  await placeOrders(context(), {}, mandateFor(twoOrders));
  const next = (run: string) =>
    samplePlan({
      run,
      orders: [sampleOrder({ id: `${run}-1-1` }), { ...second, id: `${run}-1-2` }],
      total: usd("1023.90"),
    });
  const run = (id: string, now: string) => context({ subject: { run: id }, now });
  await assert.rejects(
    placeOrders(run("run2", "2026-03-02T23:59:59.000Z"), {}, mandateFor(next("run2"))),
    (error: Error) => /approver "manager" would reach 2047.80 USD/.test(error.message),
  );
  await placeOrders(run("run3", "2026-03-03T00:00:00.000Z"), {}, mandateFor(next("run3")));
});

test("ceilings limit what is clicked: countersigned orders neither meet them nor use them up", async () => {
  const ceilings = { perApproverPerDay: usd("1023.90"), perVendorPerDay: usd("1023.90") };
  const { books, context } = setUp({ policy: { ceilings } });
  const next = (run: string) =>
    samplePlan({
      run,
      orders: [sampleOrder({ id: `${run}-1-1` }), { ...second, id: `${run}-1-2` }],
      total: usd("1023.90"),
    });
  const place = (run: string, assurance: "clicked" | "countersigned") =>
    placeOrders(context({ subject: { run } }), {}, { ...mandateFor(next(run)), assurance });
  await place("run2", "countersigned");
  await place("run3", "countersigned");
  await place("run4", "clicked");
  await assert.rejects(place("run5", "clicked"), { code: "ceiling-exceeded" });
  await place("run6", "countersigned");
  const kept = await Promise.all(["run3-1-1", "run4-1-1"].map((id) => books.get("orders", id)));
  assert.deepEqual(
    kept.map((row) => row?.assurance),
    ["countersigned", "clicked"],
  );
});

test("whatever fails whenever, and however often it is repeated: never two orders for the same goods", async () => {
  const fault = fc.constantFrom(
    "none",
    "supplier-refused",
    "supplier-down",
    "supplier-unreachable",
    "supplier-slow",
    "supplier-garbage",
    "lost-reply",
    "books",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 14 }), async (faults) => {
      const { books, alpha, beta, context } = setUp();
      const left = [...faults];
      const act = async (method: string): Promise<void> => {
        const next = left.shift() ?? "none";
        if (next === "none" || next === "lost-reply" || next === "books") {
          return;
        }
        // Nobody refuses to say what he has; "unreachable" means that nothing arrived.
        if (next !== "supplier-refused" || method === "placeOrder") {
          throw supplierError(next, next !== "supplier-refused");
        }
      };
      alpha.before = beta.before = act;
      alpha.afterBooking = beta.afterBooking = async () => {
        if (left[0] === "lost-reply") {
          left.shift();
          throw supplierError(left.length % 2 === 0 ? "supplier-slow" : "supplier-down", true);
        }
      };
      const transact = async <T>(unit: (unitBooks: Books) => Promise<T>): Promise<T> => {
        if (left[0] === "books") {
          left.shift();
          throw supplierError("books-gone", true);
        }
        return unit(books);
      };
      for (let attempt = 1; attempt <= faults.length + 1; attempt += 1) {
        const ended = await placeOrders(
          context({ transact, subject: { attempt } }),
          {},
          mandateFor(twoOrders),
        ).catch((error: { code: string; retryable: boolean }) => error);
        const first = [alpha.orders.has("run1-1-1"), beta.orders.has("run1-1-1-alternative")];
        assert.notDeepEqual(first, [true, true], faults.join(", "));
        if ("placed" in ended) {
          assert.deepEqual(first.filter(Boolean).length, 1);
          assert.ok(beta.orders.has("run1-1-2"));
          break;
        }
        if (!ended.retryable) {
          break;
        }
      }
    }),
    { numRuns: 150 },
  );
});
