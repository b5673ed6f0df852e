import { AppError } from "../../src/errors.ts";
import type { DocumentReading, OfferReading } from "./checked-reply.ts";
import {
  all,
  amountAt,
  atMostOne,
  isUbl,
  optionalTextAt,
  quantityAt,
  textAt,
  unitPriceAt,
  type UblDocumentName,
} from "./ubl-vocabulary.ts";
import { parseXml, type XmlElement } from "./xml.ts";

/** What we hear from a UBL supplier, read but not yet checked. Fails with code `bad-xml` or `bad-ubl`. */

const buyersItem = "cac:Item/cac:BuyersItemIdentification/cbc:ID";

function rootOf(text: string, name: UblDocumentName): XmlElement {
  const root = parseXml(text);
  if (!isUbl(root, name)) {
    throw new AppError("bad-ubl", `the document is no UBL 2 ${name}`);
  }
  return root;
}

export function readQuotation(text: string): OfferReading {
  const root = rootOf(text, "Quotation");
  const currency = textAt(root, "cbc:PricingCurrencyCode");
  return {
    requestId: textAt(root, "cac:RequestForQuotationDocumentReference/cbc:ID"),
    reference: textAt(root, "cbc:ID"),
    currency,
    taxPercent: textAt(root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:Percent"),
    validUntil: textAt(root, "cac:ValidityPeriod/cbc:EndDate"),
    lines: all(root, "cac:QuotationLine/cac:LineItem").flatMap((line) =>
      // Without a price there is no offer for this line.
      atMostOne(line, "cac:Price") === undefined
        ? []
        : [
            {
              part: textAt(line, buyersItem),
              available: textAt(line, "cbc:Quantity"),
              unitPrice: unitPriceAt(line, currency),
              leadDays: leadDaysOf(line),
            },
          ],
    ),
  };
}

function leadDaysOf(line: XmlElement): number {
  const path = "cac:Delivery/cac:PromisedDeliveryPeriod/cbc:DurationMeasure";
  const measure = atMostOne(line, path);
  if (measure?.attributes["unitCode"] !== "DAY" || !/^\d{1,4}$/.test(measure.text)) {
    throw new AppError("bad-ubl", `${path} must be a whole number of days (unitCode DAY)`);
  }
  return Number(measure.text);
}

/** The confirmation, and the supplier's own order number. */
export function readOrderResponse(text: string): {
  readonly number: string;
  readonly document: DocumentReading;
} {
  const root = rootOf(text, "OrderResponse");
  if (textAt(root, "cbc:OrderResponseCode") !== "AP") {
    throw new AppError("bad-ubl", "an OrderResponse must say AP (accepted)");
  }
  const currency = textAt(root, "cbc:DocumentCurrencyCode");
  return {
    number: textAt(root, "cbc:SalesOrderID"),
    document: {
      kind: "confirmation",
      supplierName: textAt(root, "cac:SellerSupplierParty/cac:Party/cac:PartyName/cbc:Name"),
      ...commonOf(root, currency),
      lines: all(root, "cac:OrderLine/cac:LineItem").map((line) => lineOf(line, "cbc:Quantity", currency)),
    },
  };
}

export function readInvoice(text: string): DocumentReading {
  const root = rootOf(text, "Invoice");
  if (textAt(root, "cbc:InvoiceTypeCode") !== "380") {
    throw new AppError("bad-ubl", "only commercial invoices (type 380) are read");
  }
  const currency = textAt(root, "cbc:DocumentCurrencyCode");
  return {
    kind: "invoice",
    supplierName: textAt(root, "cac:AccountingSupplierParty/cac:Party/cac:PartyName/cbc:Name"),
    ...commonOf(root, currency),
    lines: all(root, "cac:InvoiceLine").map((line) => lineOf(line, "cbc:InvoicedQuantity", currency)),
  };
}

function commonOf(root: XmlElement, currency: string) {
  return {
    reference: textAt(root, "cbc:ID"),
    orderId: textAt(root, "cac:OrderReference/cbc:ID"),
    bankAccount: optionalTextAt(root, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID"),
    shipTo: optionalTextAt(root, "cac:Delivery/cac:DeliveryLocation/cac:Address/cac:AddressLine/cbc:Line"),
    currency,
    freight: freightOf(root, currency),
    tax: amountAt(root, "cac:TaxTotal/cbc:TaxAmount", currency),
    total: amountAt(root, "cac:LegalMonetaryTotal/cbc:PayableAmount", currency),
  };
}

function freightOf(root: XmlElement, currency: string): string {
  const charge = atMostOne(root, "cac:AllowanceCharge");
  if (charge === undefined) {
    return "0";
  }
  const freight =
    textAt(charge, "cbc:ChargeIndicator") === "true" &&
    textAt(charge, "cbc:AllowanceChargeReasonCode") === "FC";
  if (!freight) {
    throw new AppError("bad-ubl", "the only charge accepted is freight (reason code FC)");
  }
  return amountAt(charge, "cbc:Amount", currency);
}

function lineOf(line: XmlElement, quantityName: string, currency: string): DocumentReading["lines"][number] {
  return {
    part: textAt(line, buyersItem),
    ...quantityAt(line, quantityName),
    unitPrice: unitPriceAt(line, currency),
    total: amountAt(line, "cbc:LineExtensionAmount", currency),
  };
}

/** A supplier's no: ApplicationResponse with a code, words, and the reference it speaks of. */
export function readRefusal(text: string): {
  readonly code: string;
  readonly words: string;
  readonly about: string;
} {
  const root = rootOf(text, "ApplicationResponse");
  return {
    code: textAt(root, "cac:DocumentResponse/cac:Response/cbc:ResponseCode"),
    words: textAt(root, "cac:DocumentResponse/cac:Response/cbc:Description"),
    about: textAt(root, "cac:DocumentResponse/cac:DocumentReference/cbc:ID"),
  };
}
