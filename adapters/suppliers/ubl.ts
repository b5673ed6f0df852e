import { z } from "zod";
import type { Wholesaler } from "../../src/book-rows.ts";
import { AppError } from "../../src/errors.ts";
import type { Clock, SupplierSystem } from "../../src/ports.ts";
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
import { readInvoice, readOrderResponse, readQuotation, readRefusal } from "./ubl-replies.ts";
import { orderDocument, requestForQuotation } from "./ubl-requests.ts";

/** A supplier that speaks UBL 2.1 over HTTP: RequestForQuotation → Quotation, Order → OrderResponse, Invoice. */

const refusal = z.object({
  code: z.string().regex(/^[a-z-]{1,40}$/),
  words: plainText(300),
  about: z.string(),
});

/** Opens the UBL channel to one wholesaler. `buyer` is our name in the documents. */
export function openUblSupplier(
  wholesaler: Wholesaler,
  o: { readonly buyer: string; readonly clock: Clock },
): SupplierSystem {
  const supplier = wholesaler.id;
  const parties = () => ({
    buyer: o.buyer,
    seller: wholesaler.name,
    currency: wholesaler.currency,
    today: new Date(o.clock.now()).toISOString().slice(0, 10),
  });
  const ask = (path: readonly string[], signal: AbortSignal, body?: string) =>
    askSupplier({
      supplier,
      endpoint: wholesaler.endpoint,
      path,
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body }),
      contentType: "application/xml",
      signal,
    });
  const read = <T>(reader: (text: string) => T, text: string): T => {
    try {
      return reader(text);
    } catch (error) {
      throw error instanceof AppError ? supplierGarbage(supplier, error.message, error) : error;
    }
  };
  const refusalOf = (reply: SupplierReply) => parseReply(supplier, refusal, read(readRefusal, reply.text));
  const accepted = (reply: SupplierReply): string => {
    if (reply.status >= 400) {
      const { code, words } = refusalOf(reply);
      throw supplierRefused(supplier, code, words);
    }
    return reply.text;
  };
  /** True when the supplier itself says that it knows no such order; a bare 404 proves nothing. */
  const unknownOrder = (reply: SupplierReply, orderId: string): boolean => {
    if (reply.status !== 404) {
      return false;
    }
    const { code, about } = refusalOf(reply);
    return code === "unknown-order" && about === orderId;
  };
  const confirmationOf = (text: string, orderId: string) => {
    const { number, document } = read(readOrderResponse, text);
    return {
      number: parseReply(supplier, orderNumber, number),
      document: checkedDocument(wholesaler, orderId, document),
    };
  };

  return {
    async requestOffer(request, signal) {
      ourReference(request.id);
      const reply = await ask(["requests-for-quotation"], signal, requestForQuotation(request, parties()));
      return checkedOffer(wholesaler, request, read(readQuotation, accepted(reply)));
    },
    async placeOrder(order, signal) {
      ourReference(order.id);
      const reply = await ask(["orders"], signal, orderDocument(order, parties()));
      return confirmationOf(accepted(reply), order.id).number;
    },
    async findOrder(orderId, signal) {
      const reply = await ask(["orders", ourReference(orderId)], signal);
      return unknownOrder(reply, orderId) ? undefined : confirmationOf(accepted(reply), orderId).number;
    },
    async documents(orderId, signal) {
      const response = await ask(["orders", ourReference(orderId)], signal);
      if (unknownOrder(response, orderId)) {
        return [];
      }
      const confirmation = confirmationOf(accepted(response), orderId).document;
      const invoice = await ask(["orders", orderId, "invoice"], signal);
      return unknownOrder(invoice, orderId)
        ? [confirmation]
        : [confirmation, checkedDocument(wholesaler, orderId, read(readInvoice, accepted(invoice)))];
    },
  };
}
