import type { FreightTariff, Wholesaler } from "../../src/book-rows.ts";
import type { SkillContext } from "../../src/define-agent.ts";
import type { Money, PlannedOrder } from "../../src/domain.ts";
import type { Shipping } from "../../src/edit-types.ts";
import { AppError } from "../../src/errors.ts";
import type { Policy } from "../../src/policy-types.ts";
import type { DeficitLine, Offer } from "../../src/plan/sourcing-schema.ts";
import type { Source } from "./cover.ts";
import { cheapestSelections, type Problem, type Selection, type Way } from "./search.ts";

export interface ChooseInput {
  readonly deficit: readonly DeficitLine[];
  readonly offers: readonly Offer[];
  readonly allowed: readonly string[];
  /** Default: cheapest. */
  readonly shipping?: Shipping;
}
/** A supplier that can be used: allowed, active, with tariffs in its currency. */
interface Candidate {
  readonly offer: Offer;
  readonly wholesaler: Wholesaler;
  readonly tariffs: readonly FreightTariff[];
  readonly rate: string;
}
interface Choice {
  readonly orders: readonly PlannedOrder[];
  readonly total: Money;
  readonly days: number;
}

/**
 * The orders of lowest total landed cost (goods, freight, tax, in company currency); of equal ones the fastest. Says
 * what the fastest would cost; or, where somebody wants them, the fastest orders, and what the cheapest would cost. Fails with "not-coverable", naming the parts.
 */
export async function choose(
  context: SkillContext,
  { deficit, offers, allowed, shipping = "cheapest" }: ChooseInput,
): Promise<{ orders: PlannedOrder[]; total: Money; tradeOff: string }> {
  const { money } = await import("../../src/money.ts");
  const { policy } = context.trust;
  if (deficit.length === 0) {
    const total = money("0", policy.companyCurrency);
    return { orders: [], total, tradeOff: "Nothing has to be bought: all parts are in stock." };
  }
  const candidates = await candidatesOf(
    context,
    offers.filter((offer) => allowed.includes(offer.supplier)),
  );
  const problem = await problemOf(deficit, candidates, policy);
  const refused = offers.map((offer) => offer.supplier).filter((supplier) => !allowed.includes(supplier));
  assertCoverable(problem, deficit, refused);
  const evaluate = (selections: readonly Selection[]) => bestOf(context, deficit, candidates, selections);
  const found = cheapestSelections(problem);
  const cheapest = await evaluate(found.selections);
  const fastest = await evaluate(cheapestSelections({ ...problem, maxDays: fewestDays(problem) }).selections);
  if (cheapest === undefined || fastest === undefined) {
    throw new AppError("not-coverable", "no combination of the offers covers all parts");
  }
  const chosen = shipping === "fastest" ? fastest : cheapest;
  return {
    orders: [...chosen.orders],
    total: chosen.total,
    tradeOff: await tradeOff(cheapest, fastest, { exact: found.exact, shipping }),
  };
}

async function candidatesOf(
  { books, clock, trust }: SkillContext,
  offers: readonly Offer[],
): Promise<readonly Candidate[]> {
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const exchange = exchangeFrom(books, trust.policy, clock.now());
  const candidateOf = async (offer: Offer): Promise<readonly Candidate[]> => {
    const [wholesaler, freight] = await Promise.all([
      books.get("wholesalers", offer.supplier),
      books.find("freight", { wholesaler: offer.supplier }),
    ]);
    const tariffs = freight.filter((each) => each.currency === offer.currency);
    return wholesaler?.active === "yes" && wholesaler.currency === offer.currency && tariffs.length > 0
      ? [{ offer, wholesaler, tariffs, rate: await exchange.rate(offer.currency) }]
      : [];
  };
  const sorted = offers.toSorted((a, b) => (a.supplier < b.supplier ? -1 : 1));
  // Read together, because each read alone costs a round trip.
  return (await Promise.all(sorted.map(candidateOf))).flat();
}

/** The same in plain numbers, for ranking only; every figure of the result is computed exactly from the offers. */
async function problemOf(
  deficit: readonly DeficitLine[],
  candidates: readonly Candidate[],
  policy: Policy,
): Promise<Problem> {
  const { decimal, minorDigits } = await import("../../src/money.ts");
  // Quantities become whole numbers of the smallest step that occurs.
  const quantities = [
    ...deficit.map((line) => line.quantity),
    ...candidates.flatMap(({ offer }) => offer.lines.map((line) => line.packSize)),
  ];
  const decimals = Math.max(...quantities.map((text) => text.split(".")[1]?.length ?? 0));
  const scale = 10 ** decimals;
  const sources: Source[] = [];
  const ways: Way[] = [];
  let noise = 0;
  for (const [supplier, { offer, tariffs, rate }] of candidates.entries()) {
    const taxed = Number(rate) * (1 + Number(offer.taxPercent) / 100);
    for (const line of offer.lines) {
      const part = deficit.findIndex((each) => each.part === line.part);
      const pack = decimal(line.packSize);
      if (part >= 0) {
        sources.push({
          supplier,
          part,
          unitCost: (Number(line.unitPrice.amount) * taxed) / scale,
          step: Number(pack.times(scale)),
          fewest: Math.max(1, Number(decimal(line.minQuantity).div(pack).round(0, 3))),
          most: Number(decimal(line.available).div(pack).round(0, 0)),
          leadDays: line.leadDays,
        });
      }
    }
    for (const tariff of tariffs) {
      const { method, days } = tariff;
      const [base, perKg] = [Number(tariff.base) * taxed, Number(tariff.perKg) * taxed];
      ways.push({ supplier, method, base, perKg, days: Number(days) });
    }
    // Rounded per order: freight, tax and exchange; lines only where quantities have decimals.
    const rounded = 3 + (decimals > 0 ? offer.lines.length : 0);
    noise +=
      rounded * 10 ** -minorDigits(offer.currency) * taxed + 10 ** -minorDigits(policy.companyCurrency);
  }
  const parts = deficit.map((line) => ({
    need: Number(decimal(line.quantity).times(scale)),
    kg: Number(line.weightKg) / scale,
  }));
  return { parts, suppliers: candidates.length, sources, ways, noise, maxDays: Number.POSITIVE_INFINITY };
}

