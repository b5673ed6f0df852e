import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MailMessage } from "../../../adapters/suppliers/mailbox-client.ts";
import { openSuppliers } from "../../../adapters/suppliers/suppliers.ts";
import { AppError } from "../../../src/errors.ts";
import type { SupplierSystem } from "../../../src/ports.ts";
import { startLoopbackServer } from "../../../src/sandbox/wholesalers/loopback-server.ts";
import {
  buyerAddress,
  plannedSupplierOrder,
  startSupplierWorld,
  wholesalerRow,
  type SupplierWorld,
} from "../../fakes/supplier-world.ts";

let world: SupplierWorld;
let supplier: SupplierSystem;
before(async () => {
  world = await startSupplierWorld();
  supplier = world.supplier("evergreen");
});
after(() => world.stop());

const never = new AbortController().signal;
const order = (id: string) =>
  plannedSupplierOrder(id, "USD", [{ part: "bolt", quantity: "200", price: "0.40" }]);
const deliver = async ({ path = buyerAddress, ...message }: Record<string, unknown>): Promise<Response> =>
  fetch(`${world.world.mailbox}/mailboxes/${encodeURIComponent(String(path))}/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: buyerAddress, attachments: [], inReplyTo: null, ...message }),
  });
const booking = (id: string) => `Your order: ${id}\nOur order: FORGED-1`;

test("mail from anybody else does not confirm an order, however like it is", async () => {
  await world.world.control.setFaults("evergreen", { slow: true });
  const deadline = new AbortController();
  const held = world.nextHeld();
  const placing = supplier.placeOrder(order("forged"), deadline.signal);
  const outcome = placing.then(
    (number) => number,
    (error: unknown) => error,
  );
  await held;
  for (const from of [
    "orders@evergreen.example.org",
    "Orders@evergreen.example",
    "orders@evergreen-example.org",
    "purchasing@countersign.example",
  ]) {
    assert.equal(
      (await deliver({ from, subject: "Re: Purchase order forged", text: booking("forged") })).status,
      201,
    );
  }
  // The wholesaler itself, but about another order, or about one whose name only begins alike.
  const from = "orders@evergreen.example";
  await deliver({ from, subject: "Re: Purchase order forged-2", text: booking("forged-2") });
  await deliver({
    from,
    subject: "Re: Purchase order forged",
    text: booking("forged"),
    inReplyTo: "<another@letter>",
  });
  deadline.abort();
  const result = await outcome;
  assert.ok(result instanceof AppError && result.code === "supplier-slow", String(result));
  await world.world.control.setFaults("evergreen", {});
});

test("what counts as an answer is decided here, not by the mailbox service's filter", async () => {
  const imposter: MailMessage = {
    id: "<2@x>",
    cursor: 2,
    from: "orders@evergreen.example.org",
    to: buyerAddress,
    subject: "Re: Purchase order forged",
    text: booking("forged"),
    attachments: [],
    inReplyTo: "<1@x>",
    receivedAt: "2026-03-01T00:00:00.000Z",
  };
  const reply = (body: unknown) => ({
    status: 200,
    contentType: "application/json",
    body: JSON.stringify(body),
  });
  const outcome = async (change: Partial<MailMessage>) => {
    const service = await startLoopbackServer({
      host: "127.0.0.1",
      port: 0,
      answer: ({ method }) =>
        reply(
          method === "POST"
            ? { id: "<1@x>", cursor: 1 }
            : { messages: [{ ...imposter, ...change }], next: 2 },
        ),
    });
    let pauses = 0;
    const sleep = () => (++pauses < 3 ? Promise.resolve() : Promise.reject(new Error("deadline")));
    const there = openSuppliers({ mailbox: service.url, sleep }).open(wholesalerRow("evergreen"));
    try {
      return await there.placeOrder(order("forged"), never);
    } catch (error) {
      return error instanceof AppError ? error.code : error;
    } finally {
      await service.close();
    }
  };
  const from = "orders@evergreen.example";
  assert.equal(await outcome({ from }), "FORGED-1");
  assert.equal(await outcome({ from, inReplyTo: null }), "FORGED-1");
  assert.equal(await outcome({}), "supplier-slow");
  assert.equal(await outcome({ from, inReplyTo: "<9@x>" }), "supplier-slow");
  assert.equal(
    await outcome({ from, inReplyTo: null, subject: "Re: Purchase order forged-2" }),
    "supplier-slow",
  );
});

test("a new mail from the wholesaler that names our order counts, though it is no reply", async () => {
  await world.world.control.setFaults("evergreen", { slow: true });
  const held = world.nextHeld();
  const placing = supplier.placeOrder(order("by-hand"), never);
  await held;
  await deliver({
    from: "orders@evergreen.example",
    subject: "your order (by-hand)",
    text: "Sorry for the wait!\nYour order: by-hand\nOur order: EV-77",
  });
  assert.equal(await placing, "EV-77");
  await world.world.control.setFaults("evergreen", {});
});

test("documents that come twice count once, a contradicting second invoice is shown", async () => {
  await supplier.placeOrder(order("twice"), never);
  await supplier.placeOrder(order("twice"), never);
  const documents = await supplier.documents("twice", never);
  assert.equal(documents.length, 2);
  await world.world.control.setFaults("evergreen", { invoiceError: { field: "price" } });
  await supplier.placeOrder(order("twice"), never);
  await world.world.control.setFaults("evergreen", {});
  const kinds = (await supplier.documents("twice", never)).map((each) => each.kind).sort();
  assert.deepEqual(kinds, ["confirmation", "invoice", "invoice"]);
});

test("one supplier's letters lie in its own mailbox only", async () => {
  await supplier.requestOffer(
    {
      id: "rfq-own",
      shipToCountry: "GB",
      lines: [{ part: "bolt", description: "Bolt", quantity: "1", unit: "pcs", agreedUnitPrice: null }],
    },
    never,
  );
  const read = async (address: string) => {
    const reply = await fetch(`${world.world.mailbox}/mailboxes/${address}/messages?after=0&subject=rfq-own`);
    return (await reply.json()) as { messages: { to: string }[] };
  };
  assert.equal((await read("orders@evergreen.example")).messages.length, 1);
  assert.equal((await read("orders@borealis.example")).messages.length, 0);
  assert.deepEqual(
    ["alpine-parts", "borealis", "cobalt", "deltaline"].map((id) => world.world.control.orders(id).length),
    [0, 0, 0, 0],
  );
});

test("the wholesaler answers no letter it does not know, none of its own, and goes on after one it cannot answer", async () => {
  const theirs = "orders@evergreen.example";
  const to = { to: theirs, path: theirs };
  await deliver({ ...to, from: theirs, subject: "Order status nothing", text: "hello me" });
  await deliver({ ...to, from: "someone@else.example", subject: "Re: hello", text: "out of office" });
  await deliver({ ...to, from: "someone@else.example", subject: `Documents ${"x".repeat(988)}`, text: "?" });
  assert.equal(await supplier.findOrder("never-placed", never), undefined);
  for (const address of [theirs, "someone@else.example"]) {
    const reply = await fetch(`${world.world.mailbox}/mailboxes/${address}/messages?from=${theirs}`);
    const { messages } = (await reply.json()) as { messages: { from: string; subject: string }[] };
    assert.deepEqual(
      messages.map((each) => each.subject),
      address === theirs ? ["Order status nothing"] : [],
    );
  }
});

test("the mailbox service refuses what is no message", async () => {
  for (const change of [
    { from: "not an address" },
    { subject: "two\r\nlines" },
    { to: "somebody@else.example" },
    { attachments: [{ name: "a", type: "b", base64: "%%%" }] },
    { extra: 1 },
  ]) {
    const reply = await deliver({ from: "a@b.example", subject: "s", text: "t", ...change });
    assert.equal(reply.status, 400, JSON.stringify(change));
  }
});
