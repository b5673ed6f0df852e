import type Big from "big.js";
import type { SkillContext } from "../../src/define-agent.ts";
import type { Fallback, Money, PlannedOrder } from "../../src/domain.ts";
import type { Purchase } from "../../src/plan/planned-order.ts";
import type { DeficitLine, Offer } from "../../src/plan/sourcing-schema.ts";

export interface PrepareInput {
  readonly deficit: readonly DeficitLine[];
  readonly orders: readonly PlannedOrder[];
  readonly offers: readonly Offer[];
  readonly allowed: readonly string[];
  readonly available: Money;
  readonly total: Money;
}

/**
 * One fallback per order: the cheapest order to one other allowed supplier that covers the same parts, as long as all
 * alternatives together stay within what the run may spend; else a person is asked ("escalate").
 */
export async function prepare(context: SkillContext, input: PrepareInput): Promise<Fallback[]> {
  const { decimal } = await import("../../src/money.ts");
  const { inCompanyCurrency } = await import("../../src/plan/plan-checks.ts");
  const { available, total, orders } = input;
  let open = decimal(available.amount).minus(decimal(total.amount));
  const fallbacks: Fallback[] = [];
  for (const order of orders) {
    const replacements = await replacementsFor(context, input, order);
    const own = decimal(inCompanyCurrency(order).amount);
    const cheapest = replacements
      .map((each) => ({ each, extra: decimal(inCompanyCurrency(each).amount).minus(own) }))
      .toSorted(
        (a, b) => a.extra.cmp(b.extra) || (a.each.expectedDelivery < b.each.expectedDelivery ? -1 : 1),
      )[0];
    if (cheapest === undefined) {
      const note = `No other allowed supplier offers all parts of order ${order.id}: a person decides.`;
      fallbacks.push({ order: order.id, action: "escalate", note });
    } else if (cheapest.extra.gt(0) && cheapest.extra.gt(open)) {
      const note =
        `The next best supplier, ${cheapest.each.supplier}, would cost ${cheapest.extra.toFixed(2)} ` +
        `${total.currency} more than order ${order.id} and exceed the budget: a person decides.`;
      fallbacks.push({ order: order.id, action: "escalate", note });
    } else {
      open = cheapest.extra.gt(0) ? open.minus(cheapest.extra) : open;
      fallbacks.push({ order: order.id, action: "alternative", replacement: cheapest.each });
    }
  }
  return fallbacks;
}

async function replacementsFor(
  { books, clock, trust }: SkillContext,
  { deficit, orders, offers, allowed }: PrepareInput,
  order: PlannedOrder,
): Promise<readonly PlannedOrder[]> {
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { decimal } = await import("../../src/money.ts");
  const { buyUp, planOrder } = await import("../../src/plan/planned-order.ts");
  const exchange = exchangeFrom(books, trust.policy, clock.now());
  const found: PlannedOrder[] = [];
  for (const offer of offers) {
    if (offer.supplier === order.supplier || !allowed.includes(offer.supplier)) {
      continue;
    }
    const others = orders.filter((each) => each.id !== order.id);
    const purchases: Purchase[] = order.lines.flatMap((line) => {
      const missing = deficit.find((each) => each.part === line.part);
      const offered = offer.lines.find((each) => each.part === line.part);
      if (missing === undefined || offered === undefined) {
        return [];
      }
      // What the other orders bring of the part need not be replaced; what they take from this offer is gone.
      const brought = quantityOf(others, line.part, decimal);
      const taken = quantityOf(
        others.filter((each) => each.supplier === offer.supplier),
        line.part,
        decimal,
      );
      const need = decimal(missing.quantity).minus(brought);
      const quantity = buyUp(need, offered.minQuantity, offered.packSize);
      return quantity.gt(decimal(offered.available).minus(taken))
        ? []
        : [{ deficit: missing, offered, quantity }];
    });
    if (purchases.length < order.lines.length) {
      continue;
    }
    const [wholesaler, tariffs] = await Promise.all([
      books.get("wholesalers", offer.supplier),
      books.find("freight", { wholesaler: offer.supplier }),
    ]);
    if (wholesaler?.active !== "yes" || wholesaler.currency !== offer.currency) {
      continue;
    }
    const rate = await exchange.rate(offer.currency);
    for (const tariff of tariffs) {
      if (tariff.currency === offer.currency) {
        const id = `${order.id}-alternative`;
        const now = clock.now();
        found.push(planOrder({ id, wholesaler, offer, tariff, rate, purchases, policy: trust.policy, now }));
      }
    }
  }
  return found;
}

function quantityOf(orders: readonly PlannedOrder[], part: string, decimal: (text: string) => Big): Big {
  return orders
    .flatMap((order) => order.lines.filter((line) => line.part === part))
    .reduce((sum, line) => sum.plus(decimal(line.quantity)), decimal("0"));
}
