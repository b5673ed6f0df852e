import { z } from "zod";
import {
  currencySchema,
  daySchema,
  decimalSchema,
  idSchema,
  lineSchema,
  moneySchema,
  quantitySchema,
} from "./plan-schema.ts";

/** What sourcing steps hand to each other: parts that must be bought, and what wholesalers offer for them. */

/** A quantity of a part to buy; `weightKg` is that of one unit. */
export const deficitLineSchema = z.strictObject({
  part: idSchema,
  description: lineSchema(200),
  quantity: quantitySchema,
  unit: lineSchema(200),
  weightKg: decimalSchema,
});
export type DeficitLine = z.output<typeof deficitLineSchema>;

/** One wholesaler's offer, completed by our own books: bank account, minimum and pack. */
export const offerSchema = z.strictObject({
  supplier: idSchema,
  supplierName: lineSchema(200),
  bankAccount: lineSchema(100),
  currency: currencySchema,
  reference: lineSchema(100),
  taxPercent: decimalSchema,
  validUntil: daySchema,
  lines: z
    .array(
      z.strictObject({
        part: idSchema,
        /** At most what was asked for, which is the deficit bought up to minimum and pack. */
        available: quantitySchema,
        unitPrice: moneySchema,
        leadDays: z.int().min(0).max(3650),
        minQuantity: decimalSchema,
        packSize: quantitySchema,
      }),
    )
    .max(1000),
});
export type Offer = z.output<typeof offerSchema>;
export type OfferLine = Offer["lines"][number];
