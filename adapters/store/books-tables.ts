import type { BookRows } from "../../src/book-rows.ts";
import type { Migration } from "./migrate.ts";

/** The company's tables: one per kind, named like it, with the row's fields as text. */
export type BookTables = BookRows;

/** DDL of one kind; `id` comes first in every kind. */
function table(kind: keyof BookRows, columns: string): string {
  const rest = columns.split(" ").map((column) => `"${column}" text not null`);
  return `create table ${kind} (id text primary key, ${rest.join(", ")})`;
}

const companyTables: Migration = {
  name: "books-1",
  statements: [
    table(
      "customers",
      "name aliases creditLimit balance currency creditAsOf defaultProject street city postcode country",
    ),
    table("projects", "name customer budget spent currency validUntil"),
    table("people", "name email roles osUser active"),
    table("items", "name aliases kind unit revision listPrice currency weightKg active"),
    table("bom", "parent parentRevision component quantity unit scrapPercent"),
    table("stock", "onHand unit location"),
    table("reservations", "run part quantity status"),
    table("restrictions", "list kind value aliases reason asOf"),
    table("vendors", "name aliases status bankAccount country approvedUntil reason"),
    table("wholesalers", "name protocol endpoint currency bankAccount active"),
    table("prices", "wholesaler part unitPrice currency minQuantity packSize leadDays"),
    table("freight", "wholesaler method base perKg currency days"),
    table("orders", "run wholesaler status currency total supplierReference placedOn document decidedBy"),
    table("commitments", "run revision kind account amount currency status"),
    table("activities", "run customer status text projectedDelivery quoteTotal currency at"),
    table("decisions", "run planHash verdict person at"),
    table("checkpoints", "at document"),
    table("rates", "rate asOf"),
    'create index bom_parent on bom (parent, "parentRevision")',
    "create index reservations_run on reservations (run)",
    "create index reservations_part on reservations (part, status)",
    "create index prices_part on prices (part)",
    "create index orders_run on orders (run)",
    'create index orders_day on orders ("placedOn")',
    "create index commitments_run on commitments (run)",
    "create index commitments_account on commitments (account, status)",
    "create index activities_run on activities (run)",
  ],
};
const chatAccounts: Migration = {
  name: "books-2",
  statements: [`alter table people add column accounts text not null default ''`],
};
const standingGrants: Migration = {
  name: "books-3",
  statements: [table("standings", "uses amount currency")],
};
/** Orders of before count towards the ceilings. */
const orderAssurance: Migration = {
  name: "books-4",
  statements: [`alter table orders add column assurance text not null default 'clicked'`],
};
export const booksMigrations: readonly Migration[] = [
  companyTables,
  chatAccounts,
  standingGrants,
  orderAssurance,
];
