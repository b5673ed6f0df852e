import type { BookRows } from "../../src/book-rows.ts";
import type { PlannedOrder } from "../../src/domain.ts";
import {
  amountText,
  compare,
  exact,
  max,
  min,
  minus,
  over,
  plus,
  rounded,
  sum,
  times,
  upTo,
  zero,
  type Exact,
} from "./exact.ts";

/**
 * What the company's books say that a request must come to, worked out a second time: from the rows that `books` shows
 * and nothing else, without a line of the agents, the engine or the product's own arithmetic.
 */
export type Books = {
  readonly [
    K in "items" | "bom" | "stock" | "reservations" | "prices" | "freight" | "wholesalers"
  ]: readonly BookRows[K][];
} & {
  readonly [K in "rates" | "vendors" | "customers" | "projects" | "commitments"]: readonly BookRows[K][];
};
export type Amounts = ReadonlyMap<string, Exact>;

const companyCurrency = "USD";
const marginPercent = "18";
const tolerancePercent = "2";
/** Bought and built by the piece; everything else by any measure. */
const wholeUnits = new Set(["pcs"]);

const the = <T extends { readonly id: string }>(rows: readonly T[], id: string): T => {
  const row = rows.find((each) => each.id === id);
  if (row === undefined) {
    throw new Error(`the books have no "${id}"`);
  }
  return row;
};
const percent = (value: string): Exact => over(exact(value), exact(100));

/** Bought parts for `quantity` of a product: its revision's lines, down to kind "part", with scrap, whole pieces. */
export function explode(books: Books, product: string, quantity: string): Amounts {
  const total = new Map<string, Exact>();
  const visit = (id: string, amount: Exact): void => {
    const item = the(books.items, id);
    if (item.kind === "part") {
      total.set(id, plus(total.get(id) ?? zero, amount));
      return;
    }
    for (const line of books.bom) {
      if (line.parent === id && line.parentRevision === item.revision) {
        const withScrap = plus(exact(1), percent(line.scrapPercent));
        visit(line.component, times(amount, times(exact(line.quantity), withScrap)));
      }
    }
  };
  visit(product, exact(quantity));
  const whole = (id: string, amount: Exact) =>
    wholeUnits.has(the(books.items, id).unit) ? upTo(amount, exact(1)) : amount;
  return new Map([...total].map(([id, amount]) => [id, whole(id, amount)]));
}

/** What is on the shelf and held for nobody, but for `exceptRun`. */
export function freeStock(books: Books, part: string, exceptRun?: string): Exact {
  const held = books.reservations.filter(
    (each) => each.part === part && each.status === "held" && each.run !== exceptRun,
  );
  const onHand = books.stock.find((each) => each.id === part)?.onHand ?? "0";
  return max(zero, minus(exact(onHand), sum(held.map((each) => exact(each.quantity)))));
}

/** need − free stock, where that is above 0. */
export function deficits(books: Books, needs: Amounts, exceptRun?: string): Amounts {
  const entries = [...needs].map(
    ([part, need]) => [part, max(zero, minus(need, freeStock(books, part, exceptRun)))] as const,
  );
  return new Map(entries.filter(([, amount]) => compare(amount, zero) > 0));
}

function inCompanyCurrency(books: Books, amount: Exact, currency: string): Exact {
  return currency === companyCurrency
    ? amount
    : rounded(times(amount, exact(the(books.rates, currency).rate)));
}

/** What one order to one wholesaler costs by its prices, its tariff and the parts' weights. */
export function orderCost(
  books: Books,
  wholesaler: string,
  method: string,
  amounts: Amounts,
  taxPercent: string,
): {
  readonly goods: Exact;
  readonly freight: Exact;
  readonly tax: Exact;
  readonly total: Exact;
  readonly company: Exact;
} {
  const tariff = the(books.freight, `${wholesaler}/${method}`);
  const entries = [...amounts];
  const goods = sum(
    entries.map(([part, amount]) =>
      rounded(times(exact(the(books.prices, `${wholesaler}/${part}`).unitPrice), amount)),
    ),
  );
  const weight = sum(entries.map(([part, amount]) => times(exact(the(books.items, part).weightKg), amount)));
  const freight = rounded(plus(exact(tariff.base), times(exact(tariff.perKg), weight)));
  const tax = rounded(times(plus(goods, freight), percent(taxPercent)));
  const total = sum([goods, freight, tax]);
  return { goods, freight, tax, total, company: inCompanyCurrency(books, total, tariff.currency) };
}

/** What a wholesaler must sell, at least, for this amount: whole packs, its minimum. */
export function buyable(price: BookRows["prices"], amount: Exact): Exact {
  return upTo(max(amount, exact(price.minQuantity)), exact(price.packSize));
}

export function mayBuyFrom(books: Books, wholesaler: string, today: string): boolean {
  const seller = the(books.wholesalers, wholesaler);
  const vendor = books.vendors.find((each) => each.id === wholesaler);
  return (
    seller.active === "yes" &&
    vendor?.status === "approved" &&
    vendor.bankAccount === seller.bankAccount &&
    vendor.approvedUntil >= today
  );
}

