import type { Customer, PersonRow, Project } from "../../book-rows.ts";
import { textTable } from "./text-table.ts";

/** `id` without its prefix; `budget` is that of the customer's default project. */
const lines = textTable(
  ["id", "name", "aliases", "creditLimit", "balance", "budget", "street", "city", "postcode", "country"],
  `
XYZ | Customer XYZ | XYZ Corporation | 6000000.00 | 41250.00 | 5000000.00 | 1 Sample Street | Sampletown | 10001 | US
XYZ-EXPORT | Customer XYZ Export | XYZ Overseas | 20000.00 | 4800.00 | 60000.00 | 2 Harbour Lane | Port Example | 01000 | MX
ABC | Customer ABC | ABC Corporation | 400000.00 | 12000.00 | 300000.00 | 26 Letter Row | Alphabet City | 10026 | US
TEAPOT | Blue Teapot Works | Blue Teapot;Teapot Works | 150000.00 | 9800.00 | 120000.00 | 3 Spout Road | Kettleham | KT1 1AA | GB
KETTLE | Copper Kettle Labs | Copper Kettle | 90000.00 | 31000.00 | 80000.00 | 4 Steam Alley | Boilerton | 20004 | US
DANDELION | Dandelion Dynamics | Dandelion | 220000.00 | 0.00 | 180000.00 | 5 Meadow Way | Puffball | 30005 | US
ELEVEN | Eleven Owls Foundry | Eleven Owls;11 Owls | 75000.00 | 22500.00 | 70000.00 | 6 Hoot Street | Nightly | 40006 | US
FIZZ | Fizz and Buzz Brothers | FizzBuzz | 130000.00 | 15000.00 | 100000.00 | 15 Modulo Drive | Remainder | 50015 | US
GLASS | Glass Slipper Motors | Glass Slipper | 310000.00 | 88000.00 | 260000.00 | 7 Midnight Court | Pumpkin Falls | 60007 | US
HOLLOW | Hollow Hill Instruments | Hollow Hill | 60000.00 | 59000.00 | 50000.00 | 8 Barrow Path | Hollowby | HB8 8BB | GB
INKWELL | Inkwell Robotics | Inkwell | 180000.00 | 7300.00 | 150000.00 | 9 Blotter Street | Quillburg | 70009 | US
JELLY | Jellybean Junction | Jellybean | 45000.00 | 100.00 | 40000.00 | 10 Candy Cross | Sugarville | 80010 | US
KAZOO | Kazoo Kinetics | Kazoo | 95000.00 | 18000.00 | 90000.00 | 11 Hum Lane | Buzzington | 90011 | US
LANTERN | Grey Lantern Trading | Grey Lantern | 120000.00 | 2000.00 | 90000.00 | 12 Dim Quay | Fogport | D02 XX00 | IE
MARBLE | Marble Moose Machines | Marble Moose | 140000.00 | 26000.00 | 110000.00 | 13 Antler Avenue | Mooseford | M1M 1M1 | CA
NOODLE | Noodle Nebula | Noodle | 52000.00 | 6400.00 | 50000.00 | 14 Broth Bend | Ramenton | 100-0001 | JP
ORCHARD | Orchard of Odd Things | Odd Orchard | 68000.00 | 0.00 | 60000.00 | 16 Apple Arc | Cidermouth | CM1 6OO | GB
PEBBLE | Pebble and Plume | Pebble Plume | 33000.00 | 3100.00 | 30000.00 | 17 Shingle Shore | Plumeport | 11017 | US
QUILT | Quilted Quasar | Quasar | 270000.00 | 41000.00 | 200000.00 | 18 Patchwork Place | Starstitch | 12018 | US
RIDDLE | Riddle Ridge Railways | Riddle Ridge | 500000.00 | 120000.00 | 420000.00 | 19 Sphinx Siding | Riddleton | 13019 | US
SOUP | Stone Soup Systems | Stone Soup | 85000.00 | -1200.00 | 80000.00 | 20 Ladle Loop | Potluck | 14020 | US
TINSEL | Tinsel Tower Technik | Tinsel Tower | 110000.00 | 9000.00 | 95000.00 | 21 Glitzweg | Funkelstadt | 01021 | DE
UNICORN | Umbrella Unicorn Union | Umbrella Unicorn | 64000.00 | 12800.00 | 60000.00 | 22 Horn Street | Rainbow Rise | 15022 | US
FAR-SHORE | Far Shore Fictions | Far Shore | 200000.00 | 0.00 | 150000.00 | 23 Nowhere Pier | Farthest | 00023 | KP
`,
);
/** Its credit was last confirmed long ago, so orders for it are blocked until somebody confirms it. */
const staleCustomer = "CUST-KAZOO";
/** It has no default project, so nobody's budget would pay. */
const customerWithoutProject = "CUST-JELLY";

/** The customers; `today` and `longAgo` are the days their credit was confirmed. */
export function customers(today: string, longAgo: string): Customer[] {
  return lines.map(({ id, budget: _budget, ...line }) => ({
    ...line,
    id: `CUST-${id}`,
    currency: "USD",
    creditAsOf: `CUST-${id}` === staleCustomer ? longAgo : today,
    defaultProject: `CUST-${id}` === customerWithoutProject ? "" : `PRJ-${id}`,
  }));
}

/** One project for each customer, and one of the company's own. */
export function projects(validUntil: string): Project[] {
  const ofCustomers = lines.map(({ id, name, budget }, index): Project => ({
    id: `PRJ-${id}`,
    name: `Supply for ${name}`,
    customer: `CUST-${id}`,
    budget,
    spent: `${index * 350}.00`,
    currency: "USD",
    validUntil,
  }));
  const own: Project = {
    id: "PRJ-STOCK",
    name: "Own stock",
    customer: "",
    budget: "250000.00",
    spent: "18000.00",
    currency: "USD",
    validUntil,
  };
  return [...ofCustomers, own];
}

/** The people of the demo; they exist nowhere else. */
export const people: readonly PersonRow[] = [
  person("employee", "Erin Employee", "employee"),
  person("employee-2", "Evan Employee", "employee"),
  person("manager", "Mona Manager", "employee;manager"),
  person("manager-2", "Milo Manager", "employee;manager"),
  person("admin", "Ada Admin", "admin"),
];

function person(id: string, name: string, roles: string): PersonRow {
  return { id, name, email: `${id}@company.example`, roles, osUser: "", active: "yes", accounts: "" };
}