/** What of a part can arrive within so many days, in steps. */
function reachable(problem: Problem, part: number, days: number): number {
  return problem.sources
    .filter((each) => each.part === part && each.most >= each.fewest)
    .filter((each) =>
      problem.ways.some((way) => way.supplier === each.supplier && each.leadDays + way.days <= days),
    )
    .reduce((sum, each) => sum + each.most * each.step, 0);
}

function assertCoverable(
  problem: Problem,
  deficit: readonly DeficitLine[],
  refused: readonly string[],
): void {
  const short = deficit.filter(
    (_, part) => reachable(problem, part, Number.POSITIVE_INFINITY) < (problem.parts[part]?.need ?? 0),
  );
  if (short.length > 0) {
    const names = short.map((line) => `${line.part} (${line.quantity} ${line.unit})`).join(", ");
    const without = refused.length === 0 ? "" : `; compliance refused ${refused.join(", ")}`;
    throw new AppError("not-coverable", `the allowed offers do not cover ${names}${without}`);
  }
}

/** In how many days all parts can be there, whatever it costs. */
function fewestDays(problem: Problem): number {
  const days = new Set(
    problem.sources.flatMap((source) =>
      problem.ways.filter((way) => way.supplier === source.supplier).map((way) => source.leadDays + way.days),
    ),
  );
  const enough = (limit: number) =>
    problem.parts.every(({ need }, part) => reachable(problem, part, limit) >= need);
  return [...days].toSorted((a, b) => a - b).find(enough) ?? Number.POSITIVE_INFINITY;
}

/** Computes each selection exactly: lowest total, then fewest days, then fewest orders, then the first. */
async function bestOf(
  context: SkillContext,
  deficit: readonly DeficitLine[],
  candidates: readonly Candidate[],
  selections: readonly Selection[],
): Promise<Choice | undefined> {
  const { decimal } = await import("../../src/money.ts");
  let best: Choice | undefined;
  for (const selection of selections) {
    const each = await exactly(context, deficit, candidates, selection);
    const order =
      best === undefined
        ? -1
        : decimal(each.total.amount).cmp(decimal(best.total.amount)) ||
          each.days - best.days ||
          each.orders.length - best.orders.length;
    if (order < 0) {
      best = each;
    }
  }
  return best;
}

async function exactly(
  { clock, subject, trust }: SkillContext,
  deficit: readonly DeficitLine[],
  candidates: readonly Candidate[],
  { ways, picks }: Selection,
): Promise<Choice> {
  const { decimal, sumMoney } = await import("../../src/money.ts");
  const { deliveryDays, planOrder } = await import("../../src/plan/planned-order.ts");
  const { inCompanyCurrency } = await import("../../src/plan/plan-checks.ts");
  let days = 0;
  const orders = ways.flatMap((way, index) => {
    const candidate = candidates[way.supplier];
    const tariff = candidate?.tariffs.find((each) => each.method === way.method);
    if (candidate === undefined || tariff === undefined) {
      return [];
    }
    const { offer, wholesaler, rate } = candidate;
    const purchases = picks.flatMap(({ source, packs }) => {
      const line = deficit[source.part];
      const offered = offer.lines.find((each) => each.part === line?.part);
      return source.supplier === way.supplier && line !== undefined && offered !== undefined
        ? [{ deficit: line, offered, quantity: decimal(offered.packSize).times(packs) }]
        : [];
    });
    days = Math.max(days, deliveryDays(purchases, tariff));
    const id = `${subject.run}-${subject.revision}-${index + 1}`;
    const { policy } = trust;
    return [planOrder({ id, wholesaler, offer, tariff, rate, purchases, policy, now: clock.now() })];
  });
  return { orders, total: sumMoney(orders.map(inCompanyCurrency), trust.policy.companyCurrency), days };
}

async function tradeOff(
  cheapest: Choice,
  fastest: Choice,
  { exact, shipping }: { readonly exact: boolean; readonly shipping: Shipping },
): Promise<string> {
  const { decimal, money } = await import("../../src/money.ts");
  const { amount, currency } = cheapest.total;
  const own = `${amount} ${currency} with all parts in ${inDays(cheapest.days)}`;
  const name = exact ? "Cheapest" : "Cheapest found (too many combinations to try all)";
  if (fastest.days >= cheapest.days) {
    return `${name}, and no other is faster: ${own}.`;
  }
  const more = money(decimal(fastest.total.amount).minus(decimal(amount)), currency);
  const sooner = inDays(cheapest.days - fastest.days);
  if (shipping === "fastest") {
    const chosen = `${fastest.total.amount} ${currency} with all parts in ${inDays(fastest.days)}`;
    return `Fastest, as chosen: ${chosen}, ${sooner} sooner than the cheapest way for ${more.amount} ${currency} more.`;
  }
  return (
    `${name}: ${own}. The fastest way takes ${inDays(fastest.days)} for ${fastest.total.amount} ` +
    `${currency}: ${sooner} sooner for ${more.amount} ${currency} more.`
  );
}

function inDays(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}
