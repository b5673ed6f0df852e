import type { BookKind, BookRow } from "../../src/book-rows.ts";
import { AppError } from "../../src/errors.ts";
import { decimal, money } from "../../src/money.ts";
import type { SupplierSystem } from "../../src/ports.ts";
import type { SupplierDocument, SupplierOrder } from "../../src/supplier-types.ts";
import type { RowsByKind } from "./memory-books.ts";

type WorldKind = Extract<
  BookKind,
  | "customers"
  | "projects"
  | "items"
  | "bom"
  | "stock"
  | "restrictions"
  | "vendors"
  | "wholesalers"
  | "prices"
  | "freight"
  | "rates"
>;

/** A small company for the agents' tests: one customer, one product of three parts, three wholesalers. */
export function orderWorld(): { [K in WorldKind]: BookRow<K>[] } {
  const asOf = "2026-03-01";
  const part = (id: string, name: string, weightKg: string): BookRow<"items"> => ({
    id,
    name,
    aliases: "",
    kind: "part",
    unit: "pcs",
    revision: "A",
    listPrice: "",
    currency: "USD",
    weightKg,
    active: "yes",
  });
  const bom = (parent: string, component: string, quantity: string): BookRow<"bom"> => ({
    id: `${parent}@A/${component}`,
    parent,
    parentRevision: "A",
    component,
    quantity,
    unit: "pcs",
    scrapPercent: "0",
  });
  const wholesaler = (id: string, name: string, currency: string): BookRow<"wholesalers"> => ({
    id,
    name,
    protocol: "json",
    endpoint: `https://${id}.example/api`,
    currency,
    bankAccount: `XX00${id.toUpperCase()}`,
    active: "yes",
  });
  const wholesalers = [
    wholesaler("alpha", "Alpha Parts", "USD"),
    wholesaler("beta", "Beta Supply", "USD"),
    wholesaler("gamma", "Gamma Handel", "EUR"),
  ];
  const price = (
    supplier: string,
    id: string,
    unitPrice: string,
    terms: { readonly minQuantity?: string; readonly packSize?: string; readonly leadDays?: string } = {},
  ): BookRow<"prices"> => ({
    id: `${supplier}/${id}`,
    wholesaler: supplier,
    part: id,
    unitPrice,
    currency: supplier === "gamma" ? "EUR" : "USD",
    minQuantity: "0",
    packSize: "1",
    leadDays: "4",
    ...terms,
  });
  const tariff = (supplier: string, method: string, base: string, perKg: string, days: string) => ({
    id: `${supplier}/${method}`,
    wholesaler: supplier,
    method,
    base,
    perKg,
    currency: supplier === "gamma" ? "EUR" : "USD",
    days,
  });
  const restriction = (
    id: string,
    kind: BookRow<"restrictions">["kind"],
    value: string,
    aliases: string,
  ): BookRow<"restrictions"> => ({ id, list: "Embargo", kind, value, aliases, reason: "embargo", asOf });
  return {
    customers: [
      {
        id: "xyz",
        name: "Customer XYZ",
        aliases: "XYZ",
        creditLimit: "30000.00",
        balance: "0.00",
        currency: "USD",
        creditAsOf: asOf,
        defaultProject: "prj",
        street: "1 Sample Street",
        city: "Sampletown",
        postcode: "12345",
        country: "US",
      },
    ],
    projects: [
      {
        id: "prj",
        name: "Widgets for XYZ",
        customer: "xyz",
        budget: "20000.00",
        spent: "0.00",
        currency: "USD",
        validUntil: "2026-12-31",
      },
    ],
    items: [
      { ...part("widget", "Widget", "2"), kind: "product", listPrice: "480.00", aliases: "widgets" },
      { ...part("frame", "Frame", "1"), kind: "assembly" },
      part("bolt", "Bolt M4", "0.01"),
      part("plate", "Base plate", "0.5"),
      part("motor", "Motor", "1.2"),
    ],
    bom: [
      bom("widget", "frame", "1"),
      bom("widget", "motor", "1"),
      bom("frame", "bolt", "4"),
      bom("frame", "plate", "1"),
    ],
    stock: [
      { id: "bolt", onHand: "50", unit: "pcs", location: "A-1" },
      { id: "plate", onHand: "10", unit: "pcs", location: "A-2" },
      { id: "motor", onHand: "0", unit: "pcs", location: "A-3" },
    ],
    restrictions: [
      restriction("R-1", "country", "KP", "DPRK"),
      restriction("R-2", "party", "Volkov Trading Ltd", "Volkov Export"),
      restriction("R-3", "item", "centrifuge", ""),
    ],
    vendors: wholesalers.map((each) => ({
      id: each.id,
      name: each.name,
      aliases: "",
      status: "approved" as const,
      bankAccount: each.bankAccount,
      country: "US",
      approvedUntil: "2026-12-31",
      reason: "reviewed",
    })),
    wholesalers,
    prices: [
      price("alpha", "bolt", "0.10", { packSize: "100", minQuantity: "100" }),
      price("alpha", "plate", "12.00"),
      price("alpha", "motor", "90.00"),
      price("beta", "bolt", "0.12", { packSize: "10", leadDays: "1" }),
      price("beta", "plate", "13.00", { leadDays: "1" }),
      price("beta", "motor", "95.00", { leadDays: "1" }),
      price("gamma", "motor", "80.00", { leadDays: "9" }),
      price("gamma", "plate", "12.50", { leadDays: "9" }),
    ],
    freight: [
      tariff("alpha", "standard", "20.00", "0.50", "5"),
      tariff("alpha", "express", "60.00", "1.50", "1"),
      tariff("beta", "standard", "25.00", "0.60", "4"),
      tariff("gamma", "standard", "40.00", "0.80", "6"),
    ],
    rates: [{ id: "EUR", rate: "1.10", asOf }],
  };
}

