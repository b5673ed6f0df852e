import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanDocument } from "../../../src/domain.ts";
import { firstPlanFault } from "../../../src/plan/plan-checks.ts";
import orderParts from "../../../src/workflows/order-parts.ts";
import { driveWorkflow, type Drive } from "../../fakes/drive-workflow.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { fakeSuppliers, orderWorld } from "../../fakes/order-world.ts";
import { demoPolicy } from "../../fakes/skill-context.ts";

const input = { customer: "xyz", item: "widget", quantity: "50" };

/** The plan of a run whose earlier plan was changed so, and all outputs before the decision. */
async function planned(edit: Drive["edit"], policy = demoPolicy) {
  const world = orderWorld();
  const books = new MemoryBooks(world);
  const drive: Drive = {
    definition: orderParts,
    input,
    world: { books, suppliers: fakeSuppliers(world), policy },
    until: "complianceAttests",
    ...(edit === undefined ? {} : { edit, editors: ["manager-2"], revision: 2 }),
  };
  const outputs = await driveWorkflow(drive);
  const plan = outputs["plan"] as PlanDocument;
  assert.equal(firstPlanFault(plan, policy), undefined);
  return { plan, outputs, books };
}
const partsOf = (plan: PlanDocument) => plan.orders.flatMap((order) => order.lines.map(({ part }) => part));
const last = (plan: PlanDocument) =>
  plan.orders
    .map((each) => each.expectedDelivery)
    .toSorted()
    .at(-1) ?? "";

test("quantity: reserved, planned, held and attested for the changed number; the editor is in the plan", async () => {
  const { plan, books } = await planned({ quantity: "20" });
  assert.deepEqual([plan.request.quantity, plan.editors], ["20", ["manager-2"]]);
  const motors = plan.orders.flatMap(({ lines }) => lines).filter(({ part }) => part === "motor");
  assert.equal(
    motors.reduce((sum, { quantity }) => sum + Number(quantity), 0),
    20,
  );
  const credit = await books.get("commitments", "run1-2-credit");
  assert.equal(credit?.amount, plan.quote.total.amount);
});

test("suppliers, also of the alternatives; shipping; a line left out", async () => {
  const beta = (await planned({ suppliers: ["beta"] })).plan;
  assert.deepEqual([...new Set(beta.orders.map(({ supplier }) => supplier))], ["beta"]);
  assert.ok(beta.fallbacks.every(({ action }) => action === "escalate"));
  const [cheapest, fastest] = [
    (await planned(undefined)).plan,
    (await planned({ shipping: "fastest" })).plan,
  ];
  assert.ok(last(fastest) < last(cheapest));
  assert.match(fastest.tradeOff, /^Fastest, as chosen: .* sooner than the cheapest way/);
  const { plan, outputs } = await planned({ leaveOut: ["plate"] });
  assert.deepEqual([plan.leftOut, partsOf(plan).includes("plate")], [["plate"], false]);
  assert.ok(partsOf(plan).includes("motor"));
  const form = orderParts.editable?.({ input, outputs, edit: { leaveOut: ["plate"] } });
  assert.deepEqual(form?.leaveOut?.now, ["plate"]);
  assert.ok(
    form?.leaveOut?.options.some(({ id }) => id === "plate"),
    "it can be put back",
  );
});

test("margin: quoted as chosen; below the policy's only where people may choose it", async () => {
  const { plan } = await planned({ marginPercent: "35" });
  assert.equal(plan.quote.marginPercent, "35");
  const low = { marginPercent: "15" };
  await assert.rejects(planned(low), { code: "plan-wrong" });
  const edit = { roles: ["manager"], margin: { least: "15", most: "40" } } as const;
  assert.equal((await planned(low, { ...demoPolicy, edit })).plan.quote.marginPercent, "15");
});
