import type { FreightTariff, Price, Rate, Restriction, Stock, Vendor, Wholesaler } from "../../book-rows.ts";
import { demoWholesalers, dollarsPerEuro, wholesalerCatalogues } from "./catalogues.ts";
import { demoParts, type DemoPart } from "./parts.ts";

/** What is on the shelf of parts that widgets need, where the general rule would not leave a deficit. */
const scarceStock: Readonly<Record<string, string>> = {
  "mot-24v60": "12",
  "psu-96w": "0",
  "pcb-main": "8",
  "hsg-s3": "20",
  "lid-s3": "50",
  "gear-z24": "35",
  "gear-z36": "10",
  "brg-625": "90",
  "brg-608": "40",
  "cpl-c8": "5",
  "shft-8x100": "16",
  "sen-hall": "0",
  "mcu-a64": "50",
  "prf-20x40": "24.5",
  "plt-a2": "15",
  "brk-l30": "60",
  "pnt-grey": "2.25",
  "cab-0.5": "30",
  "hsk-40": "25",
  "gsk-g2": "49",
  "swt-push": "100",
  "box-m": "0",
};

/** The shelf holds much of what is cheap and little of what is dear. */
function onHand(part: DemoPart): string {
  const scarce = scarceStock[part.id];
  if (scarce !== undefined) {
    return scarce;
  }
  const plenty = part.cents < 100 ? 4000 : part.cents < 1000 ? 400 : 60;
  return String(plenty + ((part.number * 37) % 10) * (plenty / 20));
}

/** Stock of every part. */
export function stock(): Stock[] {
  return demoParts.map((part) => ({
    id: part.id,
    onHand: onHand(part),
    unit: part.unit,
    location: `${"ABCDEFGH"[part.number % 8]}-${String(Math.floor(part.number / 8) + 1).padStart(2, "0")}`,
  }));
}

/** The wholesalers as purchasing knows them. */
export function wholesalers(): Wholesaler[] {
  return demoWholesalers.map(({ id, name, protocol, endpoint, currency, bankAccount }) => ({
    id,
    name,
    protocol,
    endpoint,
    currency,
    bankAccount,
    active: "yes",
  }));
}

/** Compliance's list: the five wholesalers, and look-alikes that must never be paid. */
export function vendors(approvedUntil: string): Vendor[] {
  const approved = demoWholesalers.map(({ id, name, bankAccount, country }): Vendor => ({
    id,
    name,
    aliases: "",
    status: "approved",
    bankAccount,
    country,
    approvedUntil,
    reason: "yearly review passed",
  }));
  return [
    ...approved,
    banned("alpine-part", "Alpine Part", "Alpine Parts Ltd;A1pine Parts", "GB44DEMO00000000000909", "GB"),
    banned("borealis-intl", "Borealis Components International", "Borealls", "NL88DEMO0000000808", "NL"),
    banned("dustbowl", "Dustbowl Discounts", "Dust Bowl", "GB44DEMO00000000000909", "GB"),
  ];

  function banned(id: string, name: string, aliases: string, bankAccount: string, country: string): Vendor {
    return {
      id,
      name,
      aliases,
      status: "banned",
      bankAccount,
      country,
      approvedUntil,
      reason: "invoices in another company's name",
    };
  }
}

/** One price for each part a wholesaler sells. */
export function prices(): Price[] {
  return Object.entries(wholesalerCatalogues()).flatMap(([wholesaler, catalogue]) =>
    catalogue.parts.map((each) => ({
      id: `${wholesaler}/${each.part}`,
      wholesaler,
      part: each.part,
      unitPrice: each.unitPrice,
      currency: each.currency,
      minQuantity: each.minQuantity,
      packSize: each.packSize,
      leadDays: String(each.leadDays),
    })),
  );
}

/** Freight tariffs, in each wholesaler's own currency. */
export function freight(): FreightTariff[] {
  return demoWholesalers.flatMap(({ id, currency, freight: tariffs }) =>
    tariffs.map((tariff) => ({ id: `${id}/${tariff.method}`, wholesaler: id, currency, ...tariff })),
  );
}

/** What must not be traded, with whom and where. */
export function restrictions(asOf: string): Restriction[] {
  const country = "Embargoed countries";
  const party = "Denied parties";
  const item = "Controlled items";
  return [
    { id: "R-001", list: country, kind: "country", value: "KP", aliases: "", reason: "embargo", asOf },
    { id: "R-002", list: country, kind: "country", value: "IR", aliases: "", reason: "embargo", asOf },
    { id: "R-003", list: country, kind: "country", value: "SY", aliases: "", reason: "embargo", asOf },
    {
      id: "R-101",
      list: party,
      kind: "party",
      value: "Gray Lantern Holdings",
      aliases: "Grey Lantern Trading;Grey Lantern",
      reason: "denied party of the demo",
      asOf,
    },
    {
      id: "R-102",
      list: party,
      kind: "party",
      value: "Murky Waters Shipping",
      aliases: "Murky Waters",
      reason: "denied party of the demo",
      asOf,
    },
    {
      id: "R-103",
      list: party,
      kind: "party",
      value: "Dustbowl Discounts",
      aliases: "Dust Bowl",
      reason: "denied party of the demo",
      asOf,
    },
    {
      id: "R-201",
      list: item,
      kind: "item",
      value: "zapper",
      aliases: "",
      reason: "export controlled",
      asOf,
    },
  ];
}

/** The company's exchange rates; its own currency is the US dollar. */
export function rates(asOf: string): Rate[] {
  return [{ id: "EUR", rate: dollarsPerEuro, asOf }];
}
