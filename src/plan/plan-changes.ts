import type { Money, PlanDocument, PlannedOrder } from "../domain.ts";
import type { PlanChange } from "../edit-types.ts";

/** What differs between two plans of one run, in the words of a card: field by field, old and new. Pure. */
export function planChanges(before: PlanDocument, after: PlanDocument): readonly PlanChange[] {
  const fields: readonly (readonly [string, (plan: PlanDocument) => string])[] = [
    ["Quantity", (plan) => plan.request.quantity],
    ["Total", (plan) => moneyText(plan.total)],
    ["Quote to customer", (plan) => moneyText(plan.quote.total)],
    ["Margin", (plan) => `${plan.quote.marginPercent} %`],
    ["Left out", (plan) => (plan.leftOut ?? []).toSorted().join(", ")],
    ["Ship to", (plan) => Object.values(plan.shipTo).join(", ")],
  ];
  const suppliers = [...new Set([...before.orders, ...after.orders].map((order) => order.supplier))];
  return [
    ...fields.flatMap(([what, read]) => difference(what, read(before), read(after))),
    ...suppliers.toSorted().flatMap((supplier) => orderChanges(supplier, before, after)),
  ];
}

/** Of a plan without orders from the supplier all is nothing. */
function orderChanges(supplier: string, before: PlanDocument, after: PlanDocument): readonly PlanChange[] {
  const [old, now] = [before, after].map((plan) => plan.orders.filter((each) => each.supplier === supplier));
  const name = (now?.[0] ?? old?.[0])?.supplierName ?? supplier;
  const read = (orders: readonly PlannedOrder[] = [], of: (order: PlannedOrder) => string) =>
    orders.map(of).join(" + ");
  const parts = [...(old ?? []), ...(now ?? [])].flatMap((order) => order.lines.map(({ part }) => part));
  const line = (part: string) => (order: PlannedOrder) =>
    order.lines
      .filter((each) => each.part === part)
      .map((each) => `${each.quantity} ${each.unit} at ${moneyText(each.unitPrice)}`)
      .join(" + ");
  return [
    ...[...new Set(parts)]
      .toSorted()
      .flatMap((part) => difference(`${name}: ${part}`, read(old, line(part)), read(now, line(part)))),
    ...difference(
      `${name}: shipping`,
      read(
        old,
        (order) => `${order.freightMethod}, ${moneyText(order.freight)}, by ${order.expectedDelivery}`,
      ),
      read(
        now,
        (order) => `${order.freightMethod}, ${moneyText(order.freight)}, by ${order.expectedDelivery}`,
      ),
    ),
    ...difference(
      `${name}: order total`,
      read(old, (order) => moneyText(order.total)),
      read(now, (order) => moneyText(order.total)),
    ),
  ];
}

function difference(what: string, before: string, after: string): readonly PlanChange[] {
  return before === after ? [] : [{ what, before: before || "none", after: after || "none" }];
}

function moneyText(value: Money): string {
  return `${value.amount} ${value.currency}`;
}
