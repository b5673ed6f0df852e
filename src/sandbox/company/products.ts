import type { BomLine, Item } from "../../book-rows.ts";
import { demoPart, kilograms } from "./parts.ts";
import { textTable } from "./text-table.ts";

/**
 * What the demo company makes. A component is written "ID QUANTITY" or "ID QUANTITY SCRAP%", per one of its parent;
 * components are assemblies of this file or parts.
 */
interface Made {
  readonly id: string;
  readonly revision: string;
  readonly components: string;
}

const assemblies = textTable(
  ["id", "name", "revision", "components"],
  `
asm-gearbox | Gearbox assembly | C | gear-z12 1, gear-z24 2, gear-z36 1, brg-625 4, seal-r14 2, shft-6x80 2, scr-m3x12 8, grs-g1 0.03 5%
asm-drive | Drive assembly | B | asm-gearbox 1, mot-24v60 1, cpl-c8 1, brg-608 2, shft-8x100 1, scr-m4x16 6, nut-m4 6, wsh-m4 12
asm-frame | Frame assembly | A | prf-20x40 1.6 3%, brk-l30 4, plt-a2 1, scr-m5x12 16, nut-m5 16, wsh-m5 16, pnt-grey 0.12 8%
asm-control | Control assembly | D | pcb-main 1 1%, mcu-a64 1, con-4p 3, con-8p 1, cab-0.5 2.4 4%, led-green 2, swt-push 2, fus-2a 1, hsk-40 1, sen-hall 2
asm-power | Power assembly | A | psu-96w 1, cab-1.0 1.5 4%, con-2p 2, fus-4a 1, swt-rocker 1
asm-housing | Housing assembly | B | hsg-s3 1, lid-s3 1, gsk-g2 1, foot-f2 4, scr-m3x8 10 2%, lbl-serial 1, lbl-warning 1
asm-pack | Packed box | A | box-m 1, foam-m 2, man-en 1, lbl-large 1
asm-belt | Belt drive | A | belt-t320 1, pul-p16 1, pul-p32 1, mot-24v40 1, brg-6000 2, scr-m4x10 8
asm-display | Display panel | B | dsp-4 1, pcb-display 1 1%, con-12p 1, cab-0.25 0.6 4%, glu-a1 0.01 10%, led-blue 3
asm-pump | Pump unit | A | pmp-p1 1, vlv-v10 2, hos-h8 1.8 6%, seal-r22 4, brk-u20 2, scr-m6x16 6
asm-wheels | Wheel set | A | whl-w80 4, brg-6001 8, shft-12x150 2, nut-m8 4, wsh-m8 8, spr-s20 4
asm-fan | Fan unit | A | fan-80 2, hsk-80 1, con-3p 2, scr-m3x8 8, cab-0.25 0.8 4%
asm-battery | Battery tray | B | bat-b4 2, fus-10a 1, con-6p 1, rly-1p 1, cab-2.5 0.9 4%, foam-s 2
asm-sensors | Sensor head | A | pcb-sensor 1 1%, sen-ntc 1, sen-light 2, sen-tilt 1, cap-100 6 2%, res-r1k 12 2%, lid-s1 1
asm-arm | Folding arm | A | prf-20x20 0.9 3%, hng-h2 2, hdl-h1 1, spr-s32 2, bush-10 4, rvt-4x8 12 3%
`,
);

