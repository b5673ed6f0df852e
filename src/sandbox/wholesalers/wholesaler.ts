import { canonicalHash } from "../../canonical.ts";
import { AppError } from "../../errors.ts";
import { decimal, money, multiplyMoney } from "../../money.ts";
import type { Clock } from "../../ports.ts";
import type { Catalogue, CataloguePart } from "../company/catalogues.ts";
import { faultsSchema, maliciousText, type Faults } from "./faults.ts";
import { tradeDocuments } from "./trade-documents.ts";
import type { BookedOrder, CustomerOrder, Quote, QuoteRequest, TradeDocument } from "./trade.ts";
import { WholesalerStore } from "./wholesaler-store.ts";

/** What a part has that is not in the catalogue but has an agreed price: it is got from somewhere. */
const unlistedAvailable = "100000";
const unlistedLeadDays = 7;
const quoteDays = 14;
const dayMs = 86_400_000;

/**
 * One wholesaler's business, without a protocol: quotes, books orders once, writes documents. Refusals are AppErrors:
 * unknown-part, unknown-order, not-available, wrong-price, wrong-amount, wrong-currency, conflict.
 */
export class Wholesaler {
  readonly id: string;
  readonly catalogue: Catalogue;
  readonly store: WholesalerStore;
  faults: Faults = faultsSchema.parse({});
  readonly #clock: Clock;
  readonly #parts: ReadonlyMap<string, CataloguePart>;
  readonly #prefix: string;

  constructor(o: { id: string; catalogue: Catalogue; file: string; clock: Clock }) {
    this.id = o.id;
    this.catalogue = o.catalogue;
    this.store = new WholesalerStore(o.file);
    this.#clock = o.clock;
    this.#parts = new Map(o.catalogue.parts.map((part) => [part.part, part]));
    this.#prefix = o.id.slice(0, 2).toUpperCase();
  }

  close(): void {
    this.store.close();
  }

  /** The agreed price where there is one, else the list price; never more than is in stock. */
  quote(request: QuoteRequest): Quote {
    this.#checkCurrency(request.currency);
    const validUntil = this.#day(quoteDays);
    const lines = request.lines.map((line) => this.#quoteLine(line));
    const number = this.store.transaction(() => {
      for (const line of lines.filter((each) => each.unitPrice !== null)) {
        this.store.rememberPrice(line.part, line.unitPrice ?? "", validUntil);
      }
      return this.store.insertQuote(request.requestId);
    });
    return {
      number: `${this.#prefix}-Q-${number}`,
      requestId: request.requestId,
      currency: this.catalogue.currency,
      taxPercent: this.catalogue.taxPercent,
      validUntil,
      lines,
      remark: this.faults.malicious ? maliciousText : null,
    };
  }

  #quoteLine(line: QuoteRequest["lines"][number]): Quote["lines"][number] {
    const known = this.#parts.get(line.part);
    const price = line.agreedUnitPrice ?? known?.unitPrice ?? null;
    const wanted = this.faults.partialFill
      ? decimal(line.quantity).div(2).round(0, 0)
      : decimal(line.quantity);
    const stock = price === null ? decimal("0") : this.#inStock(line.part);
    const { currency } = this.catalogue;
    return {
      part: line.part,
      description: this.faults.malicious ? maliciousText : (known?.description ?? line.description),
      available: (wanted.lt(stock) ? wanted : stock).toFixed(),
      unit: line.unit,
      unitPrice:
        price === null
          ? null
          : money(decimal(price).times(this.faults.wrongPrice ? "1.1" : "1"), currency).amount,
      leadDays: known?.leadDays ?? unlistedLeadDays,
    };
  }

