import { amountElement, quantityElement, ublDocument } from "../../../adapters/suppliers/ubl-vocabulary.ts";
import { xml } from "../../../adapters/suppliers/xml.ts";
import { decimal, money } from "../../money.ts";
import type { Quote, TradeDocument } from "./trade.ts";

/** What a UBL wholesaler writes. Elements stand in the order of the UBL 2.1 schemas. */

const customerName = "Customer";
const party = (name: string) => xml("cac:Party", [xml("cac:PartyName", [xml("cbc:Name", name)])]);
const remarkOf = (remark: string | null) => (remark === null ? [] : [xml("cbc:Note", remark)]);

const item = (line: { readonly part: string; readonly description: string }) =>
  xml("cac:Item", [
    xml("cbc:Description", line.description),
    xml("cbc:Name", line.part),
    xml("cac:BuyersItemIdentification", [xml("cbc:ID", line.part)]),
    xml("cac:SellersItemIdentification", [xml("cbc:ID", line.part)]),
  ]);

const price = (amount: string, currency: string) =>
  xml("cac:Price", [amountElement("cbc:PriceAmount", { amount, currency })]);

const taxTotal = (amount: string, percent: string, currency: string) =>
  xml("cac:TaxTotal", [
    amountElement("cbc:TaxAmount", { amount, currency }),
    xml("cac:TaxSubtotal", [
      amountElement("cbc:TaxAmount", { amount, currency }),
      xml("cac:TaxCategory", [
        xml("cbc:ID", decimal(percent).eq(0) ? "Z" : "S"),
        xml("cbc:Percent", percent),
        xml("cac:TaxScheme", [xml("cbc:ID", "VAT")]),
      ]),
    ]),
  ]);

/** UBL Quotation; the date is the day of issue. */
export function quotationDocument(quote: Quote, seller: string, today: string): string {
  const { currency } = quote;
  const offered = quote.lines.map((line) => ({
    ...line,
    amount: money(decimal(line.available).times(line.unitPrice ?? "0"), currency),
  }));
  const total = money(
    offered.reduce((sum, line) => sum.plus(line.amount.amount), decimal("0")),
    currency,
  );
  const tax = money(decimal(total.amount).times(quote.taxPercent).div(100), currency);
  return ublDocument("Quotation", [
    xml("cbc:ID", quote.number),
    xml("cbc:IssueDate", today),
    ...remarkOf(quote.remark),
    xml("cbc:PricingCurrencyCode", currency),
    xml("cbc:LineCountNumeric", String(offered.length)),
    xml("cac:ValidityPeriod", [xml("cbc:EndDate", quote.validUntil)]),
    xml("cac:RequestForQuotationDocumentReference", [xml("cbc:ID", quote.requestId)]),
    xml("cac:SellerSupplierParty", [party(seller)]),
    xml("cac:BuyerCustomerParty", [party(customerName)]),
    taxTotal(tax.amount, quote.taxPercent, currency),
    xml("cac:QuotedMonetaryTotal", [amountElement("cbc:PayableAmount", total)]),
    ...offered.map((line, index) =>
      xml("cac:QuotationLine", [
        xml("cbc:ID", String(index + 1)),
        xml("cac:LineItem", [
          xml("cbc:ID", String(index + 1)),
          quantityElement("cbc:Quantity", line.available, line.unit),
          amountElement("cbc:LineExtensionAmount", line.amount),
          xml("cac:Delivery", [
            xml("cac:PromisedDeliveryPeriod", [
              xml("cbc:DurationMeasure", String(line.leadDays), { unitCode: "DAY" }),
            ]),
          ]),
          ...(line.unitPrice === null ? [] : [price(line.unitPrice, currency)]),
          item(line),
        ]),
      ]),
    ),
  ]);
}

/** UBL OrderResponse that accepts (AP) the whole order. */
export function orderResponseDocument(document: TradeDocument): string {
  const { currency } = document;
  return ublDocument("OrderResponse", [
    xml("cbc:ID", document.number),
    xml("cbc:SalesOrderID", document.orderNumber),
    xml("cbc:IssueDate", document.bookedAt.slice(0, 10)),
    xml("cbc:OrderResponseCode", "AP"),
    ...remarkOf(document.remark),
    xml("cbc:DocumentCurrencyCode", currency),
    xml("cbc:CustomerReference", document.reference),
    xml("cac:OrderReference", [xml("cbc:ID", document.reference)]),
    xml("cac:SellerSupplierParty", [party(document.seller)]),
    xml("cac:BuyerCustomerParty", [party(customerName)]),
    ...delivery(document),
    ...moneyOf(document),
    ...document.lines.map((line, index) =>
      xml("cac:OrderLine", [
        xml("cac:LineItem", [
          xml("cbc:ID", String(index + 1)),
          quantityElement("cbc:Quantity", line.quantity, line.unit),
          amountElement("cbc:LineExtensionAmount", { amount: line.amount, currency }),
          price(line.unitPrice, currency),
          item(line),
        ]),
      ]),
    ),
  ]);
}

