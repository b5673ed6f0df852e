import { z } from "zod";
import type { Wholesaler } from "../../src/book-rows.ts";
import type { SupplierSystem } from "../../src/ports.ts";
import type { SupplierDocument } from "../../src/supplier-types.ts";
import {
  checkedDocument,
  checkedOffer,
  orderNumber,
  ourReference,
  parseReply,
  plainText,
} from "./checked-reply.ts";
import { supplierGarbage, supplierRefused } from "./supplier-error.ts";
import { askSupplier, type SupplierReply } from "./supplier-http.ts";

/** A supplier that speaks JSON over HTTP. Numbers that count (quantities, amounts) are decimal strings on the wire. */

const remark = plainText(500).optional();
const quotation = z.strictObject({
  quotation: z.string(),
  requestId: z.string(),
  currency: z.string(),
  taxPercent: z.string(),
  validUntil: z.string(),
  lines: z.array(
    z.strictObject({
      sku: z.string(),
      description: remark,
      available: z.string(),
      /** Absent for what the supplier does not sell. */
      unitPrice: z.string().nullable(),
      leadDays: z.number(),
    }),
  ),
  remark,
});
const acknowledged = z.strictObject({ orderNumber, customerReference: z.string(), remark });
const document = z.strictObject({
  type: z.enum(["confirmation", "invoice"]),
  number: z.string(),
  customerReference: z.string(),
  seller: z.strictObject({ name: z.string(), bankAccount: z.string().nullable() }),
  shipTo: z.string().nullable(),
  currency: z.string(),
  lines: z.array(
    z.strictObject({
      sku: z.string(),
      description: remark,
      quantity: z.string(),
      unit: z.string(),
      unitPrice: z.string(),
      amount: z.string(),
    }),
  ),
  freight: z.string(),
  tax: z.string(),
  total: z.string(),
  remark,
});
const documents = z.strictObject({ documents: z.array(document).max(20) });
const refusal = z.strictObject({
  error: z.strictObject({ code: z.string().regex(/^[a-z-]{1,40}$/), message: plainText(300) }),
  customerReference: z.string().optional(),
});

/** Opens the JSON channel to one wholesaler. */
export function openJsonSupplier(wholesaler: Wholesaler): SupplierSystem {
  const supplier = wholesaler.id;

  const ask = (path: readonly string[], signal: AbortSignal, body?: unknown) =>
    askSupplier({
      supplier,
      endpoint: wholesaler.endpoint,
      path,
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      contentType: "application/json",
      signal,
    });
  const bodyOf = (reply: SupplierReply): unknown => {
    try {
      return JSON.parse(reply.text);
    } catch (error) {
      throw supplierGarbage(supplier, "it is not JSON", error);
    }
  };
  /** The checked body of a 2xx reply; any other is a refusal in the supplier's words. */
  const accepted = (reply: SupplierReply): unknown => {
    const body = bodyOf(reply);
    if (reply.status >= 400) {
      const { error } = parseReply(supplier, refusal, body);
      throw supplierRefused(supplier, error.code, error.message);
    }
    return body;
  };
  /** True when the supplier itself says that it knows no such order; a bare 404 proves nothing. */
  const unknownOrder = (reply: SupplierReply, orderId: string): boolean => {
    if (reply.status !== 404) {
      return false;
    }
    const { error, customerReference } = parseReply(supplier, refusal, bodyOf(reply));
    return error.code === "unknown-order" && customerReference === orderId;
  };
  const numberOf = (body: unknown, orderId: string): string => {
    const found = parseReply(supplier, acknowledged, body);
    if (found.customerReference !== orderId) {
      throw supplierGarbage(supplier, `it does not speak of order ${orderId}`);
    }
    return found.orderNumber;
  };

  return {
    async requestOffer(request, signal) {
      const reply = await ask(["quotations"], signal, {
        requestId: ourReference(request.id),
        shipToCountry: request.shipToCountry,
        currency: wholesaler.currency,
        lines: request.lines.map((line) => ({
          sku: line.part,
          description: line.description,
          quantity: line.quantity,
          unit: line.unit,
          agreedUnitPrice: line.agreedUnitPrice?.amount ?? null,
        })),
      });
      const found = parseReply(supplier, quotation, accepted(reply));
      return checkedOffer(wholesaler, request, {
        requestId: found.requestId,
        reference: found.quotation,
        currency: found.currency,
        taxPercent: found.taxPercent,
        validUntil: found.validUntil,
        lines: found.lines.flatMap(({ sku, available, unitPrice, leadDays }) =>
          unitPrice === null ? [] : [{ part: sku, available, unitPrice, leadDays }],
        ),
      });
    },

    async placeOrder(order, signal) {
      const reply = await ask(["orders"], signal, {
        customerReference: ourReference(order.id),
        currency: order.currency,
        shipTo: order.shipTo,
        freightMethod: order.freightMethod,
        lines: order.lines.map((line) => ({
          sku: line.part,
          description: line.description,
          quantity: line.quantity,
          unit: line.unit,
          unitPrice: line.unitPrice.amount,
          amount: line.total.amount,
        })),
        freight: order.freight.amount,
        tax: order.tax.amount,
        total: order.total.amount,
      });
      return numberOf(accepted(reply), order.id);
    },

    async findOrder(orderId, signal) {
      const reply = await ask(["orders", ourReference(orderId)], signal);
      return unknownOrder(reply, orderId) ? undefined : numberOf(accepted(reply), orderId);
    },

    async documents(orderId, signal) {
      const reply = await ask(["orders", ourReference(orderId), "documents"], signal);
      if (unknownOrder(reply, orderId)) {
        return [];
      }
      const found = parseReply(supplier, documents, accepted(reply));
      return found.documents.map((each): SupplierDocument =>
        checkedDocument(wholesaler, orderId, {
          kind: each.type,
          reference: each.number,
          orderId: each.customerReference,
          supplierName: each.seller.name,
          bankAccount: each.seller.bankAccount,
          shipTo: each.shipTo,
          currency: each.currency,
          lines: each.lines.map((line) => ({
            part: line.sku,
            quantity: line.quantity,
            unit: line.unit,
            unitPrice: line.unitPrice,
            total: line.amount,
          })),
          freight: each.freight,
          tax: each.tax,
          total: each.total,
        }),
      );
    },
  };
}