/** A wholesaler of the tests: quotes what it is asked at the agreed price, and can be told to fail. */
export class FakeSupplier implements SupplierSystem {
  readonly asked: string[] = [];
  readonly orders = new Map<string, SupplierOrder>();
  /** Most it has of a part; anything not named is plentiful. */
  stock: Record<string, string> = {};
  taxPercent = "0";
  leadDays = 3;
  validUntil = "2026-03-20";
  /** Called first by each method; throws to fail. */
  before: (method: "requestOffer" | "placeOrder" | "findOrder" | "documents", id: string) => Promise<void> =
    async () => undefined;
  /** Called after an order was booked, before it is answered. */
  afterBooking: () => Promise<void> = async () => undefined;
  /** Changes the documents it sends. */
  document: (document: SupplierDocument) => readonly SupplierDocument[] = (each) => [each];
  private readonly name: string;
  private readonly bankAccount: string;

  constructor(wholesaler: BookRow<"wholesalers">) {
    this.name = wholesaler.name;
    this.bankAccount = wholesaler.bankAccount;
  }

  async requestOffer(o: Parameters<SupplierSystem["requestOffer"]>[0]) {
    this.asked.push(...o.lines.map((line) => line.part));
    await this.before("requestOffer", o.id);
    return {
      reference: `Q-${o.id}`,
      lines: o.lines.flatMap((line) => {
        const most = this.stock[line.part] ?? line.quantity;
        const available = decimal(most).lt(decimal(line.quantity)) ? most : line.quantity;
        const unitPrice = line.agreedUnitPrice;
        return unitPrice === null ? [] : [{ part: line.part, available, unitPrice, leadDays: this.leadDays }];
      }),
      taxPercent: this.taxPercent,
      validUntil: this.validUntil,
    };
  }

  async placeOrder(order: SupplierOrder) {
    await this.before("placeOrder", order.id);
    this.orders.set(order.id, order);
    await this.afterBooking();
    return `SO-${order.id}`;
  }

  async findOrder(orderId: string) {
    await this.before("findOrder", orderId);
    return this.orders.has(orderId) ? `SO-${orderId}` : undefined;
  }

  async documents(orderId: string) {
    await this.before("documents", orderId);
    const order = this.orders.get(orderId);
    if (order === undefined) {
      return [];
    }
    const { shipTo, freight, tax, total } = order;
    return (["confirmation", "invoice"] as const).flatMap((kind) =>
      this.document({
        kind,
        reference: `${kind.slice(0, 3).toUpperCase()}-${orderId}`,
        orderId,
        supplierName: this.name,
        bankAccount: this.bankAccount,
        shipTo,
        lines: order.lines.map(({ part, quantity, unit, unitPrice, total: lineTotal }) => ({
          part,
          quantity,
          unit,
          unitPrice,
          total: lineTotal,
        })),
        freight,
        tax,
        total,
      }),
    );
  }
}

/** One fake supplier per wholesaler of the rows. */
export function fakeSuppliers(rows: RowsByKind): Record<string, FakeSupplier> {
  return Object.fromEntries((rows.wholesalers ?? []).map((each) => [each.id, new FakeSupplier(each)]));
}

/** What a supplier's adapter throws. */
export function supplierError(code: string, retryable = false): AppError {
  return new AppError(code, `the supplier failed with ${code}`, { retryable });
}

/** US dollars. */
export function usd(amount: string) {
  return money(amount, "USD");
}
