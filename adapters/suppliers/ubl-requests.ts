import type { OfferRequestLine, SupplierOrder } from "../../src/supplier-types.ts";
import { amountElement, quantityElement, ublDocument } from "./ubl-vocabulary.ts";
import { xml } from "./xml.ts";

/** What we send to a UBL supplier. */

export interface UblParties {
  readonly buyer: string;
  readonly seller: string;
  readonly currency: string;
  /** ISO date */
  readonly today: string;
}

const party = (role: string, name: string) =>
  xml(role, [xml("cac:Party", [xml("cac:PartyName", [xml("cbc:Name", name)])])]);

const item = (part: string, description: string) =>
  xml("cac:Item", [
    xml("cbc:Description", description),
    xml("cbc:Name", part),
    xml("cac:BuyersItemIdentification", [xml("cbc:ID", part)]),
  ]);

/** UBL RequestForQuotation; a line's Price is the price agreed. */
export function requestForQuotation(
  request: {
    readonly id: string;
    readonly lines: readonly OfferRequestLine[];
    readonly shipToCountry: string;
  },
  parties: UblParties,
): string {
  return ublDocument("RequestForQuotation", [
    xml("cbc:ID", request.id),
    xml("cbc:IssueDate", parties.today),
    xml("cbc:PricingCurrencyCode", parties.currency),
    xml("cbc:LineCountNumeric", String(request.lines.length)),
    party("cac:SellerSupplierParty", parties.seller),
    party("cac:BuyerCustomerParty", parties.buyer),
    xml("cac:DestinationCountry", [xml("cbc:IdentificationCode", request.shipToCountry)]),
    ...request.lines.map((line, index) =>
      xml("cac:RequestForQuotationLine", [
        xml("cbc:ID", String(index + 1)),
        xml("cac:LineItem", [
          xml("cbc:ID", String(index + 1)),
          quantityElement("cbc:Quantity", line.quantity, line.unit),
          ...(line.agreedUnitPrice === null
            ? []
            : [xml("cac:Price", [amountElement("cbc:PriceAmount", line.agreedUnitPrice)])]),
          item(line.part, line.description),
        ]),
      ]),
    ),
  ]);
}

/** UBL Order; our reference is its ID. */
export function orderDocument(order: SupplierOrder, parties: UblParties): string {
  return ublDocument("Order", [
    xml("cbc:ID", order.id),
    xml("cbc:IssueDate", parties.today),
    xml("cbc:DocumentCurrencyCode", order.currency),
    xml("cbc:CustomerReference", order.id),
    xml("cbc:LineCountNumeric", String(order.lines.length)),
    party("cac:BuyerCustomerParty", parties.buyer),
    party("cac:SellerSupplierParty", parties.seller),
    xml("cac:Delivery", [
      xml("cac:DeliveryLocation", [
        xml("cac:Address", [xml("cac:AddressLine", [xml("cbc:Line", order.shipTo)])]),
      ]),
    ]),
    xml("cac:DeliveryTerms", [xml("cbc:SpecialTerms", order.freightMethod)]),
    xml("cac:AllowanceCharge", [
      xml("cbc:ChargeIndicator", "true"),
      xml("cbc:AllowanceChargeReasonCode", "FC"),
      xml("cbc:AllowanceChargeReason", "Freight"),
      amountElement("cbc:Amount", order.freight),
    ]),
    xml("cac:TaxTotal", [amountElement("cbc:TaxAmount", order.tax)]),
    xml("cac:AnticipatedMonetaryTotal", [amountElement("cbc:PayableAmount", order.total)]),
    ...order.lines.map((line, index) =>
      xml("cac:OrderLine", [
        xml("cac:LineItem", [
          xml("cbc:ID", String(index + 1)),
          quantityElement("cbc:Quantity", line.quantity, line.unit),
          amountElement("cbc:LineExtensionAmount", line.total),
          xml("cac:Price", [amountElement("cbc:PriceAmount", line.unitPrice)]),
          item(line.part, line.description),
        ]),
      ]),
    ),
  ]);
}
