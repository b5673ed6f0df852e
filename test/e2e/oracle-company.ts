import type { BookKind, BookRows } from "../../src/book-rows.ts";

/** Rows that are imported into the demo company while it runs: customers, and products of new parts. */

const wide = "1000000.00";

/** What a customer and its project may cost at most; both rows refer to each other. */
export interface Limits {
  readonly credit?: string;
  readonly budget?: string;
}

export function customerRow(
  name: string,
  today: string,
  { credit = wide }: Limits = {},
): BookRows["customers"] {
  return {
    id: `CUST-${idOf(name)}`,
    name,
    aliases: "",
    creditLimit: credit,
    balance: "120.50",
    currency: "USD",
    creditAsOf: today,
    defaultProject: `PRJ-${idOf(name)}`,
    street: "7 Oracle Lane",
    city: "Delphi",
    postcode: "00777",
    country: "US",
  };
}
export function projectRow(name: string, { budget = wide }: Limits = {}): BookRows["projects"] {
  return {
    id: `PRJ-${idOf(name)}`,
    name: `Project of ${name}`,
    customer: `CUST-${idOf(name)}`,
    budget,
    spent: "33.10",
    currency: "USD",
    validUntil: "2099-12-31",
  };
}
const idOf = (name: string): string => name.toUpperCase().replaceAll(" ", "-");

type Kind = BookRows["items"]["kind"];
function itemRow(
  id: string,
  name: string,
  kind: Kind,
  o: Partial<BookRows["items"]> = {},
): BookRows["items"] {
  const common = {
    aliases: "",
    unit: "pcs",
    revision: "A",
    listPrice: "",
    weightKg: "0",
    active: "yes",
  } as const;
  return { id, name, kind, currency: "USD", ...common, ...o };
}

/** Two products on three levels, one cheap on the list; each level has a former revision that must not count. */
export const items: readonly BookRows["items"][] = [
  itemRow("falcon-lantern", "Falcon Lantern", "product", { revision: "C", listPrice: "500.00" }),
  itemRow("otter-kettle", "Otter Kettle", "product", { listPrice: "1.00" }),
  itemRow("ibex-ladder", "Ibex Ladder", "product", { listPrice: "80.00" }),
  itemRow("ora-head", "Lantern head", "assembly", { revision: "B" }),
  itemRow("ora-core", "Lantern core", "assembly"),
  itemRow("ora-bolt", "Bolt of the oracle", "part", { weightKg: "0.0105" }),
  itemRow("ora-chip", "Chip of the oracle", "part", { weightKg: "0.004" }),
  itemRow("ora-wire", "Wire of the oracle", "part", { weightKg: "0.0221", unit: "m" }),
  itemRow("ora-rung", "Rung of the oracle", "part", { weightKg: "1.5" }),
];

function bomRow(
  at: string,
  component: string,
  quantity: string,
  scrapPercent = "0",
  unit = "pcs",
): BookRows["bom"] {
  const [parent = "", parentRevision = ""] = at.split("@");
  return { id: `${at}/${component}`, parent, parentRevision, component, quantity, unit, scrapPercent };
}
export const bom: readonly BookRows["bom"][] = [
  bomRow("falcon-lantern@C", "ora-head", "2", "5"),
  bomRow("falcon-lantern@C", "ora-bolt", "6", "2.5"),
  bomRow("falcon-lantern@B", "ora-wire", "1000", "0", "m"),
  bomRow("otter-kettle@A", "ora-head", "2", "5"),
  bomRow("otter-kettle@A", "ora-bolt", "6", "2.5"),
  bomRow("ora-head@B", "ora-core", "3"),
  bomRow("ora-head@B", "ora-wire", "0.35", "4", "m"),
  bomRow("ora-head@A", "ora-core", "700"),
  bomRow("ora-core@A", "ora-bolt", "1"),
  bomRow("ora-core@A", "ora-chip", "1", "1"),
  bomRow("ibex-ladder@A", "ora-rung", "4"),
];

export function stockRow(id: string, onHand: string): BookRows["stock"] {
  return { id, onHand, unit: items.find((each) => each.id === id)?.unit ?? "", location: "Z-99" };
}

export function priceRow(
  id: string,
  unitPrice: string,
  minQuantity: string,
  packSize: string,
): BookRows["prices"] {
  const [wholesaler = "", part = ""] = id.split("/");
  const currency = wholesaler === "deltaline" ? "EUR" : "USD";
  return { id, wholesaler, part, unitPrice, currency, minQuantity, packSize, leadDays: "7" };
}
export const prices: readonly BookRows["prices"][] = [
  priceRow("alpine-parts/ora-bolt", "0.41", "50", "50"),
  priceRow("cobalt/ora-bolt", "0.33", "80", "40"),
  priceRow("evergreen/ora-bolt", "0.36", "25", "25"),
  priceRow("borealis/ora-chip", "3.10", "5", "5"),
  priceRow("deltaline/ora-chip", "2.60", "20", "10"),
  priceRow("cobalt/ora-chip", "2.95", "40", "20"),
  priceRow("alpine-parts/ora-wire", "1.15", "1", "0.5"),
  priceRow("deltaline/ora-wire", "0.98", "5", "2.5"),
  priceRow("borealis/ora-wire", "1.02", "2", "1"),
  priceRow("borealis/ora-rung", "12.00", "1", "1"),
  priceRow("cobalt/ora-rung", "11.00", "10", "10"),
];

/** Freight so cheap that splitting orders pays. */
export function cheapFreight(rows: readonly BookRows["freight"][]): readonly BookRows["freight"][] {
  return rows.map((row) => ({ ...row, base: row.method === "standard" ? "0.40" : "1.10" }));
}

/** The kinds of the books that `import` takes; the others are kept by agents. */
export const importableKinds: readonly BookKind[] = [
  "customers",
  "projects",
  "people",
  "items",
  "bom",
  "stock",
  "reservations",
  "restrictions",
  "vendors",
  "wholesalers",
  "prices",
  "freight",
  "orders",
  "rates",
  "commitments",
  "activities",
];
