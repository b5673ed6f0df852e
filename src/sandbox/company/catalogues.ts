import { demoParts, type DemoPart, type Trade } from "./parts.ts";

export type WholesalerId = "alpine-parts" | "borealis" | "cobalt" | "deltaline" | "evergreen";

/** Who a demo wholesaler is and how it trades. All names and accounts are fictional. */
export interface DemoWholesaler {
  readonly id: WholesalerId;
  readonly name: string;
  readonly protocol: "json" | "ubl" | "mail";
  readonly endpoint: string;
  readonly currency: "USD" | "EUR";
  /** Valid check digits at a bank that does not exist. */
  readonly bankAccount: string;
  readonly country: string;
  readonly taxPercent: string;
  /** Its price level, in percent of the typical price. */
  readonly level: number;
  /** Working days until a part leaves, at least. */
  readonly leadDays: number;
  readonly trades: readonly Trade[];
  /** It leaves out every n-th part. */
  readonly gap: number;
  readonly freight: readonly {
    readonly method: "standard" | "express";
    readonly base: string;
    readonly perKg: string;
    readonly days: string;
  }[];
}

const everything: readonly Trade[] = ["mechanical", "electrical", "supplies"];

/** The five wholesalers: Cobalt and Evergreen are cheap but slow, Deltaline trades in euros. */
export const demoWholesalers: readonly DemoWholesaler[] = [
  {
    id: "alpine-parts",
    name: "Alpine Parts",
    protocol: "json",
    endpoint: "sandbox:alpine-parts",
    currency: "USD",
    bankAccount: "GB35DEMO00000000000101",
    country: "GB",
    taxPercent: "2.5",
    level: 108,
    leadDays: 1,
    trades: everything,
    gap: 29,
    freight: [
      { method: "standard", base: "18.00", perKg: "0.90", days: "3" },
      { method: "express", base: "45.00", perKg: "2.40", days: "1" },
    ],
  },
  {
    id: "borealis",
    name: "Borealis Components",
    protocol: "json",
    endpoint: "sandbox:borealis",
    currency: "USD",
    bankAccount: "IE94DEMO00000000000202",
    country: "IE",
    taxPercent: "0",
    level: 100,
    leadDays: 3,
    trades: ["mechanical", "electrical"],
    gap: 7,
    freight: [
      { method: "standard", base: "24.00", perKg: "0.75", days: "4" },
      { method: "express", base: "60.00", perKg: "2.10", days: "2" },
    ],
  },
  {
    id: "cobalt",
    name: "Cobalt Supply House",
    protocol: "ubl",
    endpoint: "sandbox:cobalt",
    currency: "USD",
    bankAccount: "GB13DEMO00000000000303",
    country: "GB",
    taxPercent: "1.5",
    level: 89,
    leadDays: 14,
    trades: everything,
    gap: 5,
    freight: [
      { method: "standard", base: "35.00", perKg: "0.55", days: "9" },
      { method: "express", base: "95.00", perKg: "1.90", days: "4" },
    ],
  },
  {
    id: "deltaline",
    name: "Deltaline Elektrik",
    protocol: "ubl",
    endpoint: "sandbox:deltaline",
    currency: "EUR",
    bankAccount: "NL35DEMO0000000404",
    country: "NL",
    taxPercent: "0",
    level: 97,
    leadDays: 4,
    trades: ["electrical"],
    gap: 9,
    freight: [
      { method: "standard", base: "22.00", perKg: "0.80", days: "5" },
      { method: "express", base: "58.00", perKg: "2.20", days: "2" },
    ],
  },
  {
    id: "evergreen",
    name: "Evergreen Trading Post",
    protocol: "mail",
    endpoint: "orders@evergreen.example",
    currency: "USD",
    bankAccount: "IE61DEMO00000000000505",
    country: "IE",
    taxPercent: "2",
    level: 91,
    leadDays: 18,
    trades: ["mechanical", "supplies"],
    gap: 6,
    freight: [
      { method: "standard", base: "30.00", perKg: "0.60", days: "10" },
      { method: "express", base: "85.00", perKg: "2.00", days: "5" },
    ],
  },
];

/** US dollars for one euro, as the demo company's books have it. */
export const dollarsPerEuro = "1.08";

/** What one wholesaler's own system knows of one part. */
export interface CataloguePart {
  readonly part: string;
  readonly description: string;
  readonly unit: string;
  readonly unitPrice: string;
  readonly currency: string;
  readonly availableQuantity: string;
  readonly minQuantity: string;
  readonly packSize: string;
  readonly leadDays: number;
}
export interface Catalogue {
  readonly name: string;
  readonly currency: string;
  readonly bankAccount: string;
  readonly taxPercent: string;
  readonly parts: readonly CataloguePart[];
}

/** What each wholesaler's server sells, at the prices agreed in the demo company's books. */
export function wholesalerCatalogues(): Readonly<Record<WholesalerId, Catalogue>> {
  const entries = demoWholesalers.map((wholesaler, index) => {
    const sold = demoParts.filter((part) => sells(wholesaler, index, part));
    const catalogue: Catalogue = {
      name: wholesaler.name,
      currency: wholesaler.currency,
      bankAccount: wholesaler.bankAccount,
      taxPercent: wholesaler.taxPercent,
      parts: sold.map((part) => cataloguePart(wholesaler, index, part)),
    };
    return [wholesaler.id, catalogue] as const;
  });
  return Object.fromEntries(entries) as Record<WholesalerId, Catalogue>;
}

function sells(wholesaler: DemoWholesaler, index: number, part: DemoPart): boolean {
  return wholesaler.trades.includes(part.trade) && (part.number + index) % wholesaler.gap !== 0;
}

function cataloguePart(wholesaler: DemoWholesaler, index: number, part: DemoPart): CataloguePart {
  // A spread of -4 to +4 percent that depends on part and wholesaler only.
  const spread = ((part.number * 7 + index * 5) % 9) - 4;
  const dollarCents = (part.cents * (wholesaler.level + spread)) / 100;
  const cents = wholesaler.currency === "EUR" ? dollarCents / Number(dollarsPerEuro) : dollarCents;
  const packSize = packSizeOf(part);
  const scarce = (part.number + index) % 23 === 0;
  return {
    part: part.id,
    description: part.name,
    unit: part.unit,
    unitPrice: (Math.max(1, Math.round(cents)) / 100).toFixed(2),
    currency: wholesaler.currency,
    availableQuantity: String(scarce ? packSize * 6 : packSize * 20_000),
    minQuantity: String(wholesaler.leadDays > 10 ? packSize * 2 : packSize),
    packSize: String(packSize),
    leadDays: wholesaler.leadDays + (part.number % 3),
  };
}

/** Cheap parts come in bags, the others singly or in small boxes. */
function packSizeOf(part: DemoPart): number {
  if (part.unit !== "pcs") {
    return part.unit === "m" ? 10 : 1;
  }
  if (part.cents < 20) {
    return 100;
  }
  return part.cents < 200 ? 10 : part.cents < 1000 ? 2 : 1;
}