  /** What can still be delivered, in whole packs. */
  #inStock(part: string) {
    const known = this.#parts.get(part);
    const pack = decimal(known?.packSize ?? "1");
    const left = decimal(known?.availableQuantity ?? unlistedAvailable).minus(decimal(this.store.sold(part)));
    return left.lte(0) ? decimal("0") : left.div(pack).round(0, 0).times(pack);
  }

  /** Books an order once under the customer's reference; the same again is answered with the first booking. */
  accept(order: CustomerOrder): BookedOrder {
    const hash = canonicalHash(order);
    const book = (): BookedOrder => {
      const known = this.store.findOrder(order.reference);
      if (known !== undefined) {
        if (known.hash !== hash) {
          throw new AppError("conflict", `order ${order.reference} is already booked with another content`);
        }
        return known.order;
      }
      this.#check(order);
      const number = this.store.nextOrderNumber();
      const booked: BookedOrder = {
        ...order,
        number: `${this.#prefix}-${100_000 + number}`,
        bookedAt: new Date(this.#clock.now()).toISOString(),
      };
      this.store.insertOrder(number, hash, booked);
      for (const line of order.lines) {
        const sold = decimal(this.store.sold(line.part)).plus(decimal(line.quantity));
        this.store.setSold(line.part, sold.toFixed());
      }
      return booked;
    };
    return this.store.transaction(book, { durable: true });
  }

  #check(order: CustomerOrder): void {
    this.#checkCurrency(order.currency);
    const wanted = new Map<string, string>();
    let sum = decimal("0");
    for (const line of order.lines) {
      const prices = this.store.quotedPrices(line.part, this.#day(0));
      const list = this.#parts.get(line.part)?.unitPrice;
      const accepted = list === undefined ? prices : [...prices, list];
      if (accepted.length === 0) {
        throw new AppError("unknown-part", `we do not sell ${line.part}`);
      }
      if (accepted.every((price) => decimal(line.unitPrice).lt(decimal(price)))) {
        throw new AppError(
          "wrong-price",
          `${line.unitPrice} for ${line.part} is below every price we quoted`,
        );
      }
      const amount = multiplyMoney({ amount: line.unitPrice, currency: order.currency }, line.quantity);
      if (!decimal(line.amount).eq(decimal(amount.amount))) {
        throw new AppError("wrong-amount", `${line.quantity} times ${line.unitPrice} is not ${line.amount}`);
      }
      sum = sum.plus(decimal(line.amount));
      wanted.set(
        line.part,
        decimal(wanted.get(line.part) ?? "0")
          .plus(decimal(line.quantity))
          .toFixed(),
      );
    }
    for (const [part, quantity] of wanted) {
      if (decimal(quantity).lte(0) || decimal(quantity).gt(this.#inStock(part))) {
        throw new AppError("not-available", `we cannot deliver ${quantity} of ${part}`);
      }
    }
    if (!sum.plus(decimal(order.freight)).plus(decimal(order.tax)).eq(decimal(order.total))) {
      throw new AppError("wrong-amount", `lines, freight and tax do not add up to ${order.total}`);
    }
    // Customers round tax per line or per order and count freight in or not; a cent per line is between them.
    const tolerance = decimal("0.01").times(order.lines.length + 1);
    const fits = [sum, sum.plus(decimal(order.freight))].some((base) =>
      base.times(this.catalogue.taxPercent).div(100).minus(decimal(order.tax)).abs().lte(tolerance),
    );
    if (!fits) {
      throw new AppError("wrong-amount", `a tax of ${order.tax} is not ${this.catalogue.taxPercent} percent`);
    }
  }

  #checkCurrency(currency: string): void {
    if (currency !== this.catalogue.currency) {
      throw new AppError("wrong-currency", `we trade in ${this.catalogue.currency} only`);
    }
  }

  find(reference: string): BookedOrder {
    const found = this.store.findOrder(reference);
    if (found === undefined) {
      throw new AppError("unknown-order", `we have no order under reference ${reference}`);
    }
    return found.order;
  }

  /** Confirmation and invoice, ready as soon as the order is booked. */
  documents(reference: string): { readonly confirmation: TradeDocument; readonly invoice: TradeDocument } {
    return tradeDocuments(this.find(reference), this.catalogue, this.faults);
  }

  /** New goods have come: everything is in stock again. */
  restock(): void {
    this.store.clearSold();
  }

  #day(offset: number): string {
    return new Date(this.#clock.now() + offset * dayMs).toISOString().slice(0, 10);
  }
}
