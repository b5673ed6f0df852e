import {
  all,
  amountAt,
  atMostOne,
  optionalTextAt,
  quantityAt,
  textAt,
  unitPriceAt,
} from "../../../adapters/suppliers/ubl-vocabulary.ts";
import type { XmlElement } from "../../../adapters/suppliers/xml.ts";
import { customerOrderSchema, quoteRequestSchema, type CustomerOrder, type QuoteRequest } from "./trade.ts";

/** What customers send to a UBL wholesaler. Fails with code `bad-ubl` or a zod error. */

export function readQuoteRequest(root: XmlElement): QuoteRequest {
  const currency = textAt(root, "cbc:PricingCurrencyCode");
  return quoteRequestSchema.parse({
    requestId: textAt(root, "cbc:ID"),
    currency,
    shipToCountry: textAt(root, "cac:DestinationCountry/cbc:IdentificationCode"),
    lines: all(root, "cac:RequestForQuotationLine/cac:LineItem").map((line) => ({
      ...itemOf(line),
      ...quantityAt(line, "cbc:Quantity"),
      agreedUnitPrice: atMostOne(line, "cac:Price") === undefined ? null : unitPriceAt(line, currency),
    })),
  });
}

export function readOrder(root: XmlElement): CustomerOrder {
  const currency = textAt(root, "cbc:DocumentCurrencyCode");
  return customerOrderSchema.parse({
    reference: textAt(root, "cbc:ID"),
    currency,
    shipTo: textAt(root, "cac:Delivery/cac:DeliveryLocation/cac:Address/cac:AddressLine/cbc:Line"),
    freightMethod: textAt(root, "cac:DeliveryTerms/cbc:SpecialTerms"),
    freight: amountAt(root, "cac:AllowanceCharge/cbc:Amount", currency),
    tax: amountAt(root, "cac:TaxTotal/cbc:TaxAmount", currency),
    total: amountAt(root, "cac:AnticipatedMonetaryTotal/cbc:PayableAmount", currency),
    lines: all(root, "cac:OrderLine/cac:LineItem").map((line) => ({
      ...itemOf(line),
      ...quantityAt(line, "cbc:Quantity"),
      unitPrice: unitPriceAt(line, currency),
      amount: amountAt(line, "cbc:LineExtensionAmount", currency),
    })),
  });
}

function itemOf(line: XmlElement): { part: string; description: string } {
  return {
    part: textAt(line, "cac:Item/cac:BuyersItemIdentification/cbc:ID"),
    description: optionalTextAt(line, "cac:Item/cbc:Description") ?? "",
  };
}
