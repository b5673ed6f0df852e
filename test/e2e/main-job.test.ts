import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { PlanDocument } from "../../src/domain.ts";
import { canonicalHash } from "../../src/canonical.ts";
import { sumMoney } from "../../src/money.ts";
import { TestSystem } from "./system.ts";

const request = "Order the parts needed for 50 widgets for Customer XYZ";

suite("the main job through the command line", () => {
  const system = new TestSystem();
  before(async () => {
    await system.start();
  });
  after(() => system.remove());

  test("approved: twelve agents take part, the orders are at the wholesalers, the plan is what was hashed", async () => {
    const { code, lines, result } = await system.ask(request, "--yes");
    assert.equal(code, 0, JSON.stringify(result.error));
    assert.equal(result.status, "completed");
    assert.deepEqual(result.request, { customer: "CUST-XYZ", item: "widget", quantity: "50" });
    const took = new Set(
      result.steps.filter((step) => step.status === "completed").map((step) => step.agent),
    );
    took.delete(null);
    assert.equal(took.size, 12);
    assert.equal(new Set(result.agents.map((agent) => agent.atSign)).size, 12);
    const { plan } = result;
    assert.ok(plan);
    const document = plan.document as PlanDocument;
    assert.equal(canonicalHash(document), plan.hash);
    const totals = document.orders.map((order) => order.companyTotal ?? order.total);
    assert.deepEqual(sumMoney(totals, "USD"), plan.total);
    for (const order of document.orders) {
      const goods = order.lines.map((line) => line.total);
      assert.deepEqual(sumMoney([...goods, order.freight, order.tax], order.currency), order.total);
    }
    assert.equal(result.decision?.by, "manager");
    assert.equal(result.decision?.verdict, "approved");
    const types = new Set(lines.map((line) => line.type));
    assert.deepEqual(types, new Set(["step", "approval", "result"]));
    const orders = await system.books<{ run: string; status: string; supplierReference: string }>("orders");
    const placed = orders.filter((order) => order.run === result.run);
    assert.equal(placed.length, document.orders.length);
    assert.ok(placed.every((order) => order.status === "confirmed" && order.supplierReference !== ""));
  });

  test("rejected with a reason: nothing is ordered, everything reserved is released", async () => {
    const { code, result } = await system.ask(request, "--no", "--reason", "too early");
    assert.equal(code, 3);
    assert.equal(result.status, "rejected");
    assert.equal(result.decision?.verdict, "rejected");
    const held = await system.books<{ run: string; status: string }>("reservations");
    assert.ok(held.some((row) => row.run === result.run));
    assert.ok(held.filter((row) => row.run === result.run).every((row) => row.status === "released"));
    const commitments = await system.books<{ run: string; status: string }>("commitments");
    assert.ok(commitments.filter((row) => row.run === result.run).every((row) => row.status === "released"));
    const orders = await system.books<{ run: string }>("orders");
    assert.ok(orders.every((order) => order.run !== result.run));
  });

  test("without a decision it waits, and can be decided later by another command", async () => {
    const { code, result } = await system.ask(request);
    assert.equal(code, 5);
    assert.equal(result.status, "waiting");
    const list = JSON.parse((await system.run("approvals", "--json")).stdout) as {
      approval: { id: string; run: string; status: string };
    }[];
    const open = list.find((each) => each.approval.run === result.run);
    assert.equal(open?.approval.status, "open");
    const own = await system.run("approve", open?.approval.id ?? "", "--by", "employee");
    assert.equal(own.code, 1);
    assert.match(own.stderr, /employee/);
    assert.equal((await system.run("cancel", result.run ?? "")).code, 0);
    const late = await system.run("approve", open?.approval.id ?? "");
    assert.equal(late.code, 1);
  });

  test("a request that is no order, and one that lacks something, get a clear question", async () => {
    const other = await system.ask("What is the weather like in Paris?");
    assert.equal(other.code, 4);
    assert.equal(other.result.status, "needs-input");
    assert.match(other.result.question ?? "", /order/i);
    const missing = await system.ask("Order the parts for 50 widgets");
    assert.equal(missing.code, 4);
    assert.match(missing.result.question ?? "", /customer/i);
    const unknown = await system.ask("Order the parts needed for 50 widgets for Custoner XYZ");
    assert.equal(unknown.code, 4);
    assert.match(`${unknown.result.question} ${unknown.result.options?.join()}`, /Customer XYZ/);
    for (const quantity of ["0", "-5", "1e12", "some"]) {
      const { code, result } = await system.ask(
        `Order the parts needed for ${quantity} widgets for Customer XYZ`,
      );
      assert.equal(code, 4, `${quantity}: ${JSON.stringify(result)}`);
    }
  });

  test("empty, overlong and non-text requests are refused before there is a run", async () => {
    for (const text of ["", "   ", "x".repeat(100_000), "ab\u0007\u001b[2Jcd"]) {
      const { code, result } = await system.ask(text);
      assert.equal(code, 1);
      assert.equal(result.run, null);
      assert.ok(result.error?.message);
    }
  });

  test("all journals are verified while the system runs", async () => {
    const { code, stdout } = await system.run("journal", "verify", "--json");
    const report = JSON.parse(stdout) as {
      ok: boolean;
      databases: { name: string; ok: boolean; records: number; witness: { by: string; at: string | null } }[];
      mismatches: unknown[];
      notes: string[];
    };
    assert.equal(code, 0, stdout);
    assert.deepEqual(
      report.databases.map(({ name, ok, records, witness }) => [
        name,
        ok,
        records > 10,
        witness.by,
        witness.at !== null,
      ]),
      [
        ["record", true, true, "compliance", true],
        ["books", true, true, "gateway", true],
        ["gateway", true, true, "compliance", true],
      ],
    );
    assert.deepEqual([report.ok, report.mismatches, report.notes], [true, [], []]);
  });

  test("another quantity gives another plan, an unknown person none", async () => {
    const few = await system.ask("Order the parts needed for three dozen widgets for Customer XYZ", "--yes");
    assert.equal(few.result.request?.quantity, "36");
    assert.equal(few.result.status, "completed");
    const unknownPerson = await system.ask(request, "--as", "nobody");
    assert.equal(unknownPerson.result.run, null);
  });

  test("all in stock: it is approved all the same, nothing is ordered, and what was reserved stays so", async () => {
    const stock = await system.books<{ onHand: string }>("stock");
    await system.load("stock", ...stock.map((row) => ({ ...row, onHand: "100000" })));
    const { code, result } = await system.ask(
      "Order the parts needed for 5 widgets for Customer XYZ",
      "--yes",
    );
    assert.equal(code, 0, JSON.stringify(result.error));
    const { run, plan } = result;
    assert.deepEqual([result.status, plan?.orders, plan?.total.amount], ["completed", [], "0.00"]);
    assert.ok((await system.books<{ run: string }>("orders")).every((order) => order.run !== run));
    const held = await system.books<{ run: string; status: string }>("reservations");
    assert.ok(held.some((row) => row.run === run && row.status !== "released"));
  });
});