/** UBL Invoice, commercial (380). */
export function invoiceDocument(document: TradeDocument): string {
  const { currency } = document;
  return ublDocument("Invoice", [
    xml("cbc:ID", document.number),
    xml("cbc:IssueDate", document.bookedAt.slice(0, 10)),
    xml("cbc:InvoiceTypeCode", "380"),
    ...remarkOf(document.remark),
    xml("cbc:DocumentCurrencyCode", currency),
    xml("cbc:BuyerReference", document.reference),
    xml("cac:OrderReference", [
      xml("cbc:ID", document.reference),
      xml("cbc:SalesOrderID", document.orderNumber),
    ]),
    xml("cac:AccountingSupplierParty", [party(document.seller)]),
    xml("cac:AccountingCustomerParty", [party(customerName)]),
    ...delivery(document),
    ...moneyOf(document),
    ...document.lines.map((line, index) =>
      xml("cac:InvoiceLine", [
        xml("cbc:ID", String(index + 1)),
        quantityElement("cbc:InvoicedQuantity", line.quantity, line.unit),
        amountElement("cbc:LineExtensionAmount", { amount: line.amount, currency }),
        item(line),
        price(line.unitPrice, currency),
      ]),
    ),
  ]);
}

function delivery(document: TradeDocument): readonly string[] {
  const line = xml("cac:AddressLine", [xml("cbc:Line", document.shipTo)]);
  return [
    xml("cac:Delivery", [xml("cac:DeliveryLocation", [xml("cac:Address", [line])])]),
    xml("cac:DeliveryTerms", [xml("cbc:SpecialTerms", document.freightMethod)]),
  ];
}

/** Account, freight, tax and totals. */
function moneyOf(document: TradeDocument): readonly string[] {
  const { currency } = document;
  const goods = money(
    document.lines.reduce((sum, line) => sum.plus(line.amount), decimal("0")),
    currency,
  );
  const beforeTax = money(decimal(goods.amount).plus(document.freight), currency);
  const total = { amount: document.total, currency };
  return [
    xml("cac:PaymentMeans", [
      xml("cbc:PaymentMeansCode", "30"),
      xml("cac:PayeeFinancialAccount", [xml("cbc:ID", document.bankAccount)]),
    ]),
    xml("cac:AllowanceCharge", [
      xml("cbc:ChargeIndicator", "true"),
      xml("cbc:AllowanceChargeReasonCode", "FC"),
      xml("cbc:AllowanceChargeReason", "Freight"),
      amountElement("cbc:Amount", { amount: document.freight, currency }),
    ]),
    taxTotal(document.tax, document.taxPercent, currency),
    xml("cac:LegalMonetaryTotal", [
      amountElement("cbc:LineExtensionAmount", goods),
      amountElement("cbc:TaxExclusiveAmount", beforeTax),
      amountElement("cbc:TaxInclusiveAmount", total),
      amountElement("cbc:ChargeTotalAmount", { amount: document.freight, currency }),
      amountElement("cbc:PayableAmount", total),
    ]),
  ];
}

/** UBL ApplicationResponse: a no, with its code and words, about one document. */
export function refusalDocument(o: {
  readonly seller: string;
  readonly today: string;
  readonly about: string;
  readonly code: string;
  readonly words: string;
}): string {
  return ublDocument("ApplicationResponse", [
    xml("cbc:ID", `refusal-${o.about}`),
    xml("cbc:IssueDate", o.today),
    xml("cac:SenderParty", [xml("cac:PartyName", [xml("cbc:Name", o.seller)])]),
    xml("cac:ReceiverParty", [xml("cac:PartyName", [xml("cbc:Name", customerName)])]),
    xml("cac:DocumentResponse", [
      xml("cac:Response", [xml("cbc:ResponseCode", o.code), xml("cbc:Description", o.words)]),
      xml("cac:DocumentReference", [xml("cbc:ID", o.about)]),
    ]),
  ]);
}
