import { decimal, money } from "../../money.ts";
import type { Catalogue } from "../company/catalogues.ts";
import { maliciousText, type Faults } from "./faults.ts";
import type { BookedOrder, TradeDocument } from "./trade.ts";

/** Confirmation and invoice of a booked order, exactly as ordered unless a fault says otherwise. */
export function tradeDocuments(
  order: BookedOrder,
  catalogue: Catalogue,
  faults: Faults,
): { readonly confirmation: TradeDocument; readonly invoice: TradeDocument } {
  const document = (kind: TradeDocument["kind"], letter: string): TradeDocument => ({
    ...order,
    kind,
    orderNumber: order.number,
    number: order.number.replace("-", `-${letter}-`),
    lines: order.lines.map((line) => ({
      ...line,
      description: faults.malicious ? maliciousText : line.description,
    })),
    seller: catalogue.name,
    bankAccount: catalogue.bankAccount,
    taxPercent: catalogue.taxPercent,
    remark: faults.malicious ? maliciousText : null,
  });
  return {
    confirmation: document("confirmation", "C"),
    invoice: spoilt(document("invoice", "I"), faults.invoiceError),
  };
}

function spoilt(invoice: TradeDocument, error: Faults["invoiceError"]): TradeDocument {
  if (error === null) {
    return invoice;
  }
  switch (error.field) {
    case "quantity":
      return changed(invoice, "quantity", String(error.by));
    case "price":
      return changed(invoice, "unitPrice", `${error.by < 0 ? "-" : ""}0.01`);
    case "tax":
      return added(invoice, "tax", String(error.by));
    case "unit":
      return { ...invoice, lines: invoice.lines.map((line) => ({ ...line, unit: "box" })) };
    case "bank-account":
      return { ...invoice, bankAccount: `${invoice.bankAccount.slice(0, -4)}9999` };
    case "address":
      return { ...invoice, shipTo: `${invoice.shipTo}, back door` };
  }
}

/**
 * The first line with another quantity or price, and amounts that follow from it: the invoice is consistent in itself.
 */
function changed(invoice: TradeDocument, field: "quantity" | "unitPrice", by: string): TradeDocument {
  const [first, ...others] = invoice.lines;
  if (first === undefined) {
    return invoice;
  }
  const line = { ...first, [field]: decimal(first[field]).plus(by).toFixed() };
  const amount = money(decimal(line.quantity).times(line.unitPrice), invoice.currency).amount;
  const difference = decimal(amount).minus(first.amount).toFixed();
  return added({ ...invoice, lines: [{ ...line, amount }, ...others] }, "total", difference);
}

function added(invoice: TradeDocument, field: "tax" | "total", by: string): TradeDocument {
  const plus = (value: string) => money(decimal(value).plus(by), invoice.currency).amount;
  return { ...invoice, total: plus(invoice.total), ...(field === "tax" ? { tax: plus(invoice.tax) } : {}) };
}
