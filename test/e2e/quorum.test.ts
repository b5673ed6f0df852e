import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { TestSystem } from "./system.ts";

/** Above the shipped policy's limit: two people must approve. */
const request = "Order the parts needed for 500 widgets for Customer XYZ";
interface Order {
  readonly run: string;
  readonly decidedBy: string;
}

suite("an order above the limit needs two people", () => {
  const system = new TestSystem();
  before(async () => {
    await system.start();
  });
  after(() => system.remove());
  const ordersOf = async (run: string | null) =>
    (await system.books<Order>("orders")).filter((order) => order.run === run);

  test("one approves, again and again: nothing is ordered; who was handed a right and another one: it is", async () => {
    const { code, lines, result } = await system.ask(request, "--yes");
    assert.equal(code, 5, JSON.stringify(result.error));
    assert.equal(result.status, "waiting");
    const id = String((lines.find((line) => line.type === "approval") as { id?: string } | undefined)?.id);
    const again = await system.run("approve", id);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /counts already/);
    const card = await system.run("approvals", id);
    assert.match(card.stdout, /Approvals: +1 of 2, tier large · manager/);
    assert.deepEqual(await ordersOf(result.run), []);

    const own = await system.run("delegate", id, "--by", "manager-2", "--to", "employee");
    assert.equal(own.code, 1, "never to the requester");
    const handed = await system.run("delegate", id, "--by", "manager-2", "--to", "employee-2");
    assert.equal(handed.code, 0, handed.stderr);
    const second = await system.run("approve", id, "--by", "employee-2");
    assert.equal(second.code, 0, second.stderr);
    const ended = await system.ended(result.run ?? "");
    assert.equal(ended.status, "completed");
    const orders = await ordersOf(result.run);
    assert.ok(orders.length > 0);
    assert.ok(
      orders.every((order) => order.decidedBy === "manager;employee-2;manager-2"),
      orders[0]?.decidedBy,
    );
  });
});
