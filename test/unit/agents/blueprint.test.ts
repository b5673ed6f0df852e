import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import blueprint from "../../../agents/blueprint.ts";
import type { BomLine, Item } from "../../../src/book-rows.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { skillContext } from "../../fakes/skill-context.ts";

const item = (id: string, kind: Item["kind"], o: Partial<Item> = {}): Item => ({
  id,
  name: `The ${id}`,
  aliases: "",
  kind,
  unit: "pcs",
  revision: "A",
  listPrice: "",
  currency: "USD",
  weightKg: "0.5",
  active: "yes",
  ...o,
});
const line = (parent: string, component: string, quantity: string, o: Partial<BomLine> = {}): BomLine => {
  const revision = o.parentRevision ?? "A";
  return {
    id: `${parent}@${revision}/${component}`,
    parent,
    parentRevision: revision,
    component,
    quantity,
    unit: "pcs",
    scrapPercent: "0",
    ...o,
  };
};
async function explode(items: readonly Item[], bom: readonly BomLine[], id: string, quantity = "1") {
  const skill = blueprint.skills.explode;
  const context = skillContext({ agent: "blueprint", books: new MemoryBooks({ items, bom }) });
  return skill.output.parse(await skill.run(context, skill.input.parse({ item: id, quantity }), null));
}
const quantities = (parts: readonly { readonly part: string; readonly quantity: string }[]) =>
  Object.fromEntries(parts.map(({ part, quantity }) => [part, quantity]));

suite("blueprint", () => {
  test("explodes all levels, sums repeated parts and describes them", async () => {
    const result = await explode(
      [item("widget", "product"), item("frame", "assembly"), item("bolt", "part"), item("plate", "part")],
      [
        line("widget", "frame", "2"),
        line("widget", "bolt", "3"),
        line("frame", "bolt", "4"),
        line("frame", "plate", "1"),
      ],
      "widget",
      "50",
    );
    assert.deepEqual(result, {
      itemName: "The widget",
      revision: "A",
      parts: [
        { part: "bolt", description: "The bolt", quantity: "550", unit: "pcs", weightKg: "0.5" },
        { part: "plate", description: "The plate", quantity: "100", unit: "pcs", weightKg: "0.5" },
      ],
    });
  });

  test("takes the lines of each item's current revision only", async () => {
    const { revision, parts } = await explode(
      [item("widget", "product", { revision: "B" }), item("old", "part"), item("new", "part")],
      [line("widget", "old", "9"), line("widget", "new", "2", { parentRevision: "B" })],
      "widget",
    );
    assert.deepEqual([revision, quantities(parts)], ["B", { new: "2" }]);
  });

  test("scrap adds up through the levels; whole parts are rounded up once, at the end", async () => {
    const { parts } = await explode(
      [
        item("widget", "product"),
        item("frame", "assembly"),
        item("bolt", "part"),
        item("wire", "part", { unit: "m" }),
        item("nails", "part", { unit: "bag" }),
      ],
      [
        line("widget", "frame", "1", { scrapPercent: "10" }),
        line("frame", "bolt", "4", { scrapPercent: "2.5" }),
        line("frame", "nails", "0.3", { unit: "bag" }),
        line("frame", "wire", "0.35", { unit: "m", scrapPercent: "5" }),
      ],
      "widget",
      "10",
    );
    // 10 × 1.1 × 4 × 1.025 = 45.1, 10 × 1.1 × 0.3 = 3.3 and 10 × 1.1 × 0.35 × 1.05 = 4.0425
    assert.deepEqual(quantities(parts), { bolt: "46", nails: "4", wire: "4.0425" });
  });

  test("converts between units of one kind and refuses others", async () => {
    const items = [item("widget", "product"), item("wire", "part", { unit: "m" })];
    const { parts } = await explode(items, [line("widget", "wire", "350", { unit: "mm" })], "widget", "3");
    assert.deepEqual(quantities(parts), { wire: "1.05" });
    for (const unit of ["kg", "pcs", "ell"]) {
      await assert.rejects(explode(items, [line("widget", "wire", "1", { unit })], "widget"), {
        code: "unit-mismatch",
      });
    }
  });

  test("a bill of material that contains itself is refused with the way it does", async () => {
    const items = [item("a", "product"), item("b", "assembly"), item("c", "assembly"), item("p", "part")];
    const bom = [line("a", "b", "1"), line("b", "c", "1"), line("b", "p", "1"), line("c", "a", "1")];
    await assert.rejects(explode(items, bom, "a"), { code: "bom-cycle", message: /a → b → c → a/ });
  });

  test("more than twenty levels are refused, also where a part of them is known already", async () => {
    const chain = (levels: number) => {
      const ids = Array.from({ length: levels }, (_, i) => `asm-${String(i).padStart(2, "0")}`);
      const items = ids.map((id) => item(id, "assembly"));
      const bom = ids.map((id, i) => line(id, ids[i + 1] ?? "p", "1"));
      return { items: [...items, item("p", "part")], bom };
    };
    const { items, bom } = chain(20);
    assert.deepEqual(quantities((await explode(items, bom, "asm-00")).parts), { p: "1" });
    const deep = chain(21);
    await assert.rejects(explode(deep.items, deep.bom, "asm-00"), { code: "bom-too-deep" });
    const twice = [...deep.bom, line("asm-00", "asm-15", "1", { id: "asm-00@A/asm-15" })];
    await assert.rejects(explode(deep.items, twice.toReversed(), "asm-00"), { code: "bom-too-deep" });
  });

  test("shared assemblies are worked out once: 2^19 paths take no longer than 20 items", async () => {
    const ids = Array.from({ length: 19 }, (_, i) => `n-${String(i).padStart(2, "0")}`);
    const copies = ids.flatMap((id) => [item(id, "assembly"), item(`${id}-b`, "assembly")]);
    const bom = ids.flatMap((id, i) => {
      const next = ids[i + 1];
      return [id, `${id}-b`].flatMap((parent) =>
        next === undefined
          ? [line(parent, "p", "1")]
          : [line(parent, next, "1"), line(parent, `${next}-b`, "1")],
      );
    });
    const { parts } = await explode([...copies, item("p", "part")], bom, "n-00");
    assert.deepEqual(quantities(parts), { p: String(2 ** 18) });
  });

  test("what is missing, inactive or no product is refused by name", async () => {
    const widget = item("widget", "product");
    const cases: readonly (readonly [readonly Item[], readonly BomLine[], string, string])[] = [
      [[], [], "widget", "unknown-item"],
      [[{ ...widget, active: "no" }], [], "widget", "inactive-item"],
      [[widget], [], "widget", "bom-missing"],
      [[widget], [line("widget", "ghost", "1")], "widget", "unknown-item"],
      [[widget, item("p", "part", { active: "no" })], [line("widget", "p", "1")], "widget", "inactive-item"],
      [[widget, item("frame", "assembly")], [line("widget", "frame", "1")], "widget", "bom-missing"],
      [[item("p", "part")], [], "p", "not-a-product"],
    ];
    for (const [items, bom, id, code] of cases) {
      await assert.rejects(explode(items, bom, id), { code });
    }
  });

  test("quantities that are no whole numbers from 1 are refused", () => {
    const { input } = blueprint.skills.explode;
    for (const quantity of ["0", "-1", "1.5", "1e3", "", "99999999"]) {
      assert.equal(input.safeParse({ item: "widget", quantity }).success, false, quantity);
    }
  });

  test("equals the sum over all paths, computed in whole numbers", () =>
    fc.assert(
      fc.asyncProperty(randomProduct(), fc.integer({ min: 1, max: 5_000 }), async ({ items, bom }, n) => {
        const { parts } = await explode(items, bom, "a-0", String(n));
        assert.deepEqual(quantities(parts), sumOverPaths(items, bom, n));
      }),
      { numRuns: 100 },
    ));
});

