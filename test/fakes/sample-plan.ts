import type { PlanDocument, PlannedOrder } from "../../src/domain.ts";
import { usd } from "./order-world.ts";

/** One order of 5 motors from alpha in the world of `orderWorld`: 450.00 + 23.00 freight + 10 % tax. */
export function sampleOrder(change: Partial<PlannedOrder> = {}): PlannedOrder {
  return {
    id: "run1-1-1",
    supplier: "alpha",
    supplierName: "Alpha Parts",
    bankAccount: "XX00ALPHA",
    currency: "USD",
    lines: [
      {
        part: "motor",
        description: "Motor",
        quantity: "5",
        unit: "pcs",
        unitPrice: usd("90.00"),
        maxUnitPrice: usd("94.50"),
        total: usd("450.00"),
      },
    ],
    freightMethod: "standard",
    freight: usd("23.00"),
    tax: usd("47.30"),
    total: usd("520.30"),
    maxTotal: usd("546.31"),
    expectedDelivery: "2026-03-11",
    validUntil: "2026-03-20",
    ...change,
  };
}

/** The same order at beta: 5 × 95.00 + 28.60 freight. */
export function sampleReplacement(change: Partial<PlannedOrder> = {}): PlannedOrder {
  return sampleOrder({
    id: "run1-1-1-alternative",
    supplier: "beta",
    supplierName: "Beta Supply",
    bankAccount: "XX00BETA",
    lines: sampleOrder().lines.map((line) => ({
      ...line,
      unitPrice: usd("95.00"),
      maxUnitPrice: usd("99.75"),
      total: usd("475.00"),
    })),
    freight: usd("28.60"),
    tax: usd("0.00"),
    total: usd("503.60"),
    maxTotal: usd("528.78"),
    ...change,
  });
}

/** A sound plan of run1, revision 1, in the world of `orderWorld`. */
export function samplePlan(change: Partial<PlanDocument> = {}): PlanDocument {
  return {
    schema: "countersign/plan/1",
    run: "run1",
    revision: 1,
    workflow: { id: "order-parts", version: 1 },
    requester: "employee",
    request: { customer: "xyz", item: "widget", quantity: "5" },
    customerName: "Customer XYZ",
    itemName: "Widget",
    project: "prj",
    shipTo: {
      name: "Customer XYZ",
      street: "1 Sample Street",
      city: "Sampletown",
      postcode: "12345",
      country: "US",
    },
    orders: [sampleOrder()],
    total: usd("520.30"),
    tradeOff: "Cheapest: 520.30 USD with all parts in 9 days.",
    quote: { total: usd("624.36"), marginPercent: "20" },
    fallbacks: [],
    effects: [{ step: "orders", description: "1 order is placed", reversibility: "irreversible" }],
    policySerial: 1,
    validUntil: "2026-03-09T09:00:00.000Z",
    ...change,
  };
}
