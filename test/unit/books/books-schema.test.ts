import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { openBooks } from "../../../adapters/store/books-database.ts";
import { bookKinds } from "../../../adapters/store/books-kinds.ts";
import { bookKind, kindColumns, rowProblems } from "../../../adapters/store/books-schema.ts";
import { booksMigrations, type BookTables } from "../../../adapters/store/books-tables.ts";
import { openDatabase } from "../../../adapters/store/open-database.ts";
import type { BookKind } from "../../../src/book-rows.ts";

const exampleOf = (kind: BookKind) =>
  Object.fromEntries(kindColumns(kind).map(({ name, example }) => [name, example]));

test("the documented examples make a right row of every kind", () => {
  for (const kind of bookKinds) {
    assert.deepEqual(rowProblems(kind, exampleOf(kind)), [], kind);
  }
});

test("every column refuses what it must not hold, in the words of its documentation", () => {
  for (const kind of bookKinds) {
    for (const { name, form } of kindColumns(kind)) {
      const value = "a\u0000b";
      const problems = rowProblems(kind, { ...exampleOf(kind), [name]: value });
      assert.deepEqual(problems, [{ field: name, value, expected: form }], `${kind}.${name}`);
    }
  }
});

test("a missing or unknown field is named", () => {
  const { name: _name, ...nameless } = exampleOf("customers");
  assert.equal(rowProblems("customers", nameless)[0]?.field, "name");
  assert.equal(rowProblems("customers", { ...exampleOf("customers"), colour: "red" }).length, 1);
});

const wrong: readonly (readonly [BookKind, string, string])[] = [
  ["customers", "id", ""],
  ["customers", "id", "a b"],
  ["customers", "id", "x".repeat(81)],
  ["customers", "name", " Customer"],
  ["customers", "name", ""],
  ["customers", "name", "two\nlines"],
  ["customers", "name", "half \ud800"],
  ["customers", "aliases", "a;;b"],
  ["customers", "creditLimit", "1e6"],
  ["customers", "creditLimit", "-1"],
  ["customers", "creditLimit", "01"],
  ["customers", "creditLimit", "1,000.00"],
  ["customers", "creditLimit", "10.005"],
  ["customers", "currency", "XYZ"],
  ["customers", "currency", "usd"],
  ["customers", "creditAsOf", "2026-02-30"],
  ["customers", "creditAsOf", "31.01.2026"],
  ["customers", "country", "USA"],
  ["customers", "country", "QX"],
  ["people", "roles", "employee;king"],
  ["people", "roles", "employee;employee"],
  ["people", "email", "nobody"],
  ["people", "active", "true"],
  ["bom", "quantity", "0"],
  ["bom", "scrapPercent", "100"],
  ["bom", "parent", "gadget"],
  ["prices", "id", "alpine-parts/other"],
  ["prices", "leadDays", "1.5"],
  ["prices", "packSize", "0.0"],
  ["freight", "method", "express"],
  ["restrictions", "value", "Korea"],
  ["wholesalers", "endpoint", "a@example.com"],
  ["wholesalers", "endpoint", "javascript:alert(1)"],
  ["wholesalers", "protocol", "mail"],
  ["wholesalers", "bankAccount", "xx12 34"],
  ["commitments", "revision", "0"],
  ["decisions", "planHash", "AB".repeat(32)],
  ["activities", "at", "2026-01-31"],
  ["rates", "rate", "0"],
];
for (const [kind, field, value] of wrong) {
  test(`${kind}: ${field} ${JSON.stringify(value).slice(0, 40)} is refused`, () => {
    assert.equal(rowProblems(kind, { ...exampleOf(kind), [field]: value }).length, 1);
  });
}

test("amounts have at most their currency's minor digits", () => {
  const yen = { ...exampleOf("prices"), currency: "JPY" };
  assert.match(
    rowProblems("prices", { ...yen, unitPrice: "1.5" })[0]?.expected ?? "",
    /at most 0 decimals in JPY/,
  );
  assert.deepEqual(rowProblems("prices", { ...yen, unitPrice: "150" }), []);
});

test("the tables have exactly the documented columns", () => {
  for (const kind of bookKinds) {
    const columns = booksMigrations
      .flatMap(({ statements }) => statements)
      .filter((each) => new RegExp(`^(create|alter) table ${kind} `).test(each))
      .flatMap((each) => [...each.matchAll(/"?(\w+)"? text/g)].map((match) => match[1]));
    assert.deepEqual(
      columns,
      kindColumns(kind).map(({ name }) => name),
      kind,
    );
  }
});

test("an unknown kind is refused with the list of kinds", () => {
  assert.equal(bookKind("stock"), "stock");
  assert.throws(() => bookKind("toString"), { code: "unknown-kind", message: /kinds: customers, projects/ });
});

test("books from before there were chat accounts get the column, empty, and keep their people", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-books-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const open = (migrations: typeof booksMigrations) =>
    openDatabase<BookTables>({ name: "books", folder, migrations });
  const old = await open(booksMigrations.slice(0, 1));
  await old.unit((tx) =>
    sql`insert into people (id, name, email, roles, "osUser", active)
      values ('ann', 'Ann', 'ann@example.com', 'manager', '', 'yes')`.execute(tx),
  );
  await old.close();
  const now = await open(booksMigrations);
  const books = openBooks(now);
  const ann = {
    id: "ann",
    name: "Ann",
    email: "ann@example.com",
    roles: "manager",
    osUser: "",
    active: "yes",
  };
  assert.deepEqual(await books.reader.find("people"), [{ ...ann, accounts: "" }]);
  assert.equal(await books.unit((unit) => unit.update("people", "ann", { accounts: "slack:T1/U1" })), true);
  await now.close();
});

test("orders from before the ceilings asked how they were decided count as clicked", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-books-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const open = (migrations: typeof booksMigrations) =>
    openDatabase<BookTables>({ name: "books", folder, migrations });
  const old = await open(booksMigrations.slice(0, 2));
  await old.unit((tx) =>
    sql`insert into orders (id, run, wholesaler, status, currency, total, "supplierReference", "placedOn",
        document, "decidedBy")
      values ('r1-1-1', 'r1', 'alpha', 'placed', 'USD', '1.00', '', '2026-03-02', '{}', 'manager')`.execute(
      tx,
    ),
  );
  await old.close();
  const now = await open(booksMigrations);
  assert.equal((await openBooks(now).reader.get("orders", "r1-1-1"))?.assurance, "clicked");
  await now.close();
});
