import { stringify } from "csv-stringify/sync";
import type { NewMessage } from "../mail/mail-message.ts";
import type { Quote, TradeDocument } from "./trade.ts";

/** How the wholesaler that works by mail writes to its customers. */

export type LetterDraft = Pick<NewMessage, "subject" | "text" | "attachments">;

const letter = (subject: string, lines: readonly (string | readonly string[])[]): LetterDraft => ({
  subject,
  text: lines.flat().join("\n"),
  attachments: [],
});
/** The customer's own words below the answer, as mail programs do. */
export const quoted = (text: string): readonly string[] => [
  "",
  ...text.split("\n").map((line) => `> ${line}`),
];

/** 1234567.5 as "1,234,567.5". */
const grouped = (amount: string) => amount.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");

export function quotationLetter(quote: Quote, seller: string): LetterDraft {
  const missing = quote.lines.filter((line) => line.available === "0").map((line) => line.part);
  return {
    ...letter(`Re: Request for quotation ${quote.requestId}`, [
      "Hello,",
      "",
      "many thanks for your enquiry. Please find our offer attached.",
      missing.length === 0 ? [] : `Sorry, at the moment we cannot supply ${missing.join(", ")}.`,
      "",
      `Your reference: ${quote.requestId}`,
      `Quotation no: ${quote.number}`,
      `Valid until: ${quote.validUntil}`,
      `Currency: ${quote.currency}`,
      `VAT: ${quote.taxPercent} %`,
      quote.remark === null ? [] : ["", quote.remark],
      "",
      "Best wishes",
      seller,
    ]),
    attachments: [
      {
        name: `${quote.number}.csv`,
        type: "text/csv",
        base64: Buffer.from(
          stringify([
            ["Part", "Description", "Available", "Unit price", "Currency", "Lead days"],
            ...quote.lines.map((line) => [
              line.part,
              line.description,
              grouped(line.available),
              line.unitPrice === null ? "" : grouped(line.unitPrice),
              quote.currency,
              String(line.leadDays),
            ]),
          ]),
        ).toString("base64"),
      },
    ],
  };
}

/** A confirmation or an invoice as text, with a table in columns. */
export function documentLetter(document: TradeDocument): LetterDraft {
  const invoice = document.kind === "invoice";
  const say = (amount: string) => `${grouped(amount)} ${document.currency}`;
  const title = invoice ? "Invoice" : "Order confirmation";
  return letter(`${title} ${document.number} - your order ${document.reference}`, [
    invoice ? "Hello,\n\nhere is our invoice." : "Hello,\n\nthank you, your order is booked as below.",
    "",
    `${title} no: ${document.number}`,
    `Seller: ${document.seller}`,
    `Your order: ${document.reference}`,
    `Our order: ${document.orderNumber}`,
    `Deliver to: ${document.shipTo}`,
    "",
    "Pos  Article  Quantity  Unit  Unit price  Amount",
    ...document.lines.flatMap((line, index) => [
      [
        String(index + 1),
        line.part,
        grouped(line.quantity),
        line.unit,
        grouped(line.unitPrice),
        grouped(line.amount),
      ].join("  "),
      `     (${line.description})`,
    ]),
    "",
    `Freight (${document.freightMethod}): ${say(document.freight)}`,
    `VAT ${document.taxPercent}%: ${say(document.tax)}`,
    `${invoice ? "Invoice" : "Order"} total: ${say(document.total)}`,
    "",
    `Please pay to: ${document.bankAccount}`,
    document.remark === null ? [] : ["", document.remark],
    "",
    "Best wishes",
    document.seller,
  ]);
}

export function statusLetter(order: { readonly reference: string; readonly number: string }): LetterDraft {
  return letter(`Re: Order status ${order.reference}`, [
    "Hello,",
    "",
    "yes, we have it.",
    "",
    `Your order: ${order.reference}`,
    `Our order: ${order.number}`,
  ]);
}

export function refusalLetter(o: {
  readonly subject: string;
  readonly reference: string;
  readonly code: string;
  readonly words: string;
}): LetterDraft {
  return letter(`Re: ${o.subject}`, [
    "Hello,",
    "",
    "unfortunately we cannot help with this one.",
    "",
    `Your order: ${o.reference}`,
    `Refused: ${o.code} - ${o.words}`,
  ]);
}
