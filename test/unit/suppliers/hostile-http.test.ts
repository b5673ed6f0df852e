import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, describe, test } from "node:test";
import { openSuppliers } from "../../../adapters/suppliers/suppliers.ts";
import { AppError } from "../../../src/errors.ts";
import {
  startLoopbackServer,
  type LoopbackServer,
  type ServerAnswer,
  type ServerRequest,
} from "../../../src/sandbox/wholesalers/loopback-server.ts";
import { wholesalerRow } from "../../fakes/supplier-world.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/suppliers/${name}`, import.meta.url), "utf8");
const signal = new AbortController().signal;
const request = {
  id: "rfq-1",
  shipToCountry: "GB",
  lines: [
    { part: "bolt", description: "Bolt", quantity: "60", unit: "pcs", agreedUnitPrice: null },
    { part: "gear", description: "Gear", quantity: "1", unit: "pcs", agreedUnitPrice: null },
  ],
};
const expected = {
  reference: "Q-77",
  taxPercent: "19",
  validUntil: "2026-03-15",
  lines: [{ part: "bolt", available: "60", unitPrice: { amount: "0.40", currency: "USD" }, leadDays: 3 }],
};

let server: LoopbackServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});
/** A supplier system in front of a server that answers as told. */
async function supplierAnswering(
  id: "borealis" | "cobalt",
  answer: (request: ServerRequest) => ServerAnswer,
) {
  server = await startLoopbackServer({ host: "127.0.0.1", port: 0, answer });
  return openSuppliers({ clock: { now: () => 0 } }).open({ ...wholesalerRow(id), endpoint: server.url });
}
const json = (body: string, status = 200): ServerAnswer => ({
  status,
  contentType: "application/json",
  body,
});
const xml = (body: string, status = 200): ServerAnswer => ({ status, contentType: "application/xml", body });
const failsWith = (code: string, words?: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && (words === undefined || words.test(error.message));

describe("any HTTP answer", () => {
  const cases: readonly (readonly [string, ServerAnswer, string])[] = [
    [
      "a redirect is not followed",
      { status: 302, contentType: "application/json", body: "{}" },
      "supplier-garbage",
    ],
    ["another content type", { status: 200, contentType: "text/html", body: "{}" }, "supplier-garbage"],
    ["longer than a megabyte", json(`"${"x".repeat(1_100_000)}"`), "supplier-garbage"],
    ["cut off JSON", json('{"quotation": "Q-'), "supplier-garbage"],
    ["a server error", json("{}", 500), "supplier-down"],
    ["too many requests", json("{}", 429), "supplier-down"],
    ["a refusal without words", json("{}", 409), "supplier-garbage"],
    ["a connection that is dropped", "drop", "supplier-down"],
  ];
  for (const [name, answer, code] of cases) {
    test(`${name}: ${code}`, async () => {
      const supplier = await supplierAnswering("borealis", () => answer);
      await assert.rejects(supplier.requestOffer(request, signal), failsWith(code));
    });
  }

  test("a bare 404 does not prove that there is no such order", async () => {
    const bare = await supplierAnswering("borealis", () => json("{}", 404));
    await assert.rejects(bare.findOrder("run-1", signal), failsWith("supplier-garbage"));
    await server?.close();
    const other = '{"error":{"code":"unknown-order","message":"no"},"customerReference":"run-2"}';
    const about = await supplierAnswering("borealis", () => json(other, 404));
    await assert.rejects(about.findOrder("run-1", signal), failsWith("supplier-refused"));
  });

  test("a refusal's words are shown only when they are visible text", async () => {
    const words = (text: string) => json(JSON.stringify({ error: { code: "no", message: text } }), 409);
    const plain = await supplierAnswering("borealis", () => words("sold <b>out</b>"));
    await assert.rejects(
      plain.requestOffer(request, signal),
      failsWith("supplier-refused", /sold <b>out<\/b>$/),
    );
    for (const text of ["line\nbreak", "\u001b[31mred", "reversed \u202e text", "zero\u200bwidth"]) {
      await server?.close();
      const hiding = await supplierAnswering("borealis", () => words(text));
      await assert.rejects(hiding.requestOffer(request, signal), failsWith("supplier-garbage"));
    }
  });

  test("an endpoint with credentials or another scheme is refused before anything is sent", async () => {
    for (const endpoint of [
      "http://user:secret@127.0.0.1:1",
      "file:///etc/passwd",
      "nowhere",
      "sandbox:borealis",
    ]) {
      await assert.rejects(
        async () =>
          openSuppliers()
            .open({ ...wholesalerRow("borealis"), endpoint })
            .findOrder("run-1", signal),
        failsWith("bad-endpoint"),
        endpoint,
      );
    }
  });
});

describe("a JSON offer", () => {
  const offerFrom = async (change: (body: Record<string, unknown>) => unknown) => {
    const body = JSON.parse(fixture("quotation.json"));
    const supplier = await supplierAnswering("borealis", () => json(JSON.stringify(change(body))));
    return supplier.requestOffer(request, signal);
  };
  const withLine = (line: object) => (body: Record<string, unknown>) => ({
    ...body,
    lines: [{ sku: "bolt", available: "5", unitPrice: "0.40", leadDays: 3, ...line }],
  });

  test("is read: never more than asked for, what was not asked for is left out", async () => {
    assert.deepEqual(await offerFrom((body) => body), expected);
  });
  const refused: readonly (readonly [string, (body: Record<string, unknown>) => unknown])[] = [
    ["another request's answer", (body) => ({ ...body, requestId: "rfq-2" })],
    ["another currency", (body) => ({ ...body, currency: "EUR" })],
    ["a tax of 100 % and more", (body) => ({ ...body, taxPercent: "100" })],
    ["a day that does not exist", (body) => ({ ...body, validUntil: "2026-02-30" })],
    ["an unknown field", (body) => ({ ...body, approve: true })],
    ["a number with markup", (body) => ({ ...body, quotation: "<b>Q-77</b>" })],
    ["a negative quantity", withLine({ available: "-5" })],
    ["an absurd quantity", withLine({ available: "1e12" })],
    ["a quantity as a float", withLine({ available: 5.5 })],
    ["a negative price", withLine({ unitPrice: "-0.40" })],
    ["a price of zero", withLine({ unitPrice: "0.00" })],
    ["a price finer than a cent", withLine({ unitPrice: "0.405" })],
    ["an absurd price", withLine({ unitPrice: "99999999999999" })],
    ["a delivery in the past", withLine({ leadDays: -1 })],
    ["a delivery in a hundred years", withLine({ leadDays: 36_500 })],
    ["a description with hidden text", withLine({ description: "bolt\u202edna" })],
    ["a description without end", withLine({ description: "x".repeat(501) })],
    [
      "the same part twice",
      (body) => ({ ...body, lines: [1, 2].flatMap(() => (body["lines"] as unknown[]).slice(0, 1)) }),
    ],
  ];
  for (const [name, change] of refused) {
    test(`with ${name} is refused`, async () => {
      await assert.rejects(offerFrom(change), failsWith("supplier-garbage"));
    });
  }
});

describe("a UBL offer", () => {
  const offerFrom = async (text: string) => {
    const supplier = await supplierAnswering("cobalt", () => xml(text));
    return supplier.requestOffer(request, signal);
  };
  const good = fixture("quotation.xml");

  test("is read by its namespaces, whatever the prefixes", async () => {
    assert.deepEqual(await offerFrom(good), expected);
  });
  const doctype = '<!DOCTYPE q:Quotation [<!ENTITY e SYSTEM "file:///etc/passwd">]>';
  const refused: readonly (readonly [string, string])[] = [
    ["a document type", good.replace("<q:Quotation", `${doctype}\n<q:Quotation`)],
    [
      "a document type elsewhere",
      good.replace("<q:Quotation", '<!DOCTYPE q SYSTEM "http://x">\n<q:Quotation'),
    ],
    ["an entity of its own", good.replace("&amp;", "&e;")],
    ["a bare ampersand", good.replace("&amp;", "&")],
    ["another namespace", good.replace("xsd:Quotation-2", "xsd:Invoice-2")],
    ["a prefix that is not declared", good.replace("<b:ID>Q-77</b:ID>", "<z:ID>Q-77</z:ID>")],
    ["two numbers", good.replace("<b:ID>Q-77</b:ID>", "<b:ID>Q-77</b:ID><b:ID>Q-78</b:ID>")],
    ["no number", good.replace("<b:ID>Q-77</b:ID>", "")],
    ["a price in another currency", good.replace('"USD">0.4000', '"EUR">0.4000')],
    ["a price for a hundred", good.replace('unitCode="H87">1<', 'unitCode="H87">100<')],
    ["weeks instead of days", good.replace('"DAY"', '"WEE"')],
    ["a hidden character as a number", good.replace(">bolt<", ">bo&#x202e;lt<")],
    ["an end that is missing", good.slice(0, -30)],
    ["two roots", `${good}<second/>`],
    ["depth without end", "<a>".repeat(5000) + "</a>".repeat(5000)],
  ];
  for (const [name, text] of refused) {
    test(`with ${name} is refused`, async () => {
      const result = await offerFrom(text).catch((error: unknown) => error);
      if (name === "a hidden character as a number") {
        assert.ok(failsWith("supplier-garbage", /invisible/)(result));
      } else {
        assert.ok(failsWith("supplier-garbage")(result), String(result));
      }
    });
  }
});
