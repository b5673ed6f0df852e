/** Covering one part from several suppliers. Pure numbers: quantities are whole steps, costs only rank covers. */

/** What one supplier can deliver of one part, in packs of `step`: none, or `fewest` to `most` packs. */
export interface Source {
  readonly supplier: number;
  readonly part: number;
  /** Goods with tax per unit of quantity, in company currency. */
  readonly unitCost: number;
  readonly step: number;
  readonly fewest: number;
  readonly most: number;
  readonly leadDays: number;
}
/** A source with its cost by the chosen way of transport. */
export interface PricedSource {
  readonly source: Source;
  readonly unitCost: number;
}
export interface Pick {
  readonly source: Source;
  readonly packs: number;
}
export interface Cover {
  readonly cost: number;
  readonly picks: readonly Pick[];
}

/** Steps of search for one part, and covers kept of it; beyond them the result may not be the cheapest. */
const coverLimits = { steps: 20_000, kept: 40 };

/**
 * The cheapest cover of `need` and all others that cost at most `slack` more, cheapest first; none when the sources do
 * not suffice. `exact` is false when the search was cut off.
 */
export function coversOf(
  need: number,
  sources: readonly PricedSource[],
  slack: number,
): { readonly covers: readonly Cover[]; readonly exact: boolean } {
  const sorted = sources
    .filter(({ source }) => source.most >= source.fewest)
    .toSorted((a, b) => a.unitCost - b.unitCost || a.source.supplier - b.source.supplier);
  // What the sources from each position on can deliver at most.
  const reach = Array.from({ length: sorted.length + 1 }, () => 0);
  for (let index = sorted.length - 1; index >= 0; index -= 1) {
    const source = sorted[index]?.source;
    reach[index] = (reach[index + 1] ?? 0) + (source === undefined ? 0 : source.most * source.step);
  }
  let found: Cover[] = [];
  let best = Number.POSITIVE_INFINITY;
  let steps = 0;
  let exact = true;

  const worth = (cost: number): boolean => {
    if (best === Number.POSITIVE_INFINITY) {
      return true;
    }
    // Doubles carry 15 digits: a difference this small says nothing.
    return slack > 0 ? cost <= best + slack : cost < best - 1e-9 * Math.max(1, best);
  };
  const note = (cost: number, picks: readonly Pick[]): void => {
    best = Math.min(best, cost);
    found.push({ cost, picks });
    found = found.filter((each) => each.cost <= best + slack).toSorted((a, b) => a.cost - b.cost);
    if (found.length > coverLimits.kept) {
      found.length = coverLimits.kept;
      exact = false;
    }
  };
  const visit = (index: number, open: number, cost: number, picks: readonly Pick[]): void => {
    if (open <= 0) {
      if (worth(cost)) {
        note(cost, picks);
      }
      return;
    }
    const current = sorted[index];
    if (current === undefined || (reach[index] ?? 0) < open) {
      return;
    }
    if (steps >= coverLimits.steps) {
      exact = false;
      return;
    }
    steps += 1;
    const { source, unitCost } = current;
    const next = sorted[index + 1]?.unitCost ?? Number.POSITIVE_INFINITY;
    const top = Math.min(source.most, Math.max(source.fewest, Math.ceil(open / source.step)));
    for (let packs = top; packs >= 0; packs = packs > source.fewest ? packs - 1 : packs > 0 ? 0 : -1) {
      const left = open - packs * source.step;
      const spent = cost + packs * source.step * unitCost;
      const atLeast = left > 0 ? spent + left * next : spent;
      if (worth(atLeast)) {
        visit(index + 1, left, spent, packs === 0 ? picks : [...picks, { source, packs }]);
      } else if (left > 0) {
        // Fewer packs here mean more from dearer sources: nothing cheaper follows.
        return;
      }
    }
  };
  visit(0, need, 0, []);
  return { covers: found, exact };
}
