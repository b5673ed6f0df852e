import type Big from "big.js";
import type { BomLine, Item } from "../../src/book-rows.ts";
import { AppError } from "../../src/errors.ts";
import type { Books } from "../../src/ports.ts";
import type { DeficitLine } from "../../src/plan/sourcing-schema.ts";

/** Real products have three to seven levels; a deeper one is a mistake in the books. */
const maxDepth = 20;
/** Units of measure of one kind and how many of the kind's base unit they are. */
const unitSizes: Readonly<Record<string, readonly [kind: string, size: string]>> = {
  mm: ["length", "0.001"],
  cm: ["length", "0.01"],
  m: ["length", "1"],
  mg: ["mass", "0.000001"],
  g: ["mass", "0.001"],
  kg: ["mass", "1"],
  ml: ["volume", "0.001"],
  l: ["volume", "1"],
  cm2: ["area", "0.0001"],
  m2: ["area", "1"],
  m3: ["volume", "1000"],
};

export interface Explosion {
  readonly itemName: string;
  readonly revision: string;
  readonly parts: DeficitLine[];
}

/**
 * The parts that `quantity` of a product or assembly takes by its current revision, with scrap: per line, quantity ×
 * (1 + scrap %) through all levels, in the part's own unit. Equal parts are summed up; only then are parts that exist
 * as whole ones rounded up. Fails when the bill of material is missing, circular, too deep, or names an item that is
 * unknown, inactive or counted in another kind of unit.
 */
export async function explode(books: Books, itemId: string, quantity: string): Promise<Explosion> {
  const { default: Decimal } = await import("big.js");
  const { decimal } = await import("../../src/money.ts");
  const items = new Map<string, Item>();
  const perOne = new Map<string, { readonly parts: ReadonlyMap<string, Big>; readonly depth: number }>();

  const itemOf = async (id: string, where: string): Promise<Item> => {
    const item = items.get(id) ?? (await books.get("items", id));
    if (item === undefined) {
      throw new AppError("unknown-item", `${where} names item "${id}", which the books do not have`);
    }
    if (item.active !== "yes") {
      throw new AppError("inactive-item", `${where} names item "${id}", which is not active`);
    }
    items.set(id, item);
    return item;
  };
  const perParent = ({ quantity: count, unit, scrapPercent, id }: BomLine, component: Item): Big =>
    decimal(count)
      .times(decimal(scrapPercent).div(100).plus(1))
      .times(unitFactor(decimal, unit, component.unit, `line "${id}"`));

  /** Parts for one of `item`, from its lines; each item is worked out once, however often it is used. */
  const partsOf = async (item: Item, path: readonly string[]): Promise<ReadonlyMap<string, Big>> => {
    const trail = [...path, item.id];
    if (path.includes(item.id)) {
      throw new AppError("bom-cycle", `the bill of material contains itself: ${trail.join(" → ")}`);
    }
    const known = perOne.get(item.id);
    if (trail.length + (known?.depth ?? 0) > maxDepth) {
      throw new AppError(
        "bom-too-deep",
        `the bill of material of "${trail[0]}" has more than ${maxDepth} levels`,
      );
    }
    if (known !== undefined) {
      return known.parts;
    }
    const lines = await books.find("bom", { parent: item.id, parentRevision: item.revision });
    if (lines.length === 0) {
      throw new AppError(
        "bom-missing",
        `item "${item.id}" has no bill of material for revision "${item.revision}"`,
      );
    }
    // Read together, because each read alone costs a round trip.
    const components = await Promise.all(
      lines.map(async (line) => ({ line, component: await itemOf(line.component, `line "${line.id}"`) })),
    );
    const parts = new Map<string, Big>();
    let depth = 1;
    for (const { line, component } of components) {
      const count = perParent(line, component);
      const needed: Iterable<readonly [string, Big]> =
        component.kind === "part" ? [[component.id, decimal("1")]] : await partsOf(component, trail);
      depth = Math.max(depth, 1 + (perOne.get(component.id)?.depth ?? 0));
      for (const [part, each] of needed) {
        parts.set(part, (parts.get(part) ?? new Decimal(0)).plus(each.times(count)));
      }
    }
    perOne.set(item.id, { parts, depth });
    return parts;
  };

  const item = await itemOf(itemId, "the request");
  if (item.kind === "part") {
    throw new AppError("not-a-product", `item "${itemId}" is a part: it has no bill of material`);
  }
  const perItem = await partsOf(item, []);
  const parts = [...perItem].map(([id, each]) =>
    partLine(items.get(id), each.times(decimal(quantity)), Decimal.roundUp),
  );
  return {
    itemName: item.name,
    revision: item.revision,
    parts: parts.toSorted((a, b) => (a.part < b.part ? -1 : 1)),
  };
}

function partLine(item: Item | undefined, needed: Big, roundUp: Big.RoundingMode): DeficitLine {
  if (item === undefined) {
    throw new AppError("internal", "an exploded part was not read from the books");
  }
  const { id, name, unit, weightKg } = item;
  // Nine decimals is what quantities may have; what is cut off is rounded up, so that nothing is ever missing.
  // What is not measured is counted, whatever it is called: of pieces, sets and boxes there are whole ones only.
  const rounded = needed.round(unitSizes[unit] === undefined ? 0 : 9, roundUp);
  return { part: id, description: name, quantity: rounded.toFixed(), unit, weightKg };
}

/** How many of `to` one of `from` is. */
function unitFactor(decimal: (text: string) => Big, from: string, to: string, where: string): Big {
  if (from === to) {
    return decimal("1");
  }
  const [kind, size] = unitSizes[from] ?? [];
  const [otherKind, otherSize] = unitSizes[to] ?? [];
  if (kind === undefined || kind !== otherKind || size === undefined || otherSize === undefined) {
    throw new AppError("unit-mismatch", `${where} is counted in "${from}", its component in "${to}"`);
  }
  return decimal(size).div(decimal(otherSize));
}
