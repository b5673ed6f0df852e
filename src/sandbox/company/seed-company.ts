import type { BookKind, BookRow } from "../../book-rows.ts";
import type { Books, Clock } from "../../ports.ts";
import { customers, people, projects } from "./customers.ts";
import { partItems } from "./parts.ts";
import { bomLines, madeItems } from "./products.ts";
import { freight, prices, rates, restrictions, stock, vendors, wholesalers } from "./sourcing.ts";

type DemoRows = { readonly [K in BookKind]?: readonly BookRow<K>[] };

const dayMs = 86_400_000;

/** All rows of the fictional demo company; data that grows stale is as of the day given by the clock. */
export function demoRows(clock: Clock): DemoRows {
  const day = (offset: number): string => new Date(clock.now() + offset * dayMs).toISOString().slice(0, 10);
  const today = day(0);
  return {
    customers: customers(today, day(-400)),
    projects: projects(day(1825)),
    people,
    items: [...madeItems(), ...partItems()],
    bom: bomLines(),
    stock: stock(),
    restrictions: restrictions(today),
    vendors: vendors(day(1825)),
    wholesalers: wholesalers(),
    prices: prices(),
    freight: freight(),
    rates: rates(today),
  };
}

/**
 * Fills empty books with the demo company; call it in one unit of work. Books with a customer or a person in them
 * are somebody's and stay as they are: then it resolves to false.
 */
export async function seedCompany(books: Books, clock: Clock): Promise<boolean> {
  const taken = [...(await books.find("customers")), ...(await books.find("people"))];
  if (taken.length > 0) {
    return false;
  }
  const rows = demoRows(clock);
  for (const kind of Object.keys(rows) as BookKind[]) {
    await insertAll(books, kind, rows[kind] ?? []);
  }
  return true;
}

async function insertAll<K extends BookKind>(
  books: Books,
  kind: K,
  rows: readonly BookRow<K>[],
): Promise<void> {
  // At once, so that a database is not waited for row by row.
  await Promise.all(rows.map((row) => books.insert(kind, row)));
}
