import type { SkillContext, VerifiedMandate } from "../../src/define-agent.ts";
import type { OrderLine, PlannedOrder } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { SupplierOffer } from "../../src/supplier-types.ts";
import { withDeadline } from "../../src/with-deadline.ts";
import { heardSchema, offerDeadlineMs } from "./request-offers.ts";

type Plan = VerifiedMandate["plan"];
type Given = Pick<VerifiedMandate, "plan" | "decidedBy" | "assurance">;

/**
 * Asks every supplier of the plan once more, before anything is booked or sent. Fails with "plan-drifted" where a price
 * moved, up or down, by more than the plan's bound allows, or less can be had than is planned; it is written down first,
 * so that this plan's orders are placed by no later attempt either. A supplier who gives no offer now is left to the
 * ordering itself: an order names its prices, and its approved alternative is there for suppliers that are away.
 */
export async function assertNotDrifted(context: SkillContext, mandate: Given): Promise<void> {
  const { plan } = mandate;
  const found = await Promise.all(plan.orders.map((order) => driftOf(context, plan, order)));
  const drifts = found.flat();
  if (drifts.length > 0) {
    await putAside(context, mandate);
    throw drifted(drifts.join("; "));
  }
}

/** The same where an earlier attempt has found it. */
export async function assertNotPutAside({ books }: SkillContext, plan: Plan): Promise<void> {
  const rows = await Promise.all(plan.orders.map((order) => books.get("orders", order.id)));
  if (rows.some((row) => row?.status === "drifted")) {
    throw drifted("found before");
  }
}

function drifted(what: string): AppError {
  return new AppError("plan-drifted", `prices or stock have moved since the plan was made: ${what}`);
}

async function driftOf(context: SkillContext, plan: Plan, order: PlannedOrder): Promise<readonly string[]> {
  const { decimal } = await import("../../src/money.ts");
  const offer = await offerNow(context, plan, order).catch((error: unknown) => {
    const { code } = toErrorInfo(error);
    context.log.warn({ order: order.id, supplier: order.supplier, code }, "drift-not-checked");
  });
  if (offer === undefined) {
    return [];
  }
  return order.lines.flatMap((line) => {
    const now = offer.lines.find((each) => each.part === line.part);
    const what = `${line.part} at ${order.supplierName}`;
    if (now === undefined || decimal(now.available).lt(decimal(line.quantity))) {
      return [`${what}: ${now?.available ?? "none"} of ${line.quantity} ${line.unit} can be had`];
    }
    const { unitPrice, maxUnitPrice } = line;
    const tolerance = decimal(maxUnitPrice.amount).minus(decimal(unitPrice.amount));
    const moved = decimal(now.unitPrice.amount).minus(decimal(unitPrice.amount)).abs();
    return now.unitPrice.currency !== unitPrice.currency || moved.gt(tolerance)
      ? [`${what}: ${now.unitPrice.amount} ${now.unitPrice.currency} instead of ${unitPrice.amount}`]
      : [];
  });
}

async function offerNow(context: SkillContext, plan: Plan, order: PlannedOrder): Promise<SupplierOffer> {
  const { books, signal, suppliers } = context;
  const { money } = await import("../../src/money.ts");
  const [wholesaler, prices] = await Promise.all([
    books.get("wholesalers", order.supplier),
    books.find("prices", { wholesaler: order.supplier }),
  ]);
  if (wholesaler === undefined) {
    throw new AppError("supplier-changed", `the books have no wholesaler "${order.supplier}" any more`);
  }
  const agreed = ({ part }: OrderLine) =>
    prices.find((each) => each.part === part && each.currency === order.currency);
  const lines = order.lines.map((line) => {
    const price = agreed(line);
    const { part, description, quantity, unit } = line;
    const agreedUnitPrice = price === undefined ? null : money(price.unitPrice, price.currency);
    return { part, description, quantity, unit, agreedUnitPrice };
  });
  const request = { id: `${order.id}-check`, lines, shipToCountry: plan.shipTo.country };
  const heard = await withDeadline(signal, offerDeadlineMs, (ended) =>
    suppliers.open(wholesaler).requestOffer(request, ended),
  );
  return heardSchema.parse(heard);
}

/** Nothing of the plan was sent, nor ever is: neither its orders nor their alternatives. */
async function putAside(context: SkillContext, { plan, decidedBy, assurance }: Given): Promise<void> {
  const { canonicalJson } = await import("../../src/canonical.ts");
  const { isoDay } = await import("../../src/plan/exchange.ts");
  const alternatives = plan.fallbacks.flatMap((each) =>
    each.action === "alternative" ? [each.replacement] : [],
  );
  await context.transact(async (books) => {
    for (const order of [...plan.orders, ...alternatives]) {
      if ((await books.get("orders", order.id)) !== undefined) {
        throw new AppError("books-changed", `order "${order.id}" was booked at the same moment`, {
          retryable: true,
        });
      }
      await books.insert("orders", {
        id: order.id,
        run: plan.run,
        wholesaler: order.supplier,
        status: "drifted",
        currency: order.currency,
        total: order.total.amount,
        supplierReference: "",
        placedOn: isoDay(context.clock.now()),
        document: canonicalJson(order),
        decidedBy: decidedBy.join(";"),
        assurance,
      });
    }
  });
}
