import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { wholesalerCatalogues } from "../../../src/sandbox/company/catalogues.ts";
import { startWholesalers } from "../../../src/sandbox/wholesalers/start-wholesalers.ts";
import {
  newWorldFolder,
  plannedSupplierOrder,
  suppliersOf,
  wholesalerRow,
  worldOptions,
} from "../../fakes/supplier-world.ts";

let folder: string;
before(async () => {
  folder = await newWorldFolder();
});
after(() => rm(folder, { recursive: true, force: true }));
const never = new AbortController().signal;

test("five servers on loopback with a port each, the same ones at the next start, another if one is taken", async () => {
  const first = await startWholesalers(worldOptions(folder));
  assert.deepEqual(Object.keys(first.servers).sort(), [
    "alpine-parts",
    "borealis",
    "cobalt",
    "deltaline",
    "evergreen",
  ]);
  const all = [...Object.values(first.servers), first.mailbox, first.controlUrl];
  assert.equal(new Set(all).size, 7);
  assert.ok(all.every((url) => new URL(url).hostname === "127.0.0.1"));
  assert.equal(first.endpoints["evergreen"], "orders@evergreen.example");
  await first.close();

  const port = Number(new URL(first.servers["cobalt"] ?? "").port);
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
  try {
    const second = await startWholesalers(worldOptions(folder));
    assert.notEqual(second.servers["cobalt"], first.servers["cobalt"]);
    assert.equal(second.servers["borealis"], first.servers["borealis"]);
    assert.equal(second.mailbox, first.mailbox);
    await second.close();
    await assert.rejects(
      startWholesalers({ ...worldOptions(folder), ports: { cobalt: port } }),
      (error) => error instanceof AppError && error.code === "port-taken",
    );
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
});

test("the control endpoint sets faults and shows orders, and takes no simple web form", async () => {
  const world = await startWholesalers(worldOptions(folder));
  try {
    const supplier = suppliersOf(world).open(wholesalerRow("borealis"));
    await supplier.placeOrder(
      plannedSupplierOrder("seen", "USD", [{ part: "bolt", quantity: "5", price: "0.40" }]),
      never,
    );
    const put = (body: string, contentType = "application/json") =>
      fetch(`${world.controlUrl}/wholesalers/borealis/faults`, {
        method: "PUT",
        headers: { "content-type": contentType },
        body,
      });
    assert.equal((await put('{"down":true}')).status, 200);
    await assert.rejects(fetch(`${world.servers["borealis"]}/orders`));
    const orders = await (await fetch(`${world.controlUrl}/wholesalers/borealis/orders`)).json();
    assert.deepEqual(
      (orders as { orders: { reference: string }[] }).orders.map((each) => each.reference),
      ["seen"],
    );
    assert.equal((await put("{}")).status, 200);
    assert.deepEqual(await (await fetch(`${world.servers["borealis"]}/orders`)).json(), orders);
    assert.equal((await put("{}", "text/plain")).status, 415);
    assert.equal((await put('{"donw":true}')).status, 400);
    assert.equal((await fetch(`${world.controlUrl}/wholesalers/nobody/orders`)).status, 400);
  } finally {
    await world.close();
  }
});

test("a folder in use, a damaged database and a place that is no folder are refused by name", async () => {
  const data = await newWorldFolder();
  const refusedWith = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;
  try {
    const world = await startWholesalers(worldOptions(data));
    await assert.rejects(startWholesalers(worldOptions(data)), refusedWith("data-in-use"));
    await world.close();
    await writeFile(path.join(data, "cobalt.sqlite"), "this was a database once".repeat(500));
    await assert.rejects(startWholesalers(worldOptions(data)), refusedWith("data-corrupt"));
    const noFolder = worldOptions(path.join(data, "cobalt.sqlite"));
    await assert.rejects(startWholesalers(noFolder), refusedWith("data-not-writable"));
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("the demo catalogues are sold by all five, and each can be asked by its own protocol", async () => {
  const data = await newWorldFolder();
  const catalogues = wholesalerCatalogues();
  const world = await startWholesalers({ ...worldOptions(data), catalogues });
  try {
    for (const [id, catalogue] of Object.entries(catalogues)) {
      const row = { ...wholesalerRow(id as keyof typeof catalogues), currency: catalogue.currency };
      const parts = catalogue.parts.slice(0, 30);
      const offer = await suppliersOf(world)
        .open(row)
        .requestOffer(
          {
            id: "rfq-demo",
            shipToCountry: "GB",
            lines: parts.map(({ part, description, unit }) => ({
              part,
              description,
              unit,
              quantity: "1",
              agreedUnitPrice: null,
            })),
          },
          never,
        );
      assert.deepEqual(
        offer.lines.map((line) => [line.part, line.unitPrice.amount, line.leadDays]),
        parts.map((part) => [part.part, part.unitPrice, part.leadDays]),
      );
    }
  } finally {
    await world.close();
    await rm(data, { recursive: true, force: true });
  }
});
