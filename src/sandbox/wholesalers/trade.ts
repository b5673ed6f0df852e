import { z } from "zod";

/** What a wholesaler's own system speaks of, whatever the protocol. Amounts are decimal strings. */

const text = (max: number) => z.string().trim().min(1).max(max);
const number = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/);
const currency = z.string().regex(/^[A-Z]{3}$/);

export const quoteRequestSchema = z.object({
  requestId: text(100),
  currency,
  shipToCountry: z.string().regex(/^[A-Z]{2}$/),
  lines: z
    .array(
      z.object({
        part: text(64),
        description: z.string().max(500),
        quantity: number,
        unit: text(16),
        agreedUnitPrice: number.nullable(),
      }),
    )
    .min(1)
    .max(1000),
});
export type QuoteRequest = z.infer<typeof quoteRequestSchema>;

export const customerOrderSchema = z.object({
  /** The customer's reference: an order is booked once under it. */
  reference: text(100),
  currency,
  shipTo: text(400),
  freightMethod: text(40),
  freight: number,
  tax: number,
  total: number,
  lines: z
    .array(
      z.object({
        part: text(64),
        description: z.string().max(500),
        quantity: number,
        unit: text(16),
        unitPrice: number,
        amount: number,
      }),
    )
    .min(1)
    .max(1000),
});
export type CustomerOrder = z.infer<typeof customerOrderSchema>;

export const bookedOrderSchema = customerOrderSchema.extend({
  /** The wholesaler's own number. */
  number: z.string(),
  bookedAt: z.string(),
});
export type BookedOrder = z.infer<typeof bookedOrderSchema>;

export interface Quote {
  readonly number: string;
  readonly requestId: string;
  readonly currency: string;
  readonly taxPercent: string;
  /** ISO date */
  readonly validUntil: string;
  readonly lines: readonly {
    readonly part: string;
    readonly description: string;
    readonly available: string;
    readonly unit: string;
    /** null: not sold here. */
    readonly unitPrice: string | null;
    readonly leadDays: number;
  }[];
  readonly remark: string | null;
}

/** A confirmation or an invoice. */
export interface TradeDocument extends Omit<BookedOrder, "number"> {
  readonly kind: "confirmation" | "invoice";
  readonly number: string;
  readonly orderNumber: string;
  readonly seller: string;
  readonly bankAccount: string;
  readonly taxPercent: string;
  readonly remark: string | null;
}
