import type { ApprovalId, Assurance, PersonId, RunId, Verdict } from "./domain.ts";

/**
 * The rows of the company's books, one type per kind, as the command line shows and imports them.
 * Quantities and amounts are decimal strings, days ISO dates ("2026-01-31"), lists are ";"-separated text,
 * empty text means "none". The zod schemas and SQL tables are made to match these types.
 */

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly aliases: string;
  readonly creditLimit: string;
  /** What the customer owes today. */
  readonly balance: string;
  readonly currency: string;
  /** The day credit limit and balance were last confirmed; stale data blocks. */
  readonly creditAsOf: string;
  readonly defaultProject: string;
  readonly street: string;
  readonly city: string;
  readonly postcode: string;
  /** ISO 3166 alpha-2, of the ship-to address. */
  readonly country: string;
}
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly customer: string;
  readonly budget: string;
  readonly spent: string;
  readonly currency: string;
  readonly validUntil: string;
}
export interface PersonRow {
  readonly id: PersonId;
  readonly name: string;
  readonly email: string;
  /** e.g. "employee;manager" */
  readonly roles: string;
  /** The operating-system user who is this person on the command line; empty: none. */
  readonly osUser: string;
  readonly active: "yes" | "no";
  /** Space-separated, e.g. "slack:T0123/U0456"; empty: none. */
  readonly accounts: string;
}
export interface Item {
  readonly id: string;
  readonly name: string;
  readonly aliases: string;
  readonly kind: "product" | "assembly" | "part";
  readonly unit: string;
  readonly revision: string;
  /** What a customer pays for one; empty for what is not sold. */
  readonly listPrice: string;
  readonly currency: string;
  readonly weightKg: string;
  readonly active: "yes" | "no";
}
export interface BomLine {
  /** `${parent}@${parentRevision}/${component}` */
  readonly id: string;
  readonly parent: string;
  readonly parentRevision: string;
  readonly component: string;
  /** Components per one parent. */
  readonly quantity: string;
  readonly unit: string;
  readonly scrapPercent: string;
}
export interface Stock {
  /** The part. */
  readonly id: string;
  readonly onHand: string;
  readonly unit: string;
  readonly location: string;
}
export interface Reservation {
  /** `${run}-${revision}-${part}` */
  readonly id: string;
  readonly run: RunId;
  readonly part: string;
  readonly quantity: string;
  readonly status: "held" | "released" | "consumed";
}
export interface Restriction {
  readonly id: string;
  readonly list: string;
  readonly kind: "country" | "party" | "item";
  /** Country code, party name or item id. */
  readonly value: string;
  readonly aliases: string;
  readonly reason: string;
  readonly asOf: string;
}
/** Compliance's own list: who may be bought from, and to which account. */
export interface Vendor {
  /** The wholesaler's id. */
  readonly id: string;
  readonly name: string;
  readonly aliases: string;
  readonly status: "approved" | "banned";
  readonly bankAccount: string;
  readonly country: string;
  readonly approvedUntil: string;
  readonly reason: string;
}
export interface Wholesaler {
  readonly id: string;
  readonly name: string;
  readonly protocol: "json" | "ubl" | "mail";
  /** URL, or e-mail address for "mail". */
  readonly endpoint: string;
  readonly currency: string;
  readonly bankAccount: string;
  readonly active: "yes" | "no";
}
/** Prices agreed with wholesalers; a request for quotation names them and wholesalers honour them. */
export interface Price {
  /** `${wholesaler}/${part}` */
  readonly id: string;
  readonly wholesaler: string;
  readonly part: string;
  readonly unitPrice: string;
  readonly currency: string;
  readonly minQuantity: string;
  readonly packSize: string;
  readonly leadDays: string;
}
export interface FreightTariff {
  /** `${wholesaler}/${method}` */
  readonly id: string;
  readonly wholesaler: string;
  readonly method: string;
  readonly base: string;
  readonly perKg: string;
  readonly currency: string;
  readonly days: string;
}
export interface OrderRow {
  /** Our reference: the planned order's id; `RUN-REVISION-closed` says that nothing of that is ordered any more. */
  readonly id: string;
  readonly run: RunId;
  /** Empty in a row that only says so. */
  readonly wholesaler: string;
  /** "intended": may have been sent; "unsent": surely was not, and is to be sent still. */
  readonly status: "intended" | "unsent" | "placed" | "confirmed" | "mismatch" | "failed";
  readonly currency: string;
  readonly total: string;
  /** The supplier's own order number, once known. */
  readonly supplierReference: string;
  readonly placedOn: string;
  /** Canonical JSON of the planned order. */
  readonly document: string;
  /** All who approved, and by whose right they did, separated by ";"; for the cumulative ceilings. */
  readonly decidedBy: string;
  /** The weakest of their verdicts: what people signed with keys of their own counts towards no ceiling. */
  readonly assurance: Assurance;
}
/** Budget or credit held for one revision of a run; a "released" row refuses a hold that arrives after its undo. */
export interface Commitment {
  /** `${run}-${revision}-${kind}` */
  readonly id: string;
  readonly run: RunId;
  readonly revision: string;
  readonly kind: "budget" | "credit";
  /** The project or the customer. */
  readonly account: string;
  readonly amount: string;
  readonly currency: string;
  readonly status: "held" | "released" | "spent";
}
export interface Activity {
  /** Deterministic: run, revision and state. */
  readonly id: string;
  readonly run: RunId;
  readonly customer: string;
  readonly status: string;
  readonly text: string;
  readonly projectedDelivery: string;
  readonly quoteTotal: string;
  readonly currency: string;
  readonly at: string;
}
/** What the HITL agent signed for an approval: one verdict each, ever. */
export interface DecisionRow {
  /** The approval. */
  readonly id: ApprovalId;
  readonly run: RunId;
  readonly planHash: string;
  readonly verdict: Verdict;
  readonly person: PersonId;
  /** ISO 8601 UTC */
  readonly at: string;
}
/** How much of a standing grant the HITL agent has signed decisions for. */
export interface StandingRow {
  /** The grant's. */
  readonly id: string;
  readonly uses: string;
  readonly amount: string;
  readonly currency: string;
}
/** The journals that compliance witnesses: the latest checkpoint it signed for each owner. */
export interface CheckpointRow {
  /** The owner's atSign without "@". */
  readonly id: string;
  /** ISO 8601 UTC */
  readonly at: string;
  /** Canonical JSON of the checkpoint with the witness's signature. */
  readonly document: string;
}
/** Units of the company's currency for one unit of `id`. */
export interface Rate {
  readonly id: string;
  readonly rate: string;
  readonly asOf: string;
}

export interface BookRows {
  readonly customers: Customer;
  readonly projects: Project;
  readonly people: PersonRow;
  readonly items: Item;
  readonly bom: BomLine;
  readonly stock: Stock;
  readonly reservations: Reservation;
  readonly restrictions: Restriction;
  readonly vendors: Vendor;
  readonly wholesalers: Wholesaler;
  readonly prices: Price;
  readonly freight: FreightTariff;
  readonly orders: OrderRow;
  readonly commitments: Commitment;
  readonly activities: Activity;
  readonly decisions: DecisionRow;
  readonly standings: StandingRow;
  readonly checkpoints: CheckpointRow;
  readonly rates: Rate;
}
export type BookKind = keyof BookRows;
export type BookRow<K extends BookKind> = BookRows[K];