const products = textTable(
  ["id", "name", "aliases", "revision", "listPrice", "active", "components"],
  `
widget | Widget | widgets | B | 990.00 | yes | asm-drive 1, asm-frame 1, asm-control 1, asm-power 1, asm-housing 1, asm-pack 1
gadget | Gadget | gadgets | A | 740.00 | yes | asm-belt 1, asm-control 1, asm-housing 1, asm-pack 1, psu-48w 1
gizmo | Gizmo | gizmos | A | 640.00 | yes | asm-display 1, asm-sensors 1, asm-battery 1, asm-housing 1, asm-pack 1
doodad | Doodad | doodads | A | 310.00 | yes | asm-sensors 1, asm-housing 1, psu-24w 1, asm-pack 1
doohickey | Doohickey | doohickeys | C | 960.00 | yes | asm-drive 1, asm-wheels 1, asm-frame 1, asm-battery 1
thingamajig | Thingamajig | thingamajigs | A | 820.00 | yes | asm-pump 1, asm-control 1, asm-frame 1, asm-pack 1
whatsit | Whatsit | whatsits | A | 450.00 | yes | asm-display 1, asm-fan 1, psu-48w 1, asm-pack 1
contraption | Contraption | contraptions | B | 1890.00 | yes | asm-drive 2, asm-frame 2, asm-control 1, asm-power 1, asm-display 1
gubbins | Gubbins | gubbinses | A | 260.00 | yes | asm-belt 1, brk-l40 4, scr-m5x20 8, asm-pack 1
sprocket-drive | Sprocket Drive | sprocket drives | A | 690.00 | yes | asm-gearbox 2, mot-24v90 1, brk-u40 2, asm-pack 1
hover-lamp | Hover Lamp | hover lamps | A | 340.00 | yes | asm-arm 1, asm-fan 1, led-white 12 2%, psu-24w 1, asm-pack 1
tele-clock | Tele Clock | tele clocks | A | 295.00 | yes | dsp-2 1, pcb-radio 1 1%, mcu-b64 1, bat-b2 1, lid-s2 2, asm-pack 1
wobbler | Wobbler | wobblers | A | 410.00 | yes | asm-belt 1, asm-arm 1, spr-s25 4, asm-pack 1
humdinger | Humdinger | humdingers | A | 1040.00 | yes | asm-pump 1, asm-drive 1, asm-housing 1, asm-pack 1
fanfare | Fanfare Blower | fanfares;fanfare blowers | A | 380.00 | yes | asm-fan 2, asm-power 1, hsg-s2 1, asm-pack 1
zapper | Zapper | zappers | A | 1350.00 | yes | asm-battery 3, pcb-power 1 1%, cap-1000 8 2%, hsg-s4 1, asm-pack 1
gewgaw | Gewgaw | gewgaws | A | 90.00 | no | lid-s1 2, spr-s10 1, scr-m3x8 4
`,
);

/** Revision A of the widget, no longer made: it had no gearbox of its own and no power assembly. */
const formerWidget: Made = {
  id: "widget",
  revision: "A",
  components: "asm-belt 1, asm-frame 1, asm-control 1, psu-48w 1, asm-housing 1, asm-pack 1",
};

/** Products and assemblies as rows of the books; their weight is that of their components. */
export function madeItems(): Item[] {
  const common = (made: Made) => ({
    unit: "pcs",
    currency: "USD",
    weightKg: kilograms(Math.round(gramsOf(made))),
  });
  return [
    ...assemblies.map(({ components, ...rest }): Item => ({
      ...rest,
      ...common({ ...rest, components }),
      aliases: "",
      kind: "assembly",
      listPrice: "",
      active: "yes",
    })),
    ...products.map(({ components, active, ...rest }): Item => ({
      ...rest,
      ...common({ ...rest, components }),
      kind: "product",
      active: active === "no" ? "no" : "yes",
    })),
  ];
}

/** All bill-of-material lines, former revisions included. */
export function bomLines(): BomLine[] {
  return [...assemblies, ...products, formerWidget].flatMap((made) =>
    componentsOf(made).map(({ id, quantity, scrapPercent }) => ({
      id: `${made.id}@${made.revision}/${id}`,
      parent: made.id,
      parentRevision: made.revision,
      component: id,
      quantity,
      unit: assembliesById.has(id) ? "pcs" : demoPart(id).unit,
      scrapPercent,
    })),
  );
}

const assembliesById = new Map(assemblies.map((each) => [each.id, each]));

interface Component {
  readonly id: string;
  readonly quantity: string;
  readonly scrapPercent: string;
}
function componentsOf(made: Made): Component[] {
  return made.components.split(", ").map((written) => {
    const [id = "", quantity = "", scrap = "0%"] = written.split(" ");
    return { id, quantity, scrapPercent: scrap.replace("%", "") };
  });
}

function gramsOf(made: Made): number {
  return componentsOf(made).reduce((sum, { id, quantity }) => {
    const assembly = assembliesById.get(id);
    return sum + Number(quantity) * (assembly === undefined ? demoPart(id).grams : gramsOf(assembly));
  }, 0);
}
