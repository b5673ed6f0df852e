import type { Money, PlanDocument, PlannedOrder } from "../domain.ts";
import type { PlanChange } from "../edit-types.ts";

/**
 * What differs between two plans of one run, in the words of a card: field by field, old and new; sums before orders, and
 * orders before their lines. Pure.
 */
export function planChanges(before: PlanDocument, after: PlanDocument): readonly PlanChange[] {
  const fields: readonly (readonly [string, (plan: PlanDocument) => string])[] = [
    ["Quantity", (plan) => plan.request.quantity],
    ["Total", (plan) => moneyText(plan.total)],
    ["Quote to customer", (plan) => moneyText(plan.quote.total)],
    ["Margin", (plan) => `${plan.quote.marginPercent} %`],
    ["Left out", (plan) => (plan.leftOut ?? []).toSorted().join(", ")],
    ["Ship to", (plan) => Object.values(plan.shipTo).join(", ")],
  ];
  const ids = [...new Set([...before.orders, ...after.orders].map((order) => order.supplier))];
  const suppliers = ids.toSorted().map((supplier) => bySupplier(supplier, before, after));
  return [
    ...fields.flatMap(([what, read]) => difference(what, read(before), read(after))),
    ...suppliers.flatMap(orderChanges),
    ...suppliers.flatMap(lineChanges),
  ];
}

/** One supplier's orders in both plans; of a plan without any, all is nothing. */
interface SupplierOrders {
  readonly name: string;
  readonly old: readonly PlannedOrder[];
  readonly now: readonly PlannedOrder[];
}

function bySupplier(supplier: string, before: PlanDocument, after: PlanDocument): SupplierOrders {
  const of = (plan: PlanDocument) => plan.orders.filter((each) => each.supplier === supplier);
  const [old, now] = [of(before), of(after)];
  return { name: (now[0] ?? old[0])?.supplierName ?? supplier, old, now };
}

function orderChanges(orders: SupplierOrders): readonly PlanChange[] {
  return [
    ...differenceOf(orders, "order total", ({ total }) => moneyText(total)),
    ...differenceOf(
      orders,
      "shipping",
      (order) => `${order.freightMethod}, ${moneyText(order.freight)}, by ${order.expectedDelivery}`,
    ),
  ];
}

function lineChanges(orders: SupplierOrders): readonly PlanChange[] {
  const parts = [...orders.old, ...orders.now].flatMap(({ lines }) => lines.map(({ part }) => part));
  return [...new Set(parts)].toSorted().flatMap((part) =>
    differenceOf(orders, part, ({ lines }) =>
      lines
        .filter((each) => each.part === part)
        .map((each) => `${each.quantity} ${each.unit} at ${moneyText(each.unitPrice)}`)
        .join(" + "),
    ),
  );
}

function differenceOf(
  { name, old, now }: SupplierOrders,
  what: string,
  read: (order: PlannedOrder) => string,
): readonly PlanChange[] {
  const all = (orders: readonly PlannedOrder[]) => orders.map(read).join(" + ");
  return difference(`${name}: ${what}`, all(old), all(now));
}

function difference(what: string, before: string, after: string): readonly PlanChange[] {
  return before === after ? [] : [{ what, before: before || "none", after: after || "none" }];
}

function moneyText(value: Money): string {
  return `${value.amount} ${value.currency}`;
}
