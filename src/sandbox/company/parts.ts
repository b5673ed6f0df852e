import type { Item } from "../../book-rows.ts";

/** A bought part of the demo company, with what prices and stock are derived from. */
export interface DemoPart {
  /** Position in the parts list, from 0. */
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly trade: Trade;
  readonly unit: string;
  readonly grams: number;
  /** Typical price of one unit in US cents; every wholesaler's price is derived from it. */
  readonly cents: number;
}
export type Trade = "mechanical" | "electrical" | "supplies";

/** Prefix, name, trade, unit, grams and US cents of the first variant, growth per variant in percent, variants. */
type Family = readonly [string, string, Trade, string, number, number, number, string];

const families: readonly Family[] = [
  [
    "scr",
    "Hex screw",
    "mechanical",
    "pcs",
    2,
    8,
    15,
    "m3x8 m3x12 m4x10 m4x16 m5x12 m5x20 m6x16 m6x30 m8x25 m8x40",
  ],
  ["nut", "Hex nut", "mechanical", "pcs", 1, 6, 25, "m3 m4 m5 m6 m8 m10"],
  ["wsh", "Washer", "mechanical", "pcs", 1, 5, 20, "m3 m4 m5 m6 m8 m10"],
  ["rvt", "Rivet", "mechanical", "pcs", 2, 7, 20, "3x6 3x10 4x8 4x12 5x10 5x16"],
  ["brg", "Ball bearing", "mechanical", "pcs", 12, 165, 22, "623 625 608 6000 6001 6002 6200 6201"],
  ["gear", "Spur gear", "mechanical", "pcs", 40, 780, 18, "z12 z16 z20 z24 z30 z36 z40 z48"],
  ["shft", "Ground shaft", "mechanical", "pcs", 55, 430, 20, "6x80 6x120 8x100 8x160 10x120 10x200 12x150"],
  ["bush", "Plain bush", "mechanical", "pcs", 9, 95, 20, "6 8 10 12 16 20"],
  ["spr", "Compression spring", "mechanical", "pcs", 6, 60, 25, "s10 s16 s20 s25 s32 s40"],
  ["seal", "Seal ring", "mechanical", "pcs", 2, 70, 18, "r10 r14 r18 r22 r28 r35 r42"],
  ["belt", "Timing belt", "mechanical", "pcs", 25, 640, 16, "t200 t260 t320 t400 t500 t630"],
  ["pul", "Belt pulley", "mechanical", "pcs", 45, 590, 20, "p16 p20 p24 p32 p40"],
  ["cpl", "Shaft coupling", "mechanical", "pcs", 38, 1350, 20, "c6 c8 c10 c12"],
  ["brk", "Steel bracket", "mechanical", "pcs", 60, 145, 22, "l20 l30 l40 l60 u20 u40"],
  ["plt", "Steel plate", "mechanical", "pcs", 420, 1080, 18, "a1 a2 a3 a4 b1 b2 b3 b4"],
  ["prf", "Aluminium profile", "mechanical", "m", 480, 1290, 30, "20x20 20x40 30x30 30x60 40x40"],
  ["hsg", "Housing shell", "mechanical", "pcs", 350, 3300, 24, "s1 s2 s3 s4 s5 s6"],
  ["lid", "Housing lid", "mechanical", "pcs", 140, 1700, 24, "s1 s2 s3 s4 s5 s6"],
  ["foot", "Rubber foot", "mechanical", "pcs", 8, 42, 20, "f1 f2 f3 f4"],
  ["hng", "Hinge", "mechanical", "pcs", 35, 310, 25, "h1 h2 h3"],
  ["hdl", "Handle", "mechanical", "pcs", 70, 480, 25, "h1 h2 h3"],
  ["whl", "Wheel", "mechanical", "pcs", 180, 820, 30, "w50 w80 w100 w150"],
  [
    "mot",
    "Direct current motor",
    "electrical",
    "pcs",
    310,
    5400,
    26,
    "24v20 24v40 24v60 24v90 48v120 48v200",
  ],
  ["pcb", "Circuit board", "electrical", "pcs", 60, 6600, 18, "sensor radio display drive main power"],
  ["mcu", "Microcontroller", "electrical", "pcs", 2, 780, 28, "a32 a64 a128 b64 b128"],
  ["con", "Connector", "electrical", "pcs", 4, 55, 26, "2p 3p 4p 6p 8p 12p"],
  ["cab", "Cable, square mm", "electrical", "m", 18, 48, 32, "0.25 0.5 0.75 1.0 1.5 2.5"],
  ["fus", "Fuse", "electrical", "pcs", 2, 35, 15, "1a 2a 4a 6a 10a"],
  ["led", "Light diode", "electrical", "pcs", 1, 18, 12, "red green amber white blue"],
  ["swt", "Switch", "electrical", "pcs", 14, 190, 20, "push toggle rocker limit key"],
  ["sen", "Sensor", "electrical", "pcs", 9, 690, 22, "hall ntc light level tilt press"],
  ["psu", "Power supply", "electrical", "pcs", 220, 4700, 42, "24w 48w 96w 150w"],
  ["bat", "Battery pack", "electrical", "pcs", 180, 1900, 60, "b2 b4 b8 b16"],
  ["fan", "Fan", "electrical", "pcs", 65, 720, 26, "40 60 80 120"],
  ["hsk", "Heat sink", "electrical", "pcs", 75, 340, 35, "40 60 80 120"],
  ["dsp", "Display", "electrical", "pcs", 40, 1450, 55, "1 2 4 7"],
  ["cap", "Capacitor", "electrical", "pcs", 2, 22, 40, "10 47 100 470 1000"],
  ["res", "Resistor", "electrical", "pcs", 1, 6, 5, "r10 r100 r1k r10k r100k"],
  ["rly", "Relay", "electrical", "pcs", 18, 330, 24, "1p 2p 4p 8p"],
  ["pmp", "Pump", "mechanical", "pcs", 420, 4200, 45, "p1 p2 p3"],
  ["vlv", "Valve", "mechanical", "pcs", 130, 1650, 30, "v8 v10 v15"],
  ["hos", "Hose", "mechanical", "m", 90, 260, 25, "h6 h8 h10 h12"],
  ["gsk", "Gasket", "mechanical", "pcs", 5, 120, 25, "g1 g2 g3 g4"],
  ["grs", "Grease", "supplies", "kg", 1000, 1850, 30, "g1 g2"],
  ["pnt", "Paint", "supplies", "kg", 1000, 1240, 10, "grey black red"],
  ["glu", "Adhesive", "supplies", "kg", 1000, 2600, 35, "a1 a2"],
  ["lbl", "Label", "supplies", "pcs", 1, 9, 30, "small large serial warning"],
  ["box", "Cardboard box", "supplies", "pcs", 300, 115, 40, "s m l xl"],
  ["foam", "Foam insert", "supplies", "pcs", 40, 75, 45, "s m l"],
  ["man", "Printed manual", "supplies", "pcs", 90, 140, 60, "en multi"],
];

