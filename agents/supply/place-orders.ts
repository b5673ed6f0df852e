import type { OrderRow, Wholesaler } from "../../src/book-rows.ts";
import type { SkillContext, VerifiedMandate } from "../../src/define-agent.ts";
import type { PlannedOrder } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { SupplierSystem } from "../../src/ports.ts";
import { intendOrders } from "./ceilings.ts";
import { assertOpen } from "./closed-orders.ts";
import { orderDeadlineMs } from "./order-deadline.ts";
import { usableWholesaler } from "./usable-wholesaler.ts";
import { withDeadline } from "../../src/with-deadline.ts";

/** A supplier that cannot be reached may be back in a moment: only from this attempt on another is asked instead. */
const lastReachAttempt = 4;

export interface PlacedOrder {
  order: string;
  supplier: string;
  supplierReference: string;
  usedFallback: boolean;
}
/**
 * `reference` of the supplier, or null: surely not placed, and `unsent`: nothing was sent at all. What is uncertain is
 * thrown as "order-unknown".
 */
type Outcome =
  | { readonly reference: string }
  | { readonly reference: null; readonly why: string; readonly unsent: boolean };

/**
 * Places the plan's orders one after the other, each exactly as planned. Every order is booked as intended before
 * anything is sent, so a repetition knows what may have happened and asks the supplier first. A fallback is used only
 * when its original surely was not placed. Stops at the first order that can be placed in neither way ("nothing-placed"
 * or "partly-placed"), whose outcome is unknown ("order-unknown", retryable) or whose supplier cannot be reached yet
 * ("supplier-unreachable", retryable). "plan-expired", "ceiling-exceeded",
 * "supplier-changed" and "vendor-refused" too say that nothing of the plan was placed, ever: what was approved for it
 * may be let go. Fails with "orders-closed" once it was asked what became of the orders: then none is placed any more.
 */
export async function placeOrders(
  context: SkillContext,
  mandate: VerifiedMandate,
): Promise<readonly PlacedOrder[]> {
  const { plan } = mandate;
  const now = context.clock.now();
  const policy = context.trust.policy;
  const intend = (orders: readonly PlannedOrder[]) =>
    context.transact(async (books) => {
      await assertOpen(books, plan);
      return intendOrders(books, orders, { mandate, policy, now });
    });
  const begun = await anyBooked(context, plan.orders);
  const intendAll = async (): Promise<ReadonlySet<string>> => {
    if (Date.parse(plan.validUntil) <= now) {
      throw new AppError("plan-expired", `the plan was valid until ${plan.validUntil}`);
    }
    return intend(plan.orders);
  };
  const intended = await intendAll().catch((error: unknown) => {
    throw begun ? interrupted(error) : error;
  });
  const placed: PlacedOrder[] = [];
  for (const [index, order] of plan.orders.entries()) {
    const end = async (why: string): Promise<never> => {
      await dropUnsent(context, plan.orders.slice(index + 1));
      throw notPlaced(order, why, placed);
    };
    const first = await place(context, mandate, order, intended.has(order.id));
    if (first.reference !== null) {
      placed.push(placedAs(order, first.reference, false));
      continue;
    }
    const fallback = plan.fallbacks.find((each) => each.order === order.id);
    if (fallback?.action !== "alternative") {
      return end(first.why);
    }
    const { replacement } = fallback;
    const fresh = await intend([replacement]).catch((error: unknown) => {
      if (isFinal(error)) {
        return end(`${first.why}; its replacement: ${error.message}`);
      }
      throw error;
    });
    const second = await place(context, mandate, replacement, fresh.has(replacement.id));
    if (second.reference === null) {
      return end(`${first.why}; its replacement ${replacement.id}: ${second.why}`);
    }
    placed.push(placedAs(replacement, second.reference, true));
  }
  return placed;
}

async function place(
  context: SkillContext,
  { plan }: VerifiedMandate,
  order: PlannedOrder,
  fresh: boolean,
): Promise<Outcome> {
  const row = await context.books.get("orders", order.id);
  if (row?.status === "failed") {
    return { reference: null, why: "it failed before", unsent: false };
  }
  const unsent = row?.status === "unsent";
  if (row !== undefined && row.status !== "intended" && !unsent) {
    return { reference: row.supplierReference };
  }
  const { isoDay } = await import("../../src/plan/exchange.ts");
  const today = isoDay(context.clock.now());
  const wholesaler = await usableWholesaler(context.books, order, today).catch((error: unknown) => {
    throw interrupted(error);
  });
  if (unsent) {
    await change(context, order.id, "unsent", { status: "intended" });
  }
  await assertOpen(context.books, plan);
  const told = supplierOrder(order, await shipToLine(plan.shipTo));
  const outcome = await send(context, wholesaler, told, fresh || unsent);
  if (outcome.reference !== null) {
    await change(context, order.id, "intended", {
      status: "placed",
      supplierReference: outcome.reference,
    });
  } else if (outcome.unsent && context.subject.attempt < lastReachAttempt) {
    await change(context, order.id, "intended", { status: "unsent" });
    throw new AppError("supplier-unreachable", `order "${order.id}" was not sent yet: ${outcome.why}`, {
      retryable: true,
    });
  } else {
    await change(context, order.id, "intended", { status: "failed" });
  }
  return outcome;
}

