import { z } from "zod";
import { isUbl, optionalTextAt } from "../../../adapters/suppliers/ubl-vocabulary.ts";
import { parseXml, type XmlElement } from "../../../adapters/suppliers/xml.ts";
import { AppError } from "../../errors.ts";
import type { Clock } from "../../ports.ts";
import type { ServerReply, ServerRequest } from "./loopback-server.ts";
import {
  invoiceDocument,
  orderResponseDocument,
  quotationDocument,
  refusalDocument,
} from "./ubl-documents.ts";
import { readOrder, readQuoteRequest } from "./ubl-orders.ts";
import type { Wholesaler } from "./wholesaler.ts";

/**
 * The wholesalers that speak UBL 2.1: POST /requests-for-quotation, POST /orders, GET /orders/REF (OrderResponse),
 * GET /orders/REF/invoice. GET /orders lists all orders as JSON.
 */
export function answerUblRequest(wholesaler: Wholesaler, clock: Clock, request: ServerRequest): ServerReply {
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  const seller = wholesaler.catalogue.name;
  const [resource, reference, leaf] = request.path;
  let about = reference ?? "";
  try {
    if (request.method === "POST" && reference === undefined) {
      const root = rootOf(request);
      about = optionalTextAt(root, "cbc:ID") ?? "";
      if (resource === "requests-for-quotation" && isUbl(root, "RequestForQuotation")) {
        return xmlReply(200, quotationDocument(wholesaler.quote(readQuoteRequest(root)), seller, today));
      }
      if (resource === "orders" && isUbl(root, "Order")) {
        const order = wholesaler.accept(readOrder(root));
        return xmlReply(201, orderResponseDocument(wholesaler.documents(order.reference).confirmation));
      }
    }
    if (request.method === "GET" && resource === "orders") {
      if (reference === undefined) {
        const body = JSON.stringify({ orders: wholesaler.store.orders() });
        return { status: 200, contentType: "application/json", body };
      }
      const { confirmation, invoice } = wholesaler.documents(reference);
      if (leaf === undefined) {
        return xmlReply(200, orderResponseDocument(confirmation));
      }
      if (leaf === "invoice") {
        return xmlReply(200, invoiceDocument(invoice));
      }
    }
    throw new AppError("not-found", "no such resource, or not the document that belongs there");
  } catch (error) {
    const { code, words } = reasonOf(error);
    const status = code === "unknown-order" || code === "not-found" ? 404 : 409;
    return xmlReply(status, refusalDocument({ seller, today, about, code, words }));
  }
}

function rootOf(request: ServerRequest): XmlElement {
  if (request.contentType !== "application/xml") {
    throw new AppError("bad-request", "documents are posted as application/xml");
  }
  return parseXml(request.body);
}

function reasonOf(error: unknown): { code: string; words: string } {
  if (error instanceof AppError) {
    return { code: error.code, words: error.message };
  }
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    return { code: "bad-request", words: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}` };
  }
  throw error;
}

function xmlReply(status: number, body: string): ServerReply {
  return { status, contentType: "application/xml", body };
}
