/** A second, slow way to the cheapest orders: every cover of every part by every choice of transport, in whole cents. */

export interface OracleTerms {
  /** Cents of the supplier's currency. */
  readonly price: number;
  readonly pack: number;
  readonly minimum: number;
  readonly available: number;
  readonly lead: number;
}
export interface OracleSupplier {
  readonly taxPercent: number;
  /** Hundredths of company currency per unit. */
  readonly rate: number;
  /** By part; null = not offered. */
  readonly terms: readonly (OracleTerms | null)[];
  readonly ways: readonly { readonly base: number; readonly perKg: number; readonly days: number }[];
}
export interface OracleCase {
  readonly needs: readonly number[];
  readonly grams: readonly number[];
  readonly suppliers: readonly OracleSupplier[];
}

/**
 * Lowest total in company cents of all ways that take at most `limit` days, and the fewest days among those of that
 * total; undefined = not coverable.
 */
export function oracle(
  { needs, grams, suppliers }: OracleCase,
  limit = Number.POSITIVE_INFINITY,
): { total: number; days: number } | undefined {
  const covers = needs.map((need, part) =>
    quantities(suppliers, part).filter((vector) => minimal(vector, need, suppliers, part)),
  );
  let best: { total: number; days: number } | undefined;
  for (const quantity of product(covers)) {
    // Every supplier's every way is kept apart: equal totals differ in days.
    let partial: { total: number; days: number }[] = [{ total: 0, days: 0 }];
    for (const [index, supplier] of suppliers.entries()) {
      const amounts = quantity.map((vector) => vector[index] ?? 0);
      if (amounts.some((each) => each > 0)) {
        const costs = supplier.ways.map((way) => cost(supplier, way, amounts, grams));
        partial = partial.flatMap((before) =>
          costs.map((each) => ({
            total: before.total + each.total,
            days: Math.max(before.days, each.days),
          })),
        );
      }
    }
    for (const each of partial.filter(({ days }) => days <= limit)) {
      if (
        best === undefined ||
        each.total < best.total ||
        (each.total === best.total && each.days < best.days)
      ) {
        best = each;
      }
    }
  }
  return best;
}

/** The fewest days in which everything can be there, whatever it costs. */
export function oracleDays({ needs, suppliers }: OracleCase): number {
  const worst = needs.map((need, part) => {
    const arrivals = suppliers
      .flatMap((supplier) => {
        const terms = supplier.terms[part];
        const days = Math.min(...supplier.ways.map((way) => way.days));
        return terms === null || terms === undefined
          ? []
          : [{ day: terms.lead + days, most: Math.max(...levels(terms)) }];
      })
      .toSorted((a, b) => a.day - b.day);
    let sum = 0;
    for (const each of arrivals) {
      sum += each.most;
      if (sum >= need) {
        return each.day;
      }
    }
    return Number.POSITIVE_INFINITY;
  });
  return Math.max(...worst);
}

function levels({ pack, minimum, available }: OracleTerms): number[] {
  const found = [0];
  for (let quantity = pack; quantity <= available; quantity += pack) {
    if (quantity >= minimum) {
      found.push(quantity);
    }
  }
  return found;
}

function quantities(suppliers: readonly OracleSupplier[], part: number): number[][] {
  return product(
    suppliers.map((supplier) => {
      const terms = supplier.terms[part];
      return terms === null || terms === undefined ? [0] : levels(terms);
    }),
  );
}

/** Covers the need, and no longer does when any supplier delivers its next smaller quantity. */
function minimal(
  vector: readonly number[],
  need: number,
  suppliers: readonly OracleSupplier[],
  part: number,
): boolean {
  const sum = vector.reduce((a, b) => a + b, 0);
  return (
    sum >= need &&
    vector.every((quantity, index) => {
      const terms = suppliers[index]?.terms[part];
      if (quantity === 0 || terms === null || terms === undefined) {
        return true;
      }
      const smaller = levels(terms).filter((each) => each < quantity);
      return sum - quantity + Math.max(...smaller) < need;
    })
  );
}

function cost(
  supplier: OracleSupplier,
  way: OracleSupplier["ways"][number],
  amounts: readonly number[],
  grams: readonly number[],
): { total: number; days: number } {
  let goods = 0;
  let weight = 0;
  let lead = 0;
  for (const [part, amount] of amounts.entries()) {
    const terms = supplier.terms[part];
    if (amount > 0 && terms !== null && terms !== undefined) {
      goods += amount * terms.price;
      weight += amount * (grams[part] ?? 0);
      lead = Math.max(lead, terms.lead);
    }
  }
  const freight = Math.floor((way.base * 1000 + way.perKg * weight + 500) / 1000);
  const tax = Math.floor(((goods + freight) * supplier.taxPercent + 50) / 100);
  const total = Math.floor(((goods + freight + tax) * supplier.rate + 50) / 100);
  return { total, days: lead + way.days };
}

function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((each) => list.map((item) => [...each, item])), [[]]);
}
