import assert from "node:assert/strict";
import supply from "../../../agents/supply.ts";
import { canonicalHash, canonicalJson } from "../../../src/canonical.ts";
import type { VerifiedMandate } from "../../../src/define-agent.ts";
import type { PlanDocument } from "../../../src/domain.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { fakeSuppliers, orderWorld, supplierError, usd } from "../../fakes/order-world.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../fakes/sample-plan.ts";
import { skillContext, type SkillContextOptions } from "../../fakes/skill-context.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

/** Two approved orders, of which the first has an alternative, and the world they are placed in. */

export const placeOrders = skillRunner(supply.skills["place-orders"]);
export const second = sampleReplacement({ id: "run1-1-2" });
export const twoOrders = samplePlan({
  orders: [sampleOrder(), second],
  total: usd("1023.90"),
  fallbacks: [
    { order: "run1-1-1", action: "alternative", replacement: sampleReplacement() },
    { order: "run1-1-2", action: "escalate", note: "a person decides" },
  ],
});

export function mandateFor(plan: PlanDocument, decidedBy = ["manager"]): VerifiedMandate {
  const text = canonicalJson(plan);
  return {
    mandate: { plan: text, attestations: [], decisions: [] },
    plan,
    planHash: canonicalHash(plan),
    decidedBy,
    assurance: "clicked",
  };
}
export function setUp(options: Partial<SkillContextOptions> = {}) {
  const world = orderWorld();
  const books = new MemoryBooks(world);
  const suppliers = fakeSuppliers(world);
  const { alpha, beta } = suppliers;
  assert.ok(alpha && beta);
  const context = (more: Partial<SkillContextOptions> = {}) =>
    skillContext({ agent: "supply", books, suppliers, ...options, ...more });
  const statuses = async () =>
    Object.fromEntries((await books.find("orders")).map((row) => [row.id, row.status]));
  return { books, alpha, beta, context, statuses };
}
/** Fails in one method with a code. */
export const failing =
  (method: string, code: string, retryable = true) =>
  async (called: string): Promise<void> => {
    if (called === method) {
      throw supplierError(code, retryable);
    }
  };
