import { stringify } from "csv-stringify/sync";
import { AppError } from "../../src/errors.ts";
import type { OfferRequestLine, SupplierOrder } from "../../src/supplier-types.ts";
import type { DocumentReading, OfferReading } from "./checked-reply.ts";
import {
  csvRows,
  field,
  readLetter,
  requiredField,
  writtenMoney,
  writtenNumber,
  type Attachment,
  type Letter,
} from "./letter.ts";
import type { MailMessage, OutgoingMail } from "./mailbox-client.ts";

/** What we write to a supplier by mail, and what we read in its answers (not yet checked; fails with `bad-letter`). */

type Draft = Omit<OutgoingMail, "to">;

const csv = (name: string, rows: readonly (readonly string[])[]): Attachment => ({
  name,
  type: "text/csv",
  base64: Buffer.from(stringify(rows.map((row) => [...row]))).toString("base64"),
});

export function offerRequestLetter(
  request: {
    readonly id: string;
    readonly lines: readonly OfferRequestLine[];
    readonly shipToCountry: string;
  },
  o: { readonly buyer: string; readonly currency: string },
): Draft {
  return {
    subject: `Request for quotation ${request.id}`,
    text: [
      "Dear Sir or Madam,",
      "",
      "please quote for the articles in the attached list. Prices agreed between us are stated there.",
      "",
      `Our reference: ${request.id}`,
      `Currency: ${request.lines[0]?.agreedUnitPrice?.currency ?? o.currency}`,
      `Country of delivery: ${request.shipToCountry}`,
      "",
      "Kind regards",
      o.buyer,
    ].join("\n"),
    attachments: [
      csv("request.csv", [
        ["part", "description", "quantity", "unit", "agreed unit price"],
        ...request.lines.map((line) => [
          line.part,
          line.description,
          line.quantity,
          line.unit,
          line.agreedUnitPrice?.amount ?? "",
        ]),
      ]),
    ],
  };
}

export function orderLetter(order: SupplierOrder, o: { readonly buyer: string }): Draft {
  return {
    subject: `Purchase order ${order.id}`,
    text: [
      "Dear Sir or Madam,",
      "",
      "please deliver the articles in the attached list.",
      "",
      `Our order: ${order.id}`,
      `Deliver to: ${order.shipTo}`,
      `Freight method: ${order.freightMethod}`,
      `Freight: ${order.freight.amount} ${order.currency}`,
      `Tax: ${order.tax.amount} ${order.currency}`,
      `Total: ${order.total.amount} ${order.currency}`,
      "",
      "Please confirm under our order number, and send your invoice under it too.",
      "",
      "Kind regards",
      o.buyer,
    ].join("\n"),
    attachments: [
      csv("order.csv", [
        ["part", "description", "quantity", "unit", "unit price", "amount"],
        ...order.lines.map((line) => [
          line.part,
          line.description,
          line.quantity,
          line.unit,
          line.unitPrice.amount,
          line.total.amount,
        ]),
      ]),
    ],
  };
}

/** A question about one of our orders: whether it is known, or for its documents. */
export function enquiryLetter(
  kind: "status" | "documents",
  orderId: string,
  o: { readonly buyer: string },
): Draft {
  const words =
    kind === "status"
      ? "please tell us whether you have booked this order, and under which number."
      : "please send us your confirmation and your invoice for this order.";
  return {
    subject: `${kind === "status" ? "Order status" : "Documents"} ${orderId}`,
    text: ["Dear Sir or Madam,", "", words, "", `Our order: ${orderId}`, "", "Kind regards", o.buyer].join(
      "\n",
    ),
    attachments: [],
  };
}

