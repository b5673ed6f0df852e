import assert from "node:assert/strict";
import { test } from "node:test";
import financial from "../../../agents/financial.ts";
import { canonicalJson, sha256Hex } from "../../../src/canonical.ts";
import type { PlanDocument } from "../../../src/domain.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { orderWorld, usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../fakes/sample-plan.ts";
import { skillContext, type SkillContextOptions } from "../../fakes/skill-context.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

type World = ReturnType<typeof orderWorld>;
const attest = skillRunner(financial.skills.attest);
const checkCredit = skillRunner(financial.skills["check-credit"]);
const checkBudget = skillRunner(financial.skills["check-budget"]);
const release = skillRunner(financial.skills["release-budget"]);

/** A world in which credit and budget of run1 are held as the earlier steps leave them. */
async function held(change: (world: World) => void = () => undefined) {
  const world = orderWorld();
  change(world);
  const books = new MemoryBooks(world);
  const context = (more: Partial<SkillContextOptions> = {}) =>
    skillContext({ agent: "financial", books, ...more });
  await checkCredit(context(), { customer: "xyz", item: "widget", quantity: "1" }, null);
  await checkBudget(context(), { project: "prj", amount: usd("450.00") }, null);
  return { books, context };
}
const text = (plan: PlanDocument) => ({ plan: canonicalJson(plan) });
const project = (budget: string) => (world: World) => {
  world.projects = world.projects.map((each) => ({ ...each, budget }));
};

test("attest signs these bytes and holds exactly what the plan needs", async () => {
  const { books, context } = await held();
  const { statement } = await attest(context(), text(samplePlan()), null);
  assert.equal(statement.planHash, sha256Hex(canonicalJson(samplePlan())));
  assert.deepEqual([statement.role, statement.expiry], ["financial", samplePlan().validUntil]);
  assert.equal((await books.get("commitments", "run1-1-credit"))?.amount, "624.36");
  assert.equal((await books.get("commitments", "run1-1-budget"))?.amount, "520.30");
  await attest(context({ subject: { attempt: 2 } }), text(samplePlan()), null);
});

test("attested again days later, the run's own holds count once, and the books of now", async () => {
  const { books, context } = await held(project("520.30"));
  await books.update("customers", "xyz", { creditLimit: "624.36" });
  await attest(context(), text(samplePlan()), null);
  const before = await books.find("commitments");
  const now = "2026-03-04T09:00:00.000Z";
  const again = () => attest(context({ subject: { step: "renews" }, now }), text(samplePlan()), null);
  const { statement } = await again();
  assert.deepEqual([statement.issuedAt, statement.planHash], [now, sha256Hex(canonicalJson(samplePlan()))]);
  assert.deepEqual(await books.find("commitments"), before);

  await books.update("customers", "xyz", { creditLimit: "624.35" });
  await assert.rejects(again(), { code: "credit-exceeded" });
  await books.update("customers", "xyz", { creditLimit: "624.36" });
  await books.update("projects", "prj", { budget: "520.29" });
  await assert.rejects(again(), { code: "budget-exceeded" });
  assert.deepEqual(await books.find("commitments"), before);
});

test("attest: the plan's total against the budget, one cent below, equal, above", async () => {
  for (const [budget, enough] of [
    ["520.29", false],
    ["520.30", true],
    ["520.31", true],
  ] as const) {
    const { context } = await held(project(budget));
    const signed = attest(context(), text(samplePlan()), null);
    await (enough ? signed : assert.rejects(signed, { code: "budget-exceeded" }));
  }
});

test("attest: the quote against the credit, one cent below, equal, above", async () => {
  for (const [creditLimit, enough] of [
    ["624.35", false],
    ["624.36", true],
    ["624.37", true],
  ] as const) {
    const { context } = await held((world) => {
      world.customers = world.customers.map((each) => ({ ...each, creditLimit }));
    });
    const signed = attest(context(), text(samplePlan()), null);
    await (enough ? signed : assert.rejects(signed, { code: "credit-exceeded" }));
  }
});

test("attest: a dearer fallback is held too, or the plan is refused", async () => {
  const replacement = sampleReplacement({ tax: usd("50.00"), total: usd("553.60"), maxTotal: usd("581.28") });
  const plan = samplePlan({ fallbacks: [{ order: "run1-1-1", action: "alternative", replacement }] });
  const { books, context } = await held(project("553.60"));
  await attest(context(), text(plan), null);
  assert.equal((await books.get("commitments", "run1-1-budget"))?.amount, "553.60");
  const short = await held(project("553.59"));
  await assert.rejects(attest(short.context(), text(plan), null), { code: "budget-exceeded" });
});

test("attest refuses what does not agree with the books, the request or the policy", async () => {
  const wrong: readonly [string, PlanDocument][] = [
    ["plan-wrong", samplePlan({ total: usd("520.31") })],
    ["plan-wrong", samplePlan({ run: "run2", orders: [sampleOrder({ id: "run2-1-1" })] })],
    ["plan-wrong", samplePlan({ revision: 2, orders: [sampleOrder({ id: "run1-2-1" })] })],
    ["plan-wrong", samplePlan({ quote: { total: usd("624.36"), marginPercent: "19.9" } })],
    ["plan-wrong", samplePlan({ customerName: "Customer X" })],
    ["not-held", samplePlan({ project: "other" })],
    ["plan-expired", samplePlan({ validUntil: "2026-03-01T00:00:00.000Z" })],
    ["trust-behind", samplePlan({ policySerial: 2 })],
  ];
  for (const [code, plan] of wrong) {
    const { books, context } = await held();
    await assert.rejects(attest(context(), text(plan), null), { code }, code);
    assert.equal((await books.get("commitments", "run1-1-budget"))?.amount, "450.00");
  }
  const { context } = await held();
  await assert.rejects(attest(context(), { plan: JSON.stringify(samplePlan()) }, null), {
    code: "bad-plan",
  });
});

test("attest refuses a rate that is not the books' own", async () => {
  const eur = (amount: string) => ({ amount, currency: "EUR" });
  const order = sampleOrder({
    currency: "EUR",
    supplier: "gamma",
    lines: sampleOrder().lines.map((line) => ({
      ...line,
      unitPrice: eur("90.00"),
      maxUnitPrice: eur("94.50"),
      total: eur("450.00"),
    })),
    freight: eur("23.00"),
    tax: eur("47.30"),
    total: eur("520.30"),
    maxTotal: eur("546.31"),
    rate: "1.00",
    companyTotal: usd("520.30"),
  });
  const { context } = await held();
  await assert.rejects(attest(context(), text(samplePlan({ orders: [order] })), null), {
    code: "plan-wrong",
  });
  const right = { ...order, rate: "1.10", companyTotal: usd("572.33") };
  await attest(context(), text(samplePlan({ orders: [right], total: usd("572.33") })), null);
});

test("after an undo nothing is attested for that revision any more", async () => {
  const { books, context } = await held();
  await release(context({ subject: { step: "undo-budget" } }), {}, null);
  await assert.rejects(attest(context(), text(samplePlan()), null), { code: "not-held" });
  assert.equal((await books.get("commitments", "run1-1-credit"))?.status, "held");
});
