import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WholesalerId } from "../../src/sandbox/company/catalogues.ts";
import { never, SupplierBench, withCode } from "../fakes/supplier-bench.ts";
import { plannedSupplierOrder, wholesalerRow } from "../fakes/supplier-world.ts";
import { supplierFaultsContract } from "./supplier-faults.ts";

/** What every SupplierSystem must do, shown against the real servers of the sandbox. */
export function supplierSystemContract(id: WholesalerId): void {
  const { protocol, currency } = wholesalerRow(id);
  describe(`SupplierSystem over ${protocol} (${id})`, () => {
    const bench = new SupplierBench(id);

    test("an offer honours the agreed price, else has the list price", async () => {
      const found = await bench.offer(
        "rfq-prices",
        bench.line("bolt", "50", "0.35"),
        bench.line("gear", "2"),
        bench.line("imported", "7.5", "3.10"),
        bench.line("nowhere", "1"),
      );
      assert.match(found.reference, /^[A-Z]{2}-Q-\d+$/);
      assert.equal(found.taxPercent, "19");
      assert.equal(found.validUntil, "2026-03-15");
      assert.deepEqual(found.lines, [
        { part: "bolt", available: "50", unitPrice: { amount: "0.35", currency }, leadDays: 3 },
        { part: "gear", available: "2", unitPrice: { amount: "1250.00", currency }, leadDays: 3 },
        { part: "imported", available: "7.5", unitPrice: { amount: "3.10", currency }, leadDays: 7 },
      ]);
    });

    test("no more is offered than is in stock, in whole packs, and orders use stock up", async () => {
      const available = async (request: string) =>
        (await bench.offer(request, bench.line("gear", "500"))).lines[0]?.available;
      assert.equal(await available("rfq-stock-1"), "90");
      const gears = (quantity: string) =>
        plannedSupplierOrder(`gears-${quantity}`, currency, [{ part: "gear", quantity, price: "1250.00" }]);
      await bench.place(gears("60"));
      assert.equal(await available("rfq-stock-2"), "30");
      await assert.rejects(bench.place(gears("40")), withCode("supplier-refused", false));
      bench.world.world.control.restock(id);
      assert.equal(await available("rfq-stock-3"), "90");
    });

    test("an order is booked once under repeated and concurrent calls", async () => {
      const numbers = await Promise.all(Array.from({ length: 4 }, () => bench.place(bench.order("once"))));
      numbers.push(await bench.place(bench.order("once")));
      assert.equal(new Set(numbers).size, 1);
      assert.deepEqual(
        bench.booked("once").map((each) => each.number),
        [numbers[0]],
      );
    });

    test("the same reference with another content is refused", async () => {
      const number = await bench.place(bench.order("fixed"));
      await assert.rejects(bench.place(bench.order("fixed", "201")), withCode("supplier-refused", false));
      assert.equal(await bench.supplier.findOrder("fixed", never), number);
      assert.equal(bench.booked("fixed")[0]?.lines[0]?.quantity, "200");
    });

    test("an order below every quoted price, or that does not add up, is refused", async () => {
      const cheap = plannedSupplierOrder("cheap", currency, [
        { part: "bolt", quantity: "10", price: "0.01" },
      ]);
      await assert.rejects(bench.place(cheap), withCode("supplier-refused", false));
      const wrong = { ...bench.order("wrong-sum"), total: { amount: "1.00", currency } };
      await assert.rejects(bench.place(wrong), withCode("supplier-refused", false));
      assert.equal(await bench.supplier.findOrder("cheap", never), undefined);
      assert.equal(await bench.supplier.findOrder("wrong-sum", never), undefined);
    });

    test("an order is found by our reference, by the whole of it", async () => {
      const number = await bench.place(bench.order("run-10"));
      assert.equal(await bench.supplier.findOrder("run-10", never), number);
      assert.equal(await bench.supplier.findOrder("run-1", never), undefined);
      assert.deepEqual(await bench.supplier.documents("run-1", never), []);
    });

    test("confirmation and invoice equal the order", async () => {
      const placed = plannedSupplierOrder("papers", currency, [
        { part: "bolt", quantity: "1000", price: "0.40" },
        { part: "gear", quantity: "10", price: "1250.00" },
      ]);
      await bench.place(placed);
      const { confirmation, invoice } = await bench.documents("papers");
      assert.notEqual(confirmation.reference, invoice.reference);
      for (const { kind: _kind, reference: _reference, ...content } of [confirmation, invoice]) {
        assert.deepEqual(content, {
          orderId: "papers",
          supplierName: `Wholesaler ${id}`,
          bankAccount: `ACCOUNT-${id}`,
          shipTo: placed.shipTo,
          lines: placed.lines.map(({ description: _description, ...each }) => each),
          freight: placed.freight,
          tax: placed.tax,
          total: placed.total,
        });
      }
    });

    test("a reference that could be something else is never sent", async () => {
      for (const bad of ["", "../orders", "a b", "a\nb", "x".repeat(101)]) {
        await assert.rejects(bench.supplier.findOrder(bad, never), withCode("bad-reference", false));
      }
    });

    supplierFaultsContract(bench);
  });
}