export function readOfferLetter(message: MailMessage): OfferReading {
  const letter = readLetter(message.text);
  const currencies = new Set<string>();
  const lines = csvRows(message.attachments).flatMap((row) => {
    const price = row["unit price"] ?? row["price"] ?? "";
    currencies.add(row["currency"] ?? "");
    const leadDays = row["lead days"] ?? row["lead time (days)"] ?? "";
    if (!/^\d{1,4}$/.test(leadDays)) {
      throw new AppError("bad-letter", "lead days must be a whole number");
    }
    const line = {
      part: row["part"] ?? row["article"] ?? "",
      available: writtenNumber(row["available"] ?? row["quantity"] ?? ""),
      leadDays: Number(leadDays),
    };
    // Without a price there is no offer for this line.
    return price === "" ? [] : [{ ...line, unitPrice: writtenNumber(price) }];
  });
  const tax = /^(\d{1,3}(?:\.\d+)?) ?%$/.exec(requiredField(letter, /^(vat|tax|sales tax)$/, "tax"));
  if (tax === null || currencies.size > 1) {
    throw new AppError("bad-letter", "tax must be a percentage, and all prices in one currency");
  }
  return {
    requestId: requiredField(letter, /^your (reference|enquiry|request)$/, "reference of the request"),
    reference: requiredField(letter, /^(our )?(quotation|offer)( no| number)?$/, "quotation's number"),
    validUntil: requiredField(letter, /^valid (until|to)$/, "last day of validity"),
    taxPercent: tax[1] ?? "",
    currency: [...currencies][0] ?? requiredField(letter, /^currency$/, "currency"),
    lines,
  };
}

const invoiceNumber = /^invoice( no| number)?$/;
const confirmationNumber = /^(order )?confirmation( no| number)?$/;

/** What the answer to an order or a question about one says. */
export type OrderAnswer =
  | { readonly outcome: "booked"; readonly orderId: string; readonly number: string }
  | { readonly outcome: "refused"; readonly orderId: string; readonly code: string; readonly words: string }
  | { readonly outcome: "unknown"; readonly orderId: string };

export function readOrderAnswer(message: MailMessage): OrderAnswer {
  const letter = readLetter(message.text);
  const orderId = requiredField(letter, /^your order$/, "order it speaks of");
  const number = field(letter, /^our order$/);
  const refusal = field(letter, /^refused$/);
  if ((number === undefined) === (refusal === undefined)) {
    throw new AppError("bad-letter", "the letter must either confirm or refuse");
  }
  if (number !== undefined) {
    return { outcome: "booked", orderId, number };
  }
  const [, code = "", words = ""] = /^([a-z-]{1,40}) - (.+)$/.exec(refusal ?? "") ?? [];
  return code === "unknown-order"
    ? { outcome: "unknown", orderId }
    : { outcome: "refused", orderId, code, words };
}

/** The confirmation or invoice in a letter; undefined when it is neither. */
export function readDocumentLetter(message: MailMessage): DocumentReading | undefined {
  const letter = readLetter(message.text);
  const invoice = field(letter, invoiceNumber);
  const confirmation = field(letter, confirmationNumber);
  const reference = invoice ?? confirmation;
  if (reference === undefined) {
    return undefined;
  }
  const total = writtenMoney(requiredField(letter, /^(invoice |order )?total$/, "total"));
  const inCurrency = (labels: RegExp, name: string): string => {
    const value = writtenMoney(requiredField(letter, labels, name));
    if (value.currency !== total.currency) {
      throw new AppError("bad-letter", `the ${name} is in another currency than the total`);
    }
    return value.amount;
  };
  return {
    kind: invoice === undefined ? "confirmation" : "invoice",
    reference,
    orderId: requiredField(letter, /^your order$/, "order it speaks of"),
    supplierName: requiredField(letter, /^(seller|supplier)$/, "seller"),
    bankAccount: field(letter, /^(bank account|account|iban|please pay to)$/) ?? null,
    shipTo: field(letter, /^(deliver to|delivery address|ship to)$/) ?? null,
    currency: total.currency,
    lines: tableOf(letter),
    freight: inCurrency(/^(freight|shipping|carriage)( \([a-z -]+\))?$/, "freight"),
    tax: inCurrency(/^(vat|tax|sales tax)( \d+(\.\d+)?%)?$/, "tax"),
    total: total.amount,
  };
}

function tableOf(letter: Letter): DocumentReading["lines"] {
  return letter.rows.map((row, index) => {
    const [position, part = "", quantity = "", unit = "", unitPrice = "", total = ""] = row;
    // A row out of order or with other columns may be text that poses as a row.
    if (row.length !== 6 || Number(position) !== index + 1) {
      throw new AppError("bad-letter", "the table's rows must be numbered from 1 and have six columns");
    }
    return {
      part,
      quantity: writtenNumber(quantity),
      unit,
      unitPrice: writtenNumber(unitPrice),
      total: writtenNumber(total),
    };
  });
}
