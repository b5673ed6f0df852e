import type { SkillContext } from "../../src/define-agent.ts";
import type { PlanDocument, Signed } from "../../src/domain.ts";
import type { AttestationStatement } from "../../src/mandate-types.ts";
import { AppError } from "../../src/errors.ts";
import { loadScreen, split, type Hit, type Screen } from "./screen.ts";

/** Customer (all its names), destination and items against the lists; fails with "restricted" on the first hit. */
export async function checkOrder(
  { books }: SkillContext,
  screen: Screen,
  customerId: string,
  itemIds: readonly string[],
): Promise<void> {
  const customer = await books.get("customers", customerId);
  if (customer === undefined) {
    throw new AppError("unknown-customer", `the books have no customer "${customerId}"`);
  }
  refuseHit(screen.party([customer.name, ...split(customer.aliases)]), `customer "${customerId}"`);
  refuseHit(screen.country(customer.country), `destination ${customer.country}`);
  // Read together, because each read alone costs a round trip.
  const items = await Promise.all(itemIds.map((id) => books.get("items", id)));
  for (const [index, id] of itemIds.entries()) {
    const item = items[index];
    if (item === undefined) {
      throw new AppError("unknown-item", `the books have no item "${id}"`);
    }
    refuseHit(screen.item(id, [item.name, ...split(item.aliases)]), `item "${id}"`);
  }
}

/**
 * Attests the plan that these bytes carry: customer, destination, every item, and every supplier (of orders and of
 * fallbacks) with name and bank account, all checked again against today's lists.
 */
export async function attest(context: SkillContext, text: string): Promise<Signed<AttestationStatement>> {
  const { clock } = context;
  const { sha256Hex } = await import("../../src/canonical.ts");
  const { planToAttest } = await import("../../src/plan/plan-to-attest.ts");
  const plan = planToAttest(text, context);
  const screen = await loadScreen(context);
  const orders = [
    ...plan.orders,
    ...plan.fallbacks.flatMap((each) => (each.action === "alternative" ? [each.replacement] : [])),
  ];
  const items = [
    plan.request.item,
    ...new Set(orders.flatMap((order) => order.lines.map((line) => line.part))),
  ];
  await checkOrder(context, screen, plan.request.customer, items);
  await checkDestination(context, screen, plan);
  for (const order of orders) {
    const reason = screen.vendor({
      id: order.supplier,
      name: order.supplierName,
      bankAccount: order.bankAccount,
    });
    if (reason !== undefined) {
      throw new AppError("vendor-refused", `order ${order.id}: ${reason}`);
    }
  }
  return context.sign({
    tag: "countersign/attestation/1",
    planHash: sha256Hex(text),
    run: plan.run,
    revision: plan.revision,
    role: "compliance",
    verdict: "approved",
    issuedAt: new Date(clock.now()).toISOString(),
    expiry: plan.validUntil,
  });
}

/** Goods go to the customer's own address as the books have it, and nowhere else. */
async function checkDestination(
  { books }: SkillContext,
  screen: Screen,
  { request, customerName, shipTo }: PlanDocument,
): Promise<void> {
  refuseHit(screen.country(shipTo.country), `destination ${shipTo.country}`);
  const customer = await books.get("customers", request.customer);
  for (const field of ["name", "street", "city", "postcode", "country"] as const) {
    if (customer?.[field] !== shipTo[field]) {
      throw new AppError(
        "plan-wrong",
        `the plan's shipTo.${field} is "${shipTo[field]}", the books say "${customer?.[field]}"`,
      );
    }
  }
  if (customer?.name !== customerName) {
    throw new AppError(
      "plan-wrong",
      `the plan's customerName is "${customerName}", the books say "${customer?.name}"`,
    );
  }
}

function refuseHit(hit: Hit | undefined, what: string): void {
  if (hit !== undefined) {
    throw new AppError("restricted", `${what} is on list "${hit.list}" ("${hit.entry}"): ${hit.reason}`);
  }
}
