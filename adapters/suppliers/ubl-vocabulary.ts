import type { Money } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import { xml, type XmlElement } from "./xml.ts";

/** UBL 2.1 as both ends of the wire need it: namespaces, paths, unit codes. (OASIS, Universal Business Language 2.1) */

const schema = "urn:oasis:names:specification:ubl:schema:xsd:";
const namespaces: Readonly<Record<string, string>> = {
  cac: `${schema}CommonAggregateComponents-2`,
  cbc: `${schema}CommonBasicComponents-2`,
};
export type UblDocumentName =
  | "RequestForQuotation"
  | "Quotation"
  | "Order"
  | "OrderResponse"
  | "Invoice"
  | "ApplicationResponse";

/** A whole document; the elements must stand in the order of the UBL schema. */
export function ublDocument(name: UblDocumentName, elements: readonly string[]): string {
  const root = xml(name, [xml("cbc:UBLVersionID", "2.1"), ...elements], {
    xmlns: `${schema}${name}-2`,
    "xmlns:cac": namespaces["cac"] ?? "",
    "xmlns:cbc": namespaces["cbc"] ?? "",
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

export function isUbl(root: XmlElement, name: UblDocumentName): boolean {
  return root.name === name && root.namespace === `${schema}${name}-2`;
}

/** All elements at a path such as "cac:Price/cbc:PriceAmount" below `element`. */
export function all(element: XmlElement, path: string): readonly XmlElement[] {
  return path.split("/").reduce<readonly XmlElement[]>(
    (found, step) => {
      const [prefix = "", name = ""] = step.split(":");
      return found.flatMap((each) =>
        each.children.filter((child) => child.name === name && child.namespace === namespaces[prefix]),
      );
    },
    [element],
  );
}

/** The one element at a path, or undefined; two are an error, because nobody could say which one counts. */
export function atMostOne(element: XmlElement, path: string): XmlElement | undefined {
  const found = all(element, path);
  if (found.length > 1) {
    throw new AppError("bad-ubl", `${path} occurs ${found.length} times in ${element.name}`);
  }
  return found[0];
}

/** The one element at a path; its absence is an error. */
function exactlyOne(element: XmlElement, path: string): XmlElement {
  const found = atMostOne(element, path);
  if (found === undefined) {
    throw new AppError("bad-ubl", `${path} is missing in ${element.name}`);
  }
  return found;
}

export function textAt(element: XmlElement, path: string): string {
  return exactlyOne(element, path).text;
}

export function optionalTextAt(element: XmlElement, path: string): string | null {
  return atMostOne(element, path)?.text ?? null;
}

/** The amount at a path, which must be in `currency`. */
export function amountAt(element: XmlElement, path: string, currency: string): string {
  const found = exactlyOne(element, path);
  if (found.attributes["currencyID"] !== currency) {
    throw new AppError("bad-ubl", `${path} is not in ${currency}`);
  }
  return found.text;
}

/** The price of one unit; a price for another base quantity is not accepted. */
export function unitPriceAt(line: XmlElement, currency: string): string {
  const base = optionalTextAt(line, "cac:Price/cbc:BaseQuantity");
  if (base !== null && !/^1(\.0+)?$/.test(base)) {
    throw new AppError("bad-ubl", "a price must be for a base quantity of 1");
  }
  return amountAt(line, "cac:Price/cbc:PriceAmount", currency);
}

export function amountElement(name: string, value: Money): string {
  return xml(name, value.amount, { currencyID: value.currency });
}

/** Our units as codes of UN/ECE recommendation 20. */
const unitCodes = new Map([
  ["each", "EA"],
  ["pcs", "H87"],
  ["m", "MTR"],
  ["m2", "MTK"],
  ["kg", "KGM"],
  ["g", "GRM"],
  ["l", "LTR"],
  ["set", "SET"],
  ["pair", "PR"],
  ["roll", "RO"],
]);
const unitsByCode = new Map([...unitCodes].map(([unit, code]) => [code, unit]));
/** Marks a unit that has no code of the recommendation and is written as it is. */
const ownList = "BUYER";

export function quantityElement(name: string, quantity: string, unit: string): string {
  const code = unitCodes.get(unit);
  return xml(
    name,
    quantity,
    code === undefined ? { unitCode: unit, unitCodeListID: ownList } : { unitCode: code },
  );
}

/** Quantity and unit at a path; a code that we do not know stays as it is and will be seen as a difference. */
export function quantityAt(
  element: XmlElement,
  path: string,
): { readonly quantity: string; readonly unit: string } {
  const { text, attributes } = exactlyOne(element, path);
  const code = attributes["unitCode"] ?? "";
  const own = attributes["unitCodeListID"] === ownList;
  return { quantity: text, unit: own ? code : (unitsByCode.get(code) ?? code) };
}
