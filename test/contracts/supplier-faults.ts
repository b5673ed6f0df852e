import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { never, withCode, type SupplierBench } from "../fakes/supplier-bench.ts";
import { newWorldFolder, startSupplierWorld, suppliersOf, wholesalerRow } from "../fakes/supplier-world.ts";

/** The part of the contract of every SupplierSystem that is about suppliers which fail, lie or die. */
export function supplierFaultsContract(bench: SupplierBench): void {
  const { id, currency, protocol } = bench;

  test("down: nothing is booked, and where no connection was made the code says so", async () => {
    // By mail our message leaves before the supplier is seen to be down.
    const down = withCode(protocol === "mail" ? "supplier-down" : "supplier-unreachable", true);
    await bench.withFaults({ down: true }, async () => {
      await assert.rejects(bench.offer("rfq-down", bench.line("bolt", "1")), down);
      await assert.rejects(bench.place(bench.order("down")), down);
      await assert.rejects(bench.supplier.findOrder("down", never), down);
    });
    assert.equal(await bench.supplier.findOrder("down", never), undefined);
  });

  test("slow: supplier-slow at the deadline", async () => {
    await bench.withFaults({ slow: true }, async () => {
      const request = { id: "rfq-slow", lines: [bench.line("bolt", "1")], shipToCountry: "GB" };
      await assert.rejects(
        bench.givenUp((signal) => bench.supplier.requestOffer(request, signal)),
        withCode("supplier-slow", true),
      );
      await assert.rejects(
        bench.givenUp((signal) => bench.supplier.findOrder("slow", signal)),
        withCode("supplier-slow", true),
      );
    });
    await assert.rejects(
      bench.supplier.findOrder("slow", AbortSignal.abort()),
      withCode("supplier-slow", true),
      "a deadline that has passed already",
    );
  });

  test("garbage: supplier-garbage, and the next answer is as good as ever", async () => {
    await bench.withFaults({ garbage: true }, async () => {
      await assert.rejects(
        bench.offer("rfq-garbage", bench.line("bolt", "1")),
        withCode("supplier-garbage", false),
      );
      await assert.rejects(bench.place(bench.order("garbage")), withCode("supplier-garbage", false));
      await assert.rejects(bench.supplier.findOrder("garbage", never), withCode("supplier-garbage", false));
    });
    assert.equal((await bench.offer("rfq-garbage", bench.line("bolt", "1"))).lines.length, 1);
    await bench.place(bench.order("garbage"));
    await bench.documents("garbage");
  });

  test("booked, but the answer is lost: found by our reference, and not booked twice", async () => {
    await bench.withFaults({ loseReply: true }, async () => {
      const placing = (signal: AbortSignal) => bench.supplier.placeOrder(bench.order("lost"), signal);
      // By mail nothing tells that an answer is lost: the caller's deadline passes.
      await (protocol === "mail"
        ? assert.rejects(bench.givenUp(placing), withCode("supplier-slow", true))
        : assert.rejects(placing(never), withCode("supplier-down", true)));
      const number = bench.booked("lost")[0]?.number;
      assert.notEqual(number, undefined);
      assert.equal(await bench.supplier.findOrder("lost", never), number);
    });
    const number = await bench.place(bench.order("lost"));
    assert.deepEqual(
      bench.booked("lost").map((each) => each.number),
      [number],
    );
    await bench.documents("lost");
  });

  test("another price and part of the quantity arrive as they are said", async () => {
    await bench.withFaults({ wrongPrice: true }, async () => {
      const { lines } = await bench.offer("rfq-price", bench.line("gear", "1", "1000.00"));
      assert.deepEqual(lines[0]?.unitPrice, { amount: "1100.00", currency });
    });
    await bench.withFaults({ partialFill: true }, async () => {
      assert.equal((await bench.offer("rfq-part", bench.line("bolt", "25"))).lines[0]?.available, "12");
    });
  });

  test("what a supplier writes to people and models goes nowhere", async () => {
    await bench.withFaults({ malicious: true }, async () => {
      const found = await bench.offer("rfq-malicious", bench.line("bolt", "5"));
      assert.equal(found.lines[0]?.available, "5");
      await bench.place(bench.order("malicious"));
      const documents = await bench.documents("malicious");
      assert.doesNotMatch(JSON.stringify([found, documents]), /ignore|script|hyperlink/i);
    });
  });

  for (const [field, expected] of [
    ["quantity", { quantity: "201" }],
    ["price", { unitPrice: { amount: "0.41", currency } }],
    ["unit", { unit: "box" }],
  ] as const) {
    test(`an invoice with another ${field} arrives as it is, the confirmation too`, async () => {
      await bench.withFaults({ invoiceError: { field } }, async () => {
        await bench.place(bench.order(`other-${field}`));
        const { confirmation, invoice } = await bench.documents(`other-${field}`);
        const [ordered] = confirmation.lines;
        const [invoiced] = invoice.lines;
        assert.deepEqual({ ...ordered, ...expected, total: invoiced?.total }, invoiced);
        assert.notDeepEqual(ordered, invoiced);
      });
    });
  }
  for (const [field, key] of [
    ["tax", "tax"],
    ["bank-account", "bankAccount"],
    ["address", "shipTo"],
  ] as const) {
    test(`an invoice with another ${field} arrives as it is`, async () => {
      await bench.withFaults({ invoiceError: { field, by: -1 } }, async () => {
        await bench.place(bench.order(`other-${field}`, "900"));
        const { confirmation, invoice } = await bench.documents(`other-${field}`);
        assert.notDeepEqual(invoice[key], confirmation[key]);
      });
    });
  }

  test("what was confirmed survives kill -9 of the wholesalers", async () => {
    const folder = await newWorldFolder();
    const script = fileURLToPath(new URL("../fakes/wholesalers-process.ts", import.meta.url));
    const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    try {
      const died = exited.then(() => assert.fail("the wholesalers ended before they were ready"));
      const [text] = await Promise.race([once(createInterface(child.stdout), "line"), died]);
      const where = z
        .object({ endpoints: z.record(z.string(), z.string()), mailbox: z.string() })
        .parse(JSON.parse(String(text)));
      const there = suppliersOf(where).open(wholesalerRow(id));
      const deadline = new AbortController();
      const confirmed = new Map<string, string>();
      const attempts = Promise.allSettled(
        Array.from({ length: 6 }, async (_each, index) => {
          const number = await there.placeOrder(bench.order(`killed-${index}`), deadline.signal);
          confirmed.set(`killed-${index}`, number);
          child.kill("SIGKILL");
        }),
      );
      await exited;
      deadline.abort();
      await attempts;
      assert.ok(confirmed.size > 0);

      const again = await startSupplierWorld(folder);
      try {
        for (const [reference, number] of confirmed) {
          assert.equal(await again.supplier(id).findOrder(reference, never), number);
          assert.equal((await again.supplier(id).documents(reference, never)).length, 2);
        }
      } finally {
        await again.stop();
      }
    } finally {
      child.kill("SIGKILL");
      await exited;
    }
  });
}
