import { z, type ZodType } from "zod";
import type { Money } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import { decimal, money } from "../../src/money.ts";
import type { OfferRequestLine, SupplierDocument, SupplierOffer } from "../../src/supplier-types.ts";
import { supplierGarbage } from "./supplier-error.ts";

/** What every protocol's answer must pass, whatever it was read from. Text of a supplier is data: bounded, visible. */

/** The supplier as its adapter knows it: the name in errors, and the only currency it may speak of. */
export interface SupplierIdentity {
  readonly id: string;
  readonly currency: string;
}

// Control, format (bidirectional, zero-width) and line-separating characters hide or reorder what people read.
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

/** One line of visible text of at most `max` characters. */
export const plainText = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !hidden.test(text), "must not contain control or invisible characters");

const reference = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/, "must be a document number of at most 64 letters and digits");
const quantity = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, "must be a quantity such as 12 or 12.5");
const amount = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, "must be an amount such as 12.50");
const currency = z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code");
const percent = z
  .string()
  .regex(/^\d{1,2}(\.\d{1,4})?$/, "must be a percentage below 100")
  .transform((text) => decimal(text).toFixed());

/** An offer as a protocol reads it, before its meaning is checked. */
const offerReading = z.strictObject({
  requestId: z.string().max(100),
  reference,
  currency,
  taxPercent: percent,
  validUntil: z.iso.date(),
  lines: z
    .array(
      z.strictObject({
        part: plainText(64),
        available: quantity,
        unitPrice: amount,
        leadDays: z.number().int().min(0).max(730),
      }),
    )
    .max(1000),
});
export type OfferReading = z.input<typeof offerReading>;

/** A confirmation or an invoice as a protocol reads it, before its meaning is checked. */
const documentReading = z.strictObject({
  kind: z.enum(["confirmation", "invoice"]),
  reference,
  orderId: z.string().max(100),
  supplierName: plainText(120),
  bankAccount: plainText(64).nullable(),
  shipTo: plainText(400).nullable(),
  currency,
  lines: z
    .array(
      z.strictObject({
        part: plainText(64),
        quantity,
        unit: plainText(16),
        unitPrice: amount,
        total: amount,
      }),
    )
    .max(1000),
  freight: amount,
  tax: amount,
  total: amount,
});
export type DocumentReading = z.input<typeof documentReading>;

/** The supplier's own order number. */
export const orderNumber = reference;

/** Parses with zod; what does not fit is `supplier-garbage`, named by field and never by the supplier's words. */
export function parseReply<T>(supplier: string, schema: ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    return parsed.data;
  }
  const issue = parsed.error.issues[0];
  const field = issue?.path.map(String).join(".") ?? "";
  // An unknown field's name is the supplier's text, so it is not repeated.
  const reason = issue?.code === "unrecognized_keys" ? "has fields that are not expected" : issue?.message;
  throw supplierGarbage(
    supplier,
    `${field === "" ? "the reply" : field.slice(0, 80)}: ${reason ?? "invalid"}`,
  );
}

/** Money with exactly the currency's minor digits; an amount that would have to be rounded is refused. */
function exactMoney(supplier: SupplierIdentity, text: string, field: string): Money {
  const value = money(text, supplier.currency);
  if (!decimal(value.amount).eq(decimal(text))) {
    throw supplierGarbage(supplier.id, `${field} ${text} is finer than ${supplier.currency} can be paid`);
  }
  return value;
}

function sameCurrency(supplier: SupplierIdentity, found: string): void {
  if (found !== supplier.currency) {
    throw supplierGarbage(supplier.id, `it speaks of ${found}, but ${supplier.currency} is agreed`);
  }
}

/** The offer to exactly this request: never more than was asked for, and nothing that was not. */
export function checkedOffer(
  supplier: SupplierIdentity,
  request: { readonly id: string; readonly lines: readonly OfferRequestLine[] },
  reading: OfferReading,
): SupplierOffer {
  const offer = parseReply(supplier.id, offerReading, reading);
  if (offer.requestId !== request.id) {
    throw supplierGarbage(supplier.id, `it does not answer request ${request.id}`);
  }
  sameCurrency(supplier, offer.currency);
  const asked = new Map(request.lines.map((line) => [line.part, line.quantity]));
  const seen = new Set<string>();
  const lines: SupplierOffer["lines"][number][] = [];
  for (const line of offer.lines) {
    const wanted = asked.get(line.part);
    if (wanted === undefined) {
      continue;
    }
    if (seen.has(line.part)) {
      throw supplierGarbage(supplier.id, `part ${line.part} is offered twice`);
    }
    seen.add(line.part);
    const unitPrice = exactMoney(supplier, line.unitPrice, "unit price");
    const available = decimal(line.available).gt(decimal(wanted))
      ? wanted
      : decimal(line.available).toFixed();
    if (decimal(available).gt(0) && decimal(unitPrice.amount).eq(0)) {
      throw supplierGarbage(supplier.id, `part ${line.part} is offered at a price of zero`);
    }
    lines.push({ part: line.part, available, unitPrice, leadDays: line.leadDays });
  }
  return { reference: offer.reference, lines, taxPercent: offer.taxPercent, validUntil: offer.validUntil };
}

/** The document as the supplier wrote it, amounts normalised; whether it fits the order is for validation to say. */
export function checkedDocument(
  supplier: SupplierIdentity,
  orderId: string,
  reading: DocumentReading,
): SupplierDocument {
  const document = parseReply(supplier.id, documentReading, reading);
  if (document.orderId !== orderId) {
    throw supplierGarbage(supplier.id, `a document for order ${orderId} names another order`);
  }
  sameCurrency(supplier, document.currency);
  return {
    kind: document.kind,
    reference: document.reference,
    orderId,
    supplierName: document.supplierName,
    bankAccount: document.bankAccount,
    shipTo: document.shipTo,
    lines: document.lines.map((line) => ({
      part: line.part,
      quantity: decimal(line.quantity).toFixed(),
      unit: line.unit,
      unitPrice: exactMoney(supplier, line.unitPrice, "unit price"),
      total: exactMoney(supplier, line.total, "line total"),
    })),
    freight: exactMoney(supplier, document.freight, "freight"),
    tax: exactMoney(supplier, document.tax, "tax"),
    total: exactMoney(supplier, document.total, "total"),
  };
}

/** Our own reference travels in paths, subjects and documents, so it is kept to letters, digits, ".", "_" and "-". */
export function ourReference(id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(id)) {
    throw new AppError(
      "bad-reference",
      `"${id.slice(0, 40)}" is no reference of letters, digits, ".", "_", "-"`,
    );
  }
  return id;
}
