import type { OrderRow } from "../../src/book-rows.ts";
import type { SkillContext } from "../../src/define-agent.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import { standsCode } from "../../src/step-errors.ts";
import { withDeadline } from "../../src/with-deadline.ts";
import { closeOrders } from "./closed-orders.ts";
import { orderDeadlineMs } from "./order-deadline.ts";

/**
 * So long after nothing is sent any more, what a supplier does not know is not under way to it either: longer than
 * one call to it may take, and than any transaction that books orders.
 */
const settledMs = 60_000;

/**
 * Finds out with the suppliers what became of all orders of this revision of the run, and sees to it that none is placed
 * any more. Returns the ids of those that surely were not placed, when none was; fails with "effect-stands", naming
 * them, when some were, and with "order-unknown", retryable, as long as that cannot be said.
 */
export async function findOrders(context: SkillContext): Promise<readonly string[]> {
  const { clock } = context;
  const { closedAt, orders } = await context.transact((books) => closeOrders(books, context));
  const settled = clock.now() - closedAt >= settledMs;
  const open: string[] = [];
  for (const order of orders.filter(({ status }) => status === "intended")) {
    const outcome = await askFor(context, order).catch((error: unknown) => {
      open.push(`${order.id} at ${order.wholesaler} (${toErrorInfo(error).code})`);
      return "unasked" as const;
    });
    if (outcome === undefined && settled) {
      await change(context, order, { status: "failed" });
    } else if (outcome === undefined) {
      open.push(`${order.id} at ${order.wholesaler}, which does not know it yet`);
    } else if (outcome !== "unasked") {
      await change(context, order, { status: "placed", supplierReference: outcome.reference });
    }
  }
  if (open.length > 0 || !settled) {
    const which = open.length === 0 ? "what may have been under way" : open.join("; ");
    throw new AppError("order-unknown", `it is not known yet whether orders were placed: ${which}`, {
      retryable: true,
    });
  }
  return outcomeOf(await ordersNow(context, orders));
}

async function askFor(
  context: SkillContext,
  order: OrderRow,
): Promise<{ readonly reference: string } | undefined> {
  const wholesaler = await context.books.get("wholesalers", order.wholesaler);
  if (wholesaler === undefined) {
    throw new AppError("supplier-changed", `the books have no wholesaler "${order.wholesaler}" any more`);
  }
  const system = context.suppliers.open(wholesaler);
  const reference = await withDeadline(context.signal, orderDeadlineMs, (signal) =>
    system.findOrder(order.id, signal),
  );
  return reference === undefined ? undefined : { reference };
}

/** Whoever changed it meanwhile knows better: it is looked at again. */
async function change(context: SkillContext, order: OrderRow, fields: Partial<OrderRow>): Promise<void> {
  await context.transact(async (books) => {
    await books.update("orders", order.id, fields, { status: "intended" });
  });
}

async function ordersNow({ books }: SkillContext, orders: readonly OrderRow[]): Promise<readonly OrderRow[]> {
  const rows = await Promise.all(orders.map(({ id }) => books.get("orders", id)));
  return rows.filter((row) => row !== undefined);
}

function outcomeOf(orders: readonly OrderRow[]): readonly string[] {
  const stands = orders.filter(({ status }) => status !== "failed");
  const not = orders.filter(({ status }) => status === "failed").map(({ id }) => id);
  if (stands.length === 0) {
    return not;
  }
  const placed = stands.map(
    ({ id, wholesaler, supplierReference }) => `${id} at ${wholesaler}, which calls it ${supplierReference}`,
  );
  throw new AppError(
    standsCode,
    `orders were placed: ${placed.join("; ")}. Not placed: ${not.length === 0 ? "none" : not.join(", ")}`,
  );
}
