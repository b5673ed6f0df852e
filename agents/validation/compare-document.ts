import type { Address, Money, OrderLine, PlannedOrder } from "../../src/domain.ts";
import type { SupplierDocument } from "../../src/supplier-types.ts";

export interface Difference {
  order: string;
  /** e.g. "invoice INV-7: line part-0001 quantity" */
  field: string;
  expected: string;
  found: string;
}

/** Every field of a supplier's document that is not what the approved order says; empty when all agree. */
export async function compareDocument(
  order: PlannedOrder,
  shipTo: Address,
  document: SupplierDocument,
): Promise<readonly Difference[]> {
  const { formatAddress } = await import("../../src/plan/address.ts");
  const { decimal } = await import("../../src/money.ts");
  const differences: Difference[] = [];
  const differ = (field: string, expected: string, found: string): void => {
    const name = `${document.kind} ${shown(document.reference)}: ${field}`;
    differences.push({ order: order.id, field: name, expected, found: shown(found) });
  };
  const text = (field: string, expected: string, found: string): void => {
    if (oneSpaced(expected) !== oneSpaced(found)) {
      differ(field, expected, found);
    }
  };
  const amount = (field: string, expected: Money, found: Money): void => {
    if (expected.currency !== found.currency || !decimal(expected.amount).eq(decimal(found.amount))) {
      differ(field, money(expected), money(found));
    }
  };
  const line = (expected: OrderLine, found: SupplierDocument["lines"][number]): void => {
    const at = `line ${expected.part}`;
    if (!decimal(expected.quantity).eq(decimal(found.quantity))) {
      differ(`${at} quantity`, expected.quantity, found.quantity);
    }
    text(`${at} unit`, expected.unit, found.unit);
    amount(`${at} unit price`, expected.unitPrice, found.unitPrice);
    amount(`${at} total`, expected.total, found.total);
  };

  text("order", order.id, document.orderId);
  // Compared letter by letter: a look-alike name is a difference, however alike.
  text("supplier", order.supplierName, document.supplierName);
  if (document.bankAccount !== null && compact(document.bankAccount) !== compact(order.bankAccount)) {
    differ("bank account", order.bankAccount, document.bankAccount);
  }
  if (document.shipTo !== null) {
    text("ship-to", formatAddress(shipTo), document.shipTo);
  }
  for (const expected of order.lines) {
    const found = document.lines.filter((each) => each.part === expected.part);
    const [only] = found;
    if (only === undefined || found.length > 1) {
      differ(`line ${expected.part}`, "once", found.length === 0 ? "missing" : `${found.length} times`);
    } else {
      line(expected, only);
    }
  }
  for (const extra of document.lines) {
    if (!order.lines.some((each) => each.part === extra.part)) {
      differ("line", "not ordered", extra.part);
    }
  }
  amount("freight", order.freight, document.freight);
  amount("tax", order.tax, document.tax);
  amount("total", order.total, document.total);
  return differences;
}

/** A second confirmation or invoice for one order: it could be paid twice. */
export function repeatedDocuments(
  order: string,
  documents: readonly SupplierDocument[],
): readonly Difference[] {
  return (["confirmation", "invoice"] as const).flatMap((kind) => {
    const references = documents.filter((each) => each.kind === kind).map((each) => each.reference);
    return references.length <= 1
      ? []
      : [{ order, field: `duplicate ${kind}`, expected: "one", found: shown(references.join(", ")) }];
  });
}

function oneSpaced(text: string): string {
  return text.normalize("NFC").replaceAll(/\s+/g, " ").trim();
}

function compact(text: string): string {
  return text.replaceAll(/\s/g, "").toUpperCase();
}

function money(value: Money): string {
  return `${value.amount} ${value.currency}`;
}

/** A supplier's text as data: one line, bounded, without characters that hide or reorder others. */
function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").slice(0, 200);
}
