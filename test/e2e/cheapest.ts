import { compare, exact, min, minus, plus, sum, zero, amountText, type Exact } from "./exact.ts";
import { buyable, mayBuyFrom, orderCost, type Amounts, type Books, type Market } from "./oracle.ts";

/** The lowest total for which the deficits can be had, by trying every split over all wholesalers; small cases only. */
export function cheapest(books: Books, needs: Amounts, market: Market): Exact | undefined {
  const parts = [...needs.keys()];
  const costs = new Map<string, Exact>();
  let best: Exact | undefined;
  const costOf = (wholesaler: string, amounts: Map<string, Exact>): Exact => {
    const key = `${wholesaler}:${[...amounts].map(([part, amount]) => `${part}=${amountText(amount, 6)}`).join()}`;
    const known = costs.get(key);
    if (known !== undefined) {
      return known;
    }
    const methods = books.freight.filter((each) => each.wholesaler === wholesaler);
    const cost = methods
      .map(
        ({ method }) => orderCost(books, wholesaler, method, amounts, market.taxPercent(wholesaler)).company,
      )
      .reduce(min);
    costs.set(key, cost);
    return cost;
  };
  const choose = (index: number, orders: ReadonlyMap<string, Map<string, Exact>>): void => {
    const part = parts[index];
    if (part === undefined) {
      const total = sum([...orders].map(([wholesaler, amounts]) => costOf(wholesaler, amounts)));
      best = best === undefined ? total : min(best, total);
      return;
    }
    for (const split of splits(books, part, needs.get(part) ?? zero, market)) {
      const next = new Map([...orders].map(([id, amounts]) => [id, new Map(amounts)]));
      for (const [wholesaler, amount] of split) {
        next.set(wholesaler, new Map(next.get(wholesaler)).set(part, amount));
      }
      choose(index + 1, next);
    }
  };
  choose(0, new Map());
  return best;
}

/** Every way to buy at least `need` of a part where no pack could be left out. */
function splits(books: Books, part: string, need: Exact, market: Market): Amounts[] {
  const offers = books.prices.filter(
    (price) => price.part === part && mayBuyFrom(books, price.wholesaler, market.today),
  );
  const found: Amounts[] = [];
  const take = (index: number, open: Exact, taken: Amounts): void => {
    if (compare(open, zero) <= 0) {
      found.push(taken);
      return;
    }
    const offer = offers[index];
    if (offer === undefined) {
      return;
    }
    take(index + 1, open, taken);
    const most = buyable(offer, open);
    let amount = buyable(offer, exact(offer.packSize));
    for (; compare(amount, most) <= 0; amount = plus(amount, exact(offer.packSize))) {
      take(index + 1, minus(open, amount), new Map(taken).set(offer.wholesaler, amount));
    }
  };
  take(0, need, new Map());
  return found;
}
