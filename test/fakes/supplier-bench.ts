import assert from "node:assert/strict";
import { after, before } from "node:test";
import { AppError } from "../../src/errors.ts";
import type { SupplierSystem } from "../../src/ports.ts";
import type { WholesalerId } from "../../src/sandbox/company/catalogues.ts";
import type { FaultSettings } from "../../src/sandbox/wholesalers/faults.ts";
import type { BookedOrder } from "../../src/sandbox/wholesalers/trade.ts";
import type {
  OfferRequestLine,
  SupplierDocument,
  SupplierOffer,
  SupplierOrder,
} from "../../src/supplier-types.ts";
import {
  plannedSupplierOrder,
  startSupplierWorld,
  wholesalerRow,
  type SupplierWorld,
} from "./supplier-world.ts";

/** For calls that the test does not give up. */
export const never = new AbortController().signal;

export const withCode = (code: string, retryable: boolean) => (error: unknown) =>
  error instanceof AppError && error.code === code && error.retryable === retryable;

/** One supplier and the tools of its contract; registers the start and stop of its world with the running suite. */
export class SupplierBench {
  readonly id: WholesalerId;
  readonly currency: string;
  readonly protocol: string;
  #world: SupplierWorld | undefined;

  constructor(id: WholesalerId) {
    this.id = id;
    ({ currency: this.currency, protocol: this.protocol } = wholesalerRow(id));
    before(async () => {
      this.#world = await startSupplierWorld();
    });
    after(() => this.#world?.stop());
  }

  get world(): SupplierWorld {
    assert.ok(this.#world, "the suite has not started");
    return this.#world;
  }
  get supplier(): SupplierSystem {
    return this.world.supplier(this.id);
  }

  line(part: string, quantity: string, agreed: string | null = null): OfferRequestLine {
    const agreedUnitPrice = agreed === null ? null : { amount: agreed, currency: this.currency };
    return { part, description: `${part} for us`, quantity, unit: "pcs", agreedUnitPrice };
  }
  offer(id: string, ...lines: OfferRequestLine[]): Promise<SupplierOffer> {
    return this.supplier.requestOffer({ id, lines, shipToCountry: "GB" }, never);
  }
  /** Of 200 bolts, or another quantity. */
  order(reference: string, quantity = "200"): SupplierOrder {
    return plannedSupplierOrder(reference, this.currency, [{ part: "bolt", quantity, price: "0.40" }]);
  }
  place(order: SupplierOrder): Promise<string> {
    return this.supplier.placeOrder(order, never);
  }
  /** The documents for an order by kind; there must be one of each. */
  async documents(id: string): Promise<{ confirmation: SupplierDocument; invoice: SupplierDocument }> {
    const documents = await this.supplier.documents(id, never);
    assert.equal(documents.length, 2);
    const confirmation = documents.find((each) => each.kind === "confirmation");
    const invoice = documents.find((each) => each.kind === "invoice");
    assert.ok(confirmation !== undefined && invoice !== undefined);
    return { confirmation, invoice };
  }
  /** What the wholesaler has booked under a reference. */
  booked(reference: string): readonly BookedOrder[] {
    return this.world.world.control.orders(this.id).filter((each) => each.reference === reference);
  }

  /** Runs with faults, which are off again afterwards. */
  async withFaults(faults: FaultSettings, work: () => Promise<void>): Promise<void> {
    await this.world.world.control.setFaults(this.id, faults);
    try {
      await work();
    } finally {
      await this.world.world.control.setFaults(this.id, {});
    }
  }
  /** Gives a call up as soon as the wholesaler holds a request back. */
  async givenUp<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const held = this.world.nextHeld().then(() => deadline.abort());
    const [result] = await Promise.all([call(deadline.signal), held]);
    return result;
  }
}