/** Assemblies of three levels over five parts; every component stands on a later level, so there is no cycle. */
function randomProduct(): fc.Arbitrary<{ items: Item[]; bom: BomLine[] }> {
  const names = ["a-0", "b-0", "b-1", "c-0", "c-1", "c-2", "p-0", "p-1", "p-2", "p-3", "p-4"];
  const items = names.map((id) =>
    item(id, id === "a-0" ? "product" : id.startsWith("p") ? "part" : "assembly", {
      unit: id === "p-4" ? "m" : "pcs",
    }),
  );
  const lineOf = (parent: string) =>
    fc.record({
      component: fc.constantFrom(...names.filter((name) => name.slice(0, 1) > parent.slice(0, 1))),
      tenths: fc.integer({ min: 1, max: 60 }),
      scrap: fc.integer({ min: 0, max: 30 }),
    });
  const parents = names.filter((name) => !name.startsWith("p"));
  return fc
    .tuple(
      ...parents.map((parent) =>
        fc.uniqueArray(lineOf(parent), { minLength: 1, maxLength: 4, selector: (each) => each.component }),
      ),
    )
    .map((lists) => ({
      items,
      bom: lists.flatMap((lines, i) =>
        lines.map(({ component, tenths, scrap }) => {
          const o = { scrapPercent: (scrap / 2).toFixed(1), unit: component === "p-4" ? "m" : "pcs" };
          return line(parents[i] ?? "", component, (tenths / 10).toFixed(1), o);
        }),
      ),
    }));
}

/** The oracle: walks every path in integers (tenths × thousandths of scrap), no decimals library, no memory. */
function sumOverPaths(items: readonly Item[], bom: readonly BomLine[], n: number): Record<string, string> {
  const totals = new Map<string, { value: bigint; scale: bigint }>();
  const walk = (id: string, value: bigint, scale: bigint): void => {
    const lines = bom.filter((each) => each.parent === id);
    if (lines.length === 0) {
      const known = totals.get(id) ?? { value: 0n, scale: 1n };
      totals.set(id, { value: known.value * scale + value * known.scale, scale: known.scale * scale });
      return;
    }
    for (const each of lines) {
      const tenths = BigInt(Math.round(Number(each.quantity) * 10));
      const scrap = 1000n + BigInt(Math.round(Number(each.scrapPercent) * 10));
      walk(each.component, value * tenths * scrap, scale * 10_000n);
    }
  };
  walk("a-0", BigInt(n), 1n);
  return Object.fromEntries(
    [...totals]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { value, scale }]) => {
        const whole = items.find((each) => each.id === id)?.unit === "pcs";
        const factor = whole ? 1n : 1_000_000_000n;
        const rounded = (value * factor + scale - 1n) / scale;
        const digits = rounded.toString().padStart(10, "0");
        const decimals = digits.slice(-9).replace(/0+$/, "");
        const decimal = `${digits.slice(0, -9)}${decimals === "" ? "" : `.${decimals}`}`;
        return [id, whole ? rounded.toString() : decimal];
      }),
  );
}
