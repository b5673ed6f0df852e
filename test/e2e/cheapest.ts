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

/**
 * A total that can surely be had where there are too many splits to try them all: for each set of wholesalers and ways,
 * each part from the one where it is cheapest with its freight. `sells` says what a wholesaler has enough of.
 */
export function bestWithoutSplits(
  books: Books,
  needs: Amounts,
  market: Market,
  sells: (wholesaler: string, part: string, amount: Exact) => boolean,
): Exact {
  const sellers = books.wholesalers.map(({ id }) => id).filter((id) => mayBuyFrom(books, id, market.today));
  const totals = waysOf(books, sellers).map((ways) => {
    const orders = new Map<string, Map<string, Exact>>();
    for (const [part, need] of needs) {
      const offers = [...ways].flatMap(([wholesaler, method]) => {
        const price = books.prices.find((each) => each.id === `${wholesaler}/${part}`);
        const amount = price === undefined ? zero : buyable(price, need);
        return price === undefined || !sells(wholesaler, part, amount)
          ? []
          : [{ wholesaler, amount, cost: costBesides(books, market, wholesaler, method, part, amount) }];
      });
      const best = offers.toSorted((a, b) => compare(a.cost, b.cost))[0];
      if (best === undefined) {
        return undefined;
      }
      orders.set(best.wholesaler, new Map(orders.get(best.wholesaler)).set(part, best.amount));
    }
    return sum(
      [...orders].map(([wholesaler, amounts]) => {
        const method = ways.get(wholesaler) ?? "";
        return orderCost(books, wholesaler, method, amounts, market.taxPercent(wholesaler)).company;
      }),
    );
  });
  return totals.filter((each) => each !== undefined).reduce(min);
}

/** Every choice of wholesalers, each with one of its ways. */
function waysOf(books: Books, sellers: readonly string[]): readonly ReadonlyMap<string, string>[] {
  return sellers.reduce<readonly ReadonlyMap<string, string>[]>(
    (choices, seller) => {
      const methods = books.freight.filter((each) => each.wholesaler === seller).map((each) => each.method);
      return choices.flatMap((choice) => [
        choice,
        ...methods.map((method) => new Map(choice).set(seller, method)),
      ]);
    },
    [new Map()],
  );
}

/** What a part adds to an order that is placed anyway. */
function costBesides(
  books: Books,
  market: Market,
  wholesaler: string,
  method: string,
  part: string,
  amount: Exact,
): Exact {
  const tax = market.taxPercent(wholesaler);
  const alone = orderCost(books, wholesaler, method, new Map([[part, amount]]), tax).company;
  return minus(alone, orderCost(books, wholesaler, method, new Map(), tax).company);
}
