import type { Money } from "./domain.ts";

/** What is said to and heard from suppliers, whatever their protocol. Quantities are decimal strings. */

export interface OfferRequestLine {
  readonly part: string;
  readonly description: string;
  readonly quantity: string;
  readonly unit: string;
  /** The price agreed in the books, if any; the supplier honours it or says no. */
  readonly agreedUnitPrice: Money | null;
}
export interface SupplierOffer {
  /** The supplier's own number of this quotation. */
  readonly reference: string;
  readonly lines: readonly {
    readonly part: string;
    /** What can be had, at most what was asked for; "0" = none. */
    readonly available: string;
    readonly unitPrice: Money;
    readonly leadDays: number;
  }[];
  readonly taxPercent: string;
  /** ISO date */
  readonly validUntil: string;
}
/** A supplier's order confirmation or invoice, as read from its own format. */
export interface SupplierDocument {
  readonly kind: "confirmation" | "invoice";
  readonly reference: string;
  readonly orderId: string;
  readonly supplierName: string;
  readonly bankAccount: string | null;
  readonly shipTo: string | null;
  readonly lines: readonly {
    readonly part: string;
    readonly quantity: string;
    readonly unit: string;
    readonly unitPrice: Money;
    readonly total: Money;
  }[];
  readonly freight: Money;
  readonly tax: Money;
  readonly total: Money;
}
export interface SupplierOrder {
  /** Our reference: the supplier accepts it once, whatever happens. */
  readonly id: string;
  readonly currency: string;
  readonly shipTo: string;
  readonly freightMethod: string;
  readonly freight: Money;
  readonly tax: Money;
  readonly total: Money;
  readonly lines: readonly {
    readonly part: string;
    readonly description: string;
    readonly quantity: string;
    readonly unit: string;
    readonly unitPrice: Money;
    readonly total: Money;
  }[];
}
