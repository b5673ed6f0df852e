import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { ServerReply, ServerRequest } from "./loopback-server.ts";
import { customerOrderSchema, quoteRequestSchema, type Quote, type TradeDocument } from "./trade.ts";
import type { Wholesaler } from "./wholesaler.ts";

/** The wholesalers that speak JSON: POST /quotations, POST /orders, GET /orders/REF[/documents], GET /orders. */

const withSku = { sku: z.string().max(64) };
const partLine = z.looseObject(withSku).transform(({ sku, ...line }) => ({ part: sku, ...line }));
const linesWithPart = z.looseObject({ lines: z.array(partLine).max(1000) });
const orderBody = z
  .looseObject({ customerReference: z.string().max(100), ...linesWithPart.shape })
  .transform(({ customerReference, ...order }) => ({ reference: customerReference, ...order }));

export function answerJsonRequest(wholesaler: Wholesaler, request: ServerRequest): ServerReply {
  const [root, reference, leaf] = request.path;
  try {
    if (request.method === "POST") {
      const body = bodyOf(request);
      if (root === "quotations" && reference === undefined) {
        return json(200, quoteBody(wholesaler.quote(quoteRequestSchema.parse(linesWithPart.parse(body)))));
      }
      if (root === "orders" && reference === undefined) {
        const { number, reference: booked } = wholesaler.accept(
          customerOrderSchema.parse(orderBody.parse(body)),
        );
        return json(201, { orderNumber: number, customerReference: booked });
      }
    }
    if (request.method === "GET" && root === "orders") {
      if (reference === undefined) {
        return json(200, { orders: wholesaler.store.orders() });
      }
      if (leaf === undefined) {
        const found = wholesaler.find(reference);
        return json(200, { orderNumber: found.number, customerReference: found.reference });
      }
      if (leaf === "documents") {
        return json(200, { documents: Object.values(wholesaler.documents(reference)).map(documentBody) });
      }
    }
    return refused(404, "not-found", "no such resource");
  } catch (error) {
    if (error instanceof z.ZodError) {
      const issue = error.issues[0];
      return refused(422, "bad-request", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
    }
    if (error instanceof AppError) {
      const unknown = error.code === "unknown-order";
      return refused(unknown ? 404 : 409, error.code, error.message, unknown ? reference : undefined);
    }
    throw error;
  }
}

function bodyOf(request: ServerRequest): unknown {
  if (request.contentType !== "application/json") {
    throw new AppError("bad-request", "requests are posted as application/json");
  }
  try {
    return JSON.parse(request.body);
  } catch (cause) {
    throw new AppError("bad-request", "the request is not JSON", { cause });
  }
}

const remarkOf = (remark: string | null) => (remark === null ? {} : { remark });

function quoteBody(quote: Quote): unknown {
  return {
    quotation: quote.number,
    requestId: quote.requestId,
    currency: quote.currency,
    taxPercent: quote.taxPercent,
    validUntil: quote.validUntil,
    lines: quote.lines.map((line) => ({
      sku: line.part,
      description: line.description,
      available: line.available,
      unitPrice: line.unitPrice,
      leadDays: line.leadDays,
    })),
    ...remarkOf(quote.remark),
  };
}

function documentBody(document: TradeDocument): unknown {
  return {
    type: document.kind,
    number: document.number,
    customerReference: document.reference,
    seller: { name: document.seller, bankAccount: document.bankAccount },
    shipTo: document.shipTo,
    currency: document.currency,
    lines: document.lines.map(({ part, ...line }) => ({ sku: part, ...line })),
    freight: document.freight,
    tax: document.tax,
    total: document.total,
    ...remarkOf(document.remark),
  };
}

function json(status: number, body: unknown): ServerReply {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

function refused(status: number, code: string, message: string, customerReference?: string): ServerReply {
  return json(status, {
    error: { code, message },
    ...(customerReference === undefined ? {} : { customerReference }),
  });
}
