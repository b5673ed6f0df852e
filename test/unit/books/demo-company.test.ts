import assert from "node:assert/strict";
import { test } from "node:test";
import { bookKinds } from "../../../adapters/store/books-kinds.ts";
import { referenceCheck } from "../../../adapters/store/books-references.ts";
import type { BookRow } from "../../../src/book-rows.ts";
import { wholesalerCatalogues } from "../../../src/sandbox/company/catalogues.ts";
import { demoRows, seedCompany } from "../../../src/sandbox/company/seed-company.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";

const clock = { now: () => Date.parse("2026-03-01T23:59:59Z") };
const books = new MemoryBooks(demoRows(clock));

test("every reference of the demo company leads somewhere, in the right unit", async () => {
  for (const kind of bookKinds) {
    const check = await referenceCheck(books, kind);
    for (const row of await books.find(kind)) {
      assert.deepEqual(check({ ...row }), [], `${kind} ${row.id}`);
    }
  }
});

test("the company has the size it should have", async () => {
  const items = await books.find("items");
  const of = (kind: string) => items.filter((item) => item.kind === kind).length;
  assert.ok((await books.find("customers")).length >= 20);
  assert.ok(of("product") >= 15);
  assert.ok(of("part") >= 200);
  assert.equal((await books.find("wholesalers")).length, 5);
  assert.deepEqual(
    (await books.find("people")).map(({ id }) => id),
    ["admin", "employee", "employee-2", "manager", "manager-2"],
  );
  for (const id of ["CUST-XYZ", "CUST-XYZ-EXPORT"]) {
    assert.ok(await books.get("customers", id), id);
  }
});

test("every part can be had from at least two wholesalers, at the prices their servers know", async () => {
  const prices = await books.find("prices");
  const parts = await books.find("items", { kind: "part" });
  for (const { id } of parts) {
    assert.ok(prices.filter(({ part }) => part === id).length >= 2, id);
  }
  const catalogues = new Map(Object.entries(wholesalerCatalogues()));
  for (const price of prices) {
    const sold = catalogues.get(price.wholesaler)?.parts.find(({ part }) => part === price.part);
    assert.deepEqual(
      [sold?.unitPrice, sold?.currency, sold?.packSize, sold?.minQuantity],
      [price.unitPrice, price.currency, price.packSize, price.minQuantity],
      price.id,
    );
  }
});

test("fifty widgets need some parts that are short and some that are not, and the customer can pay", async () => {
  const needs = new Map<string, number>();
  const depth = await explode("widget", 50, needs);
  assert.ok(depth >= 3, "three levels below the product's own");
  const short: string[] = [];
  let plan = 0;
  for (const [part, need] of needs) {
    const missing = need - Number((await books.get("stock", part))?.onHand);
    if (missing > 0) {
      short.push(part);
      const offers = await books.find("prices", { part });
      plan += missing * Math.max(...offers.map((each) => Number(each.unitPrice) * 1.08));
    }
  }
  assert.ok(short.length >= 10 && short.length < needs.size, `${short.length} of ${needs.size} are short`);
  assert.ok(plan > 10_000 && plan < 30_000, `even at the dearest prices it costs ${plan}`);
  const customer = await books.get("customers", "CUST-XYZ");
  const widget = await books.get("items", "widget");
  const project = await books.get("projects", customer?.defaultProject ?? "");
  const free = Number(customer?.creditLimit) - Number(customer?.balance);
  assert.ok(Number(widget?.listPrice) * 50 < free);
  assert.ok(plan < Number(project?.budget) - Number(project?.spent));
});

test("all five wholesalers are approved with the account they are paid to, and the accounts check", async () => {
  for (const wholesaler of await books.find("wholesalers")) {
    const vendor = await books.get("vendors", wholesaler.id);
    assert.deepEqual(
      [vendor?.status, vendor?.bankAccount, vendor?.name],
      ["approved", wholesaler.bankAccount, wholesaler.name],
    );
  }
  const vendors = await books.find("vendors");
  assert.ok(vendors.some(({ status }) => status === "banned"));
  for (const { bankAccount } of vendors) {
    assert.equal(ibanRemainder(bankAccount), 1n, bankAccount);
    assert.match(bankAccount, /^..\d\dDEMO0/);
  }
});

test("data that grows stale is as of the day of the seeding", async () => {
  const fresh: readonly BookRow<"customers">[] = await books.find("customers", { creditAsOf: "2026-03-01" });
  assert.equal(fresh.length, (await books.find("customers")).length - 1);
  assert.equal((await books.get("rates", "EUR"))?.asOf, "2026-03-01");
  const kinds = new Set((await books.find("restrictions", { asOf: "2026-03-01" })).map(({ kind }) => kind));
  assert.deepEqual(kinds, new Set(["country", "party", "item"]));
});

test("books that are in use are not seeded", async () => {
  const [person] = await books.find("people");
  const used = new MemoryBooks({ people: person === undefined ? [] : [person] });
  assert.equal(await seedCompany(used, clock), false);
  assert.deepEqual(await used.find("items"), []);
});

/** Adds what `count` of an item need to `needs`; the number of levels down to the deepest part. */
async function explode(id: string, count: number, needs: Map<string, number>): Promise<number> {
  const item = await books.get("items", id);
  if (item?.kind === "part") {
    needs.set(id, (needs.get(id) ?? 0) + count);
    return 0;
  }
  const lines = await books.find("bom", { parent: id, parentRevision: item?.revision ?? "" });
  assert.ok(lines.length > 0, `${id} is made of something`);
  let deepest = 0;
  for (const line of lines) {
    const scrap = 1 + Number(line.scrapPercent) / 100;
    deepest = Math.max(deepest, await explode(line.component, count * Number(line.quantity) * scrap, needs));
  }
  return deepest + 1;
}

/** ISO 7064 mod 97-10 over the rearranged account, as ISO 13616 says; 1 when the check digits are right. */
function ibanRemainder(iban: string): bigint {
  const digits = `${iban.slice(4)}${iban.slice(0, 4)}`.replaceAll(/[A-Z]/g, (letter) =>
    String(letter.charCodeAt(0) - 55),
  );
  return BigInt(digits) % 97n;
}