/** One order's row, from the status it must have. */
async function change(
  context: SkillContext,
  order: string,
  from: OrderRow["status"],
  fields: Partial<OrderRow>,
): Promise<void> {
  await context.transact(async (books) => {
    if (!(await books.update("orders", order, fields, { status: from }))) {
      throw new AppError("books-changed", `order "${order}" was changed at the same moment`, {
        retryable: true,
      });
    }
  });
}

/** Orders behind one that cannot be placed: never sent, by any attempt, because each waits for the one before it. */
async function dropUnsent(context: SkillContext, orders: readonly PlannedOrder[]): Promise<void> {
  await context.transact(async (books) => {
    for (const { id } of orders) {
      await books.update("orders", id, { status: "failed" }, { status: "intended" });
    }
  });
}

type SupplierOrder = Parameters<SupplierSystem["placeOrder"]>[0];

async function send(
  context: SkillContext,
  wholesaler: Wholesaler,
  order: SupplierOrder,
  fresh: boolean,
): Promise<Outcome> {
  const system = context.suppliers.open(wholesaler);
  const find = () =>
    withDeadline(context.signal, orderDeadlineMs, (signal) => system.findOrder(order.id, signal));
  if (!fresh) {
    // An earlier attempt may have reached the supplier: ask before sending again.
    const known = await find().catch((error: unknown) => unknownOutcome(order.id, error));
    if (known !== undefined) {
      return { reference: known };
    }
  }
  try {
    const reference = await withDeadline(context.signal, orderDeadlineMs, (signal) =>
      system.placeOrder(order, signal),
    );
    return { reference };
  } catch (error) {
    const { code } = toErrorInfo(error);
    if (code === "frozen") {
      // Nothing was sent: the order stays intended, and is asked after before it is sent.
      throw error;
    }
    context.log.warn({ order: order.id, supplier: wholesaler.id, code }, "order-not-accepted");
    if (code === "supplier-refused") {
      return { reference: null, why: "the supplier refused it", unsent: false };
    }
    if (code === "supplier-unreachable" && fresh) {
      return { reference: null, why: "the supplier could not be reached, nothing was sent", unsent: true };
    }
    const known = await find().catch(() => unknownOutcome(order.id, error));
    if (known !== undefined) {
      return { reference: known };
    }
    if (code === "supplier-down") {
      const why = "the supplier was down and says it has no such order";
      return { reference: null, why, unsent: false };
    }
    // A slow or garbled answer: the order may still be on its way, so only the same one may be sent again.
    return unknownOutcome(order.id, error);
  }
}

function unknownOutcome(order: string, cause: unknown): never {
  throw new AppError("order-unknown", `it is not known whether order "${order}" was placed`, {
    retryable: true,
    cause,
  });
}

async function anyBooked({ books }: SkillContext, orders: readonly PlannedOrder[]): Promise<boolean> {
  const rows = await Promise.all(orders.map((order) => books.get("orders", order.id)));
  return rows.some((row) => row !== undefined);
}

function isFinal(error: unknown): error is AppError {
  return error instanceof AppError && !error.retryable;
}

/** Codes that by themselves say that nothing was placed. */
const beforeAll = new Set(["plan-expired", "ceiling-exceeded", "supplier-changed", "vendor-refused"]);

/** Refused in the midst of it: earlier orders, or an earlier attempt's, may have been placed. */
function interrupted(error: unknown): unknown {
  return isFinal(error) && beforeAll.has(error.code)
    ? new AppError("partly-placed", `orders of this plan may have been placed before: ${error.message}`, {
        cause: error,
      })
    : error;
}

function notPlaced(order: PlannedOrder, why: string, placed: readonly PlacedOrder[]): AppError {
  const done = placed.map((each) => `${each.order} (${each.supplier})`).join(", ");
  return new AppError(
    placed.length === 0 ? "nothing-placed" : "partly-placed",
    `order ${order.id} at "${order.supplier}" was not placed: ${why}. Placed before it: ${done === "" ? "none" : done}`,
  );
}

function placedAs(order: PlannedOrder, supplierReference: string, usedFallback: boolean): PlacedOrder {
  return { order: order.id, supplier: order.supplier, supplierReference, usedFallback };
}

async function shipToLine(address: VerifiedMandate["plan"]["shipTo"]): Promise<string> {
  const { formatAddress } = await import("../../src/plan/address.ts");
  return formatAddress(address);
}

/** What the supplier is told: nothing about other suppliers, bounds, customers' prices or the run. */
function supplierOrder(order: PlannedOrder, shipTo: string): SupplierOrder {
  const { id, currency, freightMethod, freight, tax, total } = order;
  return {
    id,
    currency,
    shipTo,
    freightMethod,
    freight,
    tax,
    total,
    lines: order.lines.map(({ part, description, quantity, unit, unitPrice, total: lineTotal }) => ({
      part,
      description,
      quantity,
      unit,
      unitPrice,
      total: lineTotal,
    })),
  };
}
