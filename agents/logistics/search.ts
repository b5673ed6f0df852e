import { coversOf, type Cover, type Pick, type PricedSource, type Source } from "./cover.ts";

/** One supplier's way of transport; costs with tax, in company currency. */
export interface Way {
  readonly supplier: number;
  /** Which of the supplier's tariffs. */
  readonly method: string;
  readonly base: number;
  readonly perKg: number;
  readonly days: number;
}
export interface Problem {
  /** By part: how much is needed, and the kilograms of one unit of quantity. */
  readonly parts: readonly { readonly need: number; readonly kg: number }[];
  readonly suppliers: number;
  readonly sources: readonly Source[];
  readonly ways: readonly Way[];
  /** No line may arrive later than this. */
  readonly maxDays: number;
  /** By how much rounding can move the total of all orders. */
  readonly noise: number;
}
/** One way to buy everything: a way per supplier used, and packs per source. */
export interface Selection {
  readonly ways: readonly Way[];
  readonly picks: readonly Pick[];
}

/**
 * Up to `combinations` choices of suppliers and ways are all tried: then the cheapest is among the result. Beyond
 * that, choices are improved one supplier at a time from several starts. `selections` bounds what is returned.
 */
const searchLimits = { combinations: 20_000, improvements: 100, selections: 100 };

/**
 * The selections whose unrounded cost is lowest, or so little above it that rounding may make them the cheapest; the
 * caller computes each exactly. Once suppliers and ways are chosen, the parts do not influence each other: each is
 * covered on its own. Empty when the parts cannot be covered in time.
 */
export function cheapestSelections(problem: Problem): {
  readonly selections: readonly Selection[];
  readonly exact: boolean;
} {
  const options: (readonly (Way | null)[])[] = [];
  for (let supplier = 0; supplier < problem.suppliers; supplier += 1) {
    options.push([null, ...problem.ways.filter((way) => way.supplier === supplier)]);
  }
  const coverer = partCoverer(problem);
  const costOf = (choice: Choice): number => {
    let cost = choice.reduce((sum, way) => sum + (way?.base ?? 0), 0);
    for (let part = 0; part < problem.parts.length && cost < Number.POSITIVE_INFINITY; part += 1) {
      cost += coverer(part, choice, 0).covers[0]?.cost ?? Number.POSITIVE_INFINITY;
    }
    return cost;
  };
  const count = options.reduce((product, each) => product * each.length, 1);
  const all = count <= searchLimits.combinations;
  const choices = all ? everyChoice(options) : improvedChoices(options, costOf);
  const priced = choices
    .map((choice) => ({ choice, cost: costOf(choice) }))
    .filter((each) => each.cost < Number.POSITIVE_INFINITY)
    .toSorted((a, b) => a.cost - b.cost);
  const best = priced[0]?.cost ?? 0;
  const selections = new Map<string, Selection>();
  let exact = all;
  for (const { choice, cost } of priced.filter((each) => each.cost <= best + problem.noise)) {
    const lists = problem.parts.map((_, part) => coverer(part, choice, problem.noise));
    exact &&= lists.every((list) => list.exact);
    for (const picks of combined(
      lists.map((list) => list.covers),
      best + problem.noise - cost,
    )) {
      if (selections.size >= searchLimits.selections) {
        return { selections: [...selections.values()], exact: false };
      }
      const used = new Set(picks.map((each) => each.source.supplier));
      const ways = choice.flatMap((way) => (way !== null && used.has(way.supplier) ? [way] : []));
      const key = JSON.stringify([
        ways.map((way) => [way.supplier, way.method]),
        picks.map((each) => [each.source.supplier, each.source.part, each.packs]),
      ]);
      selections.set(key, { ways, picks });
    }
  }
  return { selections: [...selections.values()], exact };
}

type Choice = readonly (Way | null)[];

/** Covers of a part under a choice, remembered by what of the choice concerns the part. */
function partCoverer(problem: Problem) {
  const byPart = problem.parts.map((_, part) => problem.sources.filter((each) => each.part === part));
  const known = new Map<string, ReturnType<typeof coversOf>>();
  return (part: number, choice: Choice, slack: number): ReturnType<typeof coversOf> => {
    const sources = byPart[part] ?? [];
    const { need, kg } = problem.parts[part] ?? { need: 0, kg: 0 };
    const key = `${part} ${slack} ${sources.map(({ supplier }) => choice[supplier]?.method ?? "").join("\n")}`;
    const before = known.get(key);
    if (before !== undefined) {
      return before;
    }
    const usable: PricedSource[] = sources.flatMap((source) => {
      const way = choice[source.supplier] ?? null;
      return way === null || source.leadDays + way.days > problem.maxDays
        ? []
        : [{ source, unitCost: source.unitCost + kg * way.perKg }];
    });
    const found = coversOf(need, usable, slack);
    known.set(key, found);
    return found;
  };
}

function everyChoice(options: readonly (readonly (Way | null)[])[]): readonly Choice[] {
  return options.reduce<readonly Choice[]>(
    (choices, each) => choices.flatMap((choice) => each.map((way) => [...choice, way])),
    [[]],
  );
}

/** From everybody with the way of lowest base, and of lowest price per kg, to where no single change helps. */
function improvedChoices(
  options: readonly (readonly (Way | null)[])[],
  costOf: (choice: Choice) => number,
): readonly Choice[] {
  const starts = [(way: Way) => way.base, (way: Way) => way.perKg, (way: Way) => way.days].map((by) =>
    options.map((each) => each.reduce((a, b) => (a === null || (b !== null && by(b) < by(a)) ? b : a), null)),
  );
  return starts.map((start) => {
    let current: Choice = start;
    let cost = costOf(current);
    for (let round = 0; round < searchLimits.improvements; round += 1) {
      const from = current;
      const changes = options.flatMap((each, supplier) =>
        each.filter((way) => way !== from[supplier]).map((way) => from.with(supplier, way)),
      );
      const costs = changes.map(costOf);
      const lowest = Math.min(...costs);
      const better = changes[costs.indexOf(lowest)];
      if (!(lowest < cost) || better === undefined) {
        break;
      }
      current = better;
      cost = lowest;
    }
    return current;
  });
}

/** One cover per part, in all ways whose costs above the cheapest add up to at most `slack`; the cheapest first. */
function* combined(
  lists: readonly (readonly Cover[])[],
  slack: number,
  part = 0,
): Generator<readonly Pick[]> {
  const covers = lists[part];
  if (covers === undefined) {
    yield [];
    return;
  }
  const cheapest = covers[0]?.cost ?? 0;
  for (const cover of covers) {
    const left = slack - (cover.cost - cheapest);
    if (left >= 0 || cover === covers[0]) {
      for (const rest of combined(lists, left, part + 1)) {
        yield [...cover.picks, ...rest];
      }
    }
  }
}