export interface Market {
  readonly today: string;
  readonly taxPercent: (wholesaler: string) => string;
}

/** Everything wrong with the orders for these deficits, in words; how good they are is `cheapest`'s question. */
export function orderFaults(
  books: Books,
  orders: readonly PlannedOrder[],
  needs: Amounts,
  market: Market,
): string[] {
  const faults: string[] = [];
  const same = (what: string, found: string, expected: string) => {
    if (found !== expected) {
      faults.push(`${what} is ${found}, the books say ${expected}`);
    }
  };
  const bought = new Map<string, Exact>();
  for (const order of orders) {
    const seller = the(books.wholesalers, order.supplier);
    if (!mayBuyFrom(books, seller.id, market.today)) {
      faults.push(`${seller.id} may not be bought from`);
    }
    same(`${order.id} currency`, order.currency, seller.currency);
    same(`${order.id} bank account`, order.bankAccount, seller.bankAccount);
    same(`${order.id} supplier name`, order.supplierName, seller.name);
    for (const line of order.lines) {
      const price = the(books.prices, `${seller.id}/${line.part}`);
      const amount = exact(line.quantity);
      const what = `${order.id} ${line.part}`;
      bought.set(line.part, plus(bought.get(line.part) ?? zero, amount));
      same(`${what} quantity`, amountText(amount, 6), amountText(buyable(price, amount), 6));
      same(`${what} unit`, line.unit, the(books.items, line.part).unit);
      same(`${what} price`, line.unitPrice.amount, amountText(exact(price.unitPrice)));
      same(`${what} total`, line.total.amount, amountText(times(exact(price.unitPrice), amount)));
      const bound = times(exact(price.unitPrice), plus(exact(1), percent(tolerancePercent)));
      const highest = exact(line.maxUnitPrice.amount);
      if (compare(highest, bound) > 0 || compare(highest, exact(price.unitPrice)) < 0) {
        faults.push(`${what} may cost up to ${line.maxUnitPrice.amount}`);
      }
    }
    const amounts = new Map(order.lines.map((line) => [line.part, exact(line.quantity)]));
    const cost = orderCost(books, seller.id, order.freightMethod, amounts, market.taxPercent(seller.id));
    same(`${order.id} freight`, order.freight.amount, amountText(cost.freight));
    same(`${order.id} tax`, order.tax.amount, amountText(cost.tax));
    same(`${order.id} total`, order.total.amount, amountText(cost.total));
    const foreign = seller.currency !== companyCurrency;
    same(
      `${order.id} company total`,
      order.companyTotal?.amount ?? "",
      foreign ? amountText(cost.company) : "",
    );
    same(`${order.id} rate`, order.rate ?? "", foreign ? the(books.rates, seller.currency).rate : "");
  }
  for (const [part, need] of needs) {
    if (compare(bought.get(part) ?? zero, need) < 0) {
      faults.push(
        `too little of ${part}: ${amountText(bought.get(part) ?? zero, 6)} of ${amountText(need, 6)}`,
      );
    }
  }
  for (const part of bought.keys()) {
    if (!needs.has(part)) {
      faults.push(`${part} is bought and not needed`);
    }
  }
  return faults;
}

export function planTotal(books: Books, orders: readonly PlannedOrder[]): Exact {
  return sum(orders.map((order) => inCompanyCurrency(books, exact(order.total.amount), order.currency)));
}

/** Cost × (1 + margin): the orders, and what is taken from the shelf at the lowest agreed price; each rounded once. */
export function quoteTotal(books: Books, orders: readonly PlannedOrder[], fromStock: Amounts): Exact {
  const worth = (price: BookRows["prices"]): Exact =>
    price.currency === companyCurrency
      ? exact(price.unitPrice)
      : times(exact(price.unitPrice), exact(the(books.rates, price.currency).rate));
  const shelf = [...fromStock].map(([part, amount]) => {
    const agreed = books.prices.filter((price) => price.part === part).map(worth);
    return times(agreed.reduce(min), amount);
  });
  const cost = rounded(plus(planTotal(books, orders), sum(shelf)));
  return rounded(times(cost, plus(exact(1), percent(marginPercent))));
}

/** Limit − what is owed − what is held for other runs. */
export function creditRoom(books: Books, customer: string, exceptRun?: string): Exact {
  const { creditLimit, balance } = the(books.customers, customer);
  return minus(minus(exact(creditLimit), exact(balance)), held(books, "credit", customer, exceptRun));
}
export function budgetRoom(books: Books, project: string, exceptRun?: string): Exact {
  const { budget, spent } = the(books.projects, project);
  return minus(minus(exact(budget), exact(spent)), held(books, "budget", project, exceptRun));
}
function held(books: Books, kind: "credit" | "budget", account: string, exceptRun?: string): Exact {
  const rows = books.commitments.filter(
    (each) =>
      each.kind === kind && each.account === account && each.status === "held" && each.run !== exceptRun,
  );
  return sum(rows.map((each) => inCompanyCurrency(books, exact(each.amount), each.currency)));
}