function variantsOf([prefix, name, trade, unit, grams, cents, growth, variants]: Family): Omit<
  DemoPart,
  "number"
>[] {
  return variants.split(" ").map((variant, index) => {
    const factor = 1 + (index * growth) / 100;
    return {
      id: `${prefix}-${variant}`,
      name: `${name} ${variant.toUpperCase()}`,
      trade,
      unit,
      // What is sold by weight weighs its weight.
      grams: unit === "kg" ? grams : Math.round(grams * factor),
      cents: Math.round(cents * factor),
    };
  });
}

/** Every part the demo company buys. */
export const demoParts: readonly DemoPart[] = families
  .flatMap(variantsOf)
  .map((part, number) => ({ ...part, number }));

/** The part with this id; a wrong id in the demo company's own tables stops the seeding. */
export function demoPart(id: string): DemoPart {
  const part = partsById.get(id);
  if (part === undefined) {
    throw new Error(`the demo company has no part "${id}"`);
  }
  return part;
}
const partsById = new Map(demoParts.map((part) => [part.id, part]));

/** The parts as rows of the books. */
export function partItems(): Item[] {
  return demoParts.map((part) => ({
    id: part.id,
    name: part.name,
    aliases: "",
    kind: "part",
    unit: part.unit,
    revision: "A",
    listPrice: "",
    currency: "USD",
    weightKg: kilograms(part.grams),
    active: "yes",
  }));
}

/** Grams as a decimal number of kilograms. */
export function kilograms(grams: number): string {
  return (grams / 1000).toFixed(3);
}
