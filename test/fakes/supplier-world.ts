import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { openSuppliers } from "../../adapters/suppliers/suppliers.ts";
import type { Wholesaler } from "../../src/book-rows.ts";
import { multiplyMoney, money, sumMoney } from "../../src/money.ts";
import type { Clock, Logger, SupplierSystem } from "../../src/ports.ts";
import type { Catalogue, WholesalerId } from "../../src/sandbox/company/catalogues.ts";
import {
  startWholesalers,
  type RunningWholesalers,
} from "../../src/sandbox/wholesalers/start-wholesalers.ts";
import type { SupplierOrder } from "../../src/supplier-types.ts";

/** The real wholesalers of the sandbox on loopback with small catalogues, and the real adapters in front of them. */

export const buyerAddress = "purchasing@countersign.example";
const clock: Clock = { now: () => Date.UTC(2026, 2, 1) };

const ways: Readonly<Record<WholesalerId, Pick<Wholesaler, "protocol" | "currency">>> = {
  "alpine-parts": { protocol: "json", currency: "USD" },
  borealis: { protocol: "json", currency: "USD" },
  cobalt: { protocol: "ubl", currency: "USD" },
  deltaline: { protocol: "ubl", currency: "EUR" },
  evergreen: { protocol: "mail", currency: "USD" },
};

export function wholesalerRow(id: WholesalerId): Wholesaler {
  return {
    id,
    name: `Wholesaler ${id}`,
    ...ways[id],
    endpoint: id === "evergreen" ? "orders@evergreen.example" : `sandbox:${id}`,
    bankAccount: `ACCOUNT-${id}`,
    active: "yes",
  };
}

function smallCatalogue(id: WholesalerId): Catalogue {
  const { currency } = ways[id];
  const part = { unit: "pcs", currency, minQuantity: "1", leadDays: 3 };
  return {
    name: `Wholesaler ${id}`,
    currency,
    bankAccount: `ACCOUNT-${id}`,
    taxPercent: "19",
    parts: [
      {
        ...part,
        part: "bolt",
        description: "Bolt & nut <M8>",
        unitPrice: "0.40",
        availableQuantity: "100000",
        packSize: "1",
      },
      {
        ...part,
        part: "gear",
        description: "Gear",
        unitPrice: "1250.00",
        availableQuantity: "95",
        packSize: "10",
      },
    ],
  };
}

/** Lets everything else happen first instead of waiting; polling in tests takes no time. */
const instantSleep = async (_ms: number, signal: AbortSignal): Promise<void> => {
  await setImmediate();
  signal.throwIfAborted();
};

export interface SupplierWorld {
  readonly world: RunningWholesalers;
  readonly folder: string;
  supplier(id: WholesalerId): SupplierSystem;
  /** Resolves at the next request that a wholesaler takes and does not answer. */
  nextHeld(): Promise<void>;
  stop(): Promise<void>;
}

export const worldOptions = (folder: string) => ({
  dataDir: folder,
  clock,
  catalogues: Object.fromEntries(
    Object.keys(ways).map((id) => [id, smallCatalogue(id as WholesalerId)]),
  ) as Record<WholesalerId, Catalogue>,
});

export const newWorldFolder = () => mkdtemp(path.join(tmpdir(), "wholesalers-"));

/** The adapters' side of a world that runs in this or another process. */
export function suppliersOf(world: Pick<RunningWholesalers, "endpoints" | "mailbox">) {
  return openSuppliers({ mailbox: world.mailbox, sandbox: world.endpoints, clock, sleep: instantSleep });
}

export async function startSupplierWorld(folder?: string): Promise<SupplierWorld> {
  const dataDir = folder ?? (await newWorldFolder());
  let held: (() => void) | undefined;
  const log: Logger = {
    info: (_fields, event) => {
      if (event === "wholesaler.held" || event === "wholesaler.reply-lost") {
        held?.();
      }
    },
    warn: () => undefined,
    error: () => undefined,
  };
  const world = await startWholesalers({ ...worldOptions(dataDir), log });
  const suppliers = suppliersOf(world);
  return {
    world,
    folder: dataDir,
    supplier: (id) => suppliers.open(wholesalerRow(id)),
    nextHeld: () =>
      new Promise((resolve) => {
        held = resolve;
      }),
    async stop() {
      await world.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** An order as logistics plans it: amounts that add up, tax on goods and freight. */
export function plannedSupplierOrder(
  id: string,
  currency: string,
  lines: readonly { readonly part: string; readonly quantity: string; readonly price: string }[],
): SupplierOrder {
  const written = lines.map(({ part, quantity, price }) => ({
    part,
    description: `Our words for ${part} & more`,
    quantity,
    unit: "pcs",
    unitPrice: money(price, currency),
    total: multiplyMoney(money(price, currency), quantity),
  }));
  const freight = money("12.50", currency);
  const goods = sumMoney([...written.map((line) => line.total), freight], currency);
  const tax = multiplyMoney(goods, "0.19");
  return {
    id,
    currency,
    shipTo: 'Customer "XYZ" & Sons, 1 Example Street, 12345 Sampletown, GB',
    freightMethod: "standard",
    freight,
    tax,
    total: sumMoney([goods, tax], currency),
    lines: written,
  };
}
