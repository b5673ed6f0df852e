import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import type { Column } from "../../../adapters/store/books-column.ts";
import { exportKind, importKind, keptByAgents } from "../../../adapters/store/books-csv.ts";
import { bookKinds } from "../../../adapters/store/books-kinds.ts";
import { kindColumns, rowProblems } from "../../../adapters/store/books-schema.ts";
import type { BookKind, BookRow } from "../../../src/book-rows.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";

type TextRow = Readonly<Record<string, string>>;

const importInto = (books: MemoryBooks, kind: BookKind, csv: string) =>
  importKind((fn) => fn(books), kind, csv, { dryRun: false });

/** Texts that a table of text is likely to spoil. */
const awkward = [
  "",
  "=1+1",
  'say "hi"',
  "a,b",
  "x\ny",
  " ",
  "\ufeff",
  "0042",
  "-0.5",
  "1e3",
  "ünï 🙂",
  ";",
  "'",
  "\\",
];

function value(column: Column): fc.Arbitrary<string> {
  const any = fc.oneof(
    fc.constantFrom(...awkward, column.example),
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.stringMatching(/^[A-Za-z0-9._@/-]{1,8}$/),
    fc.nat({ max: 99_999 }).map((cents) => (cents / 100).toFixed(2)),
  );
  return any.map((text) => (column.schema.safeParse(text).success ? text : column.example));
}

/** Rows of a kind with random values, right in themselves; `unit` is fixed so that it fits the items'. */
function rows(kind: BookKind): fc.Arbitrary<TextRow[]> {
  const fields = Object.fromEntries(kindColumns(kind).map((column) => [column.name, value(column)]));
  const row = fc.record(fields).map((random): TextRow => {
    const unit = "unit" in random ? { unit: "pcs" } : {};
    const fitted = { ...random, ...unit };
    // An id that is made of other fields says so itself.
    const id = /^"(.*)" \(/s.exec(
      rowProblems(kind, fitted).find(({ field }) => field === "id")?.expected ?? "",
    );
    return id === null ? fitted : { ...fitted, id: id[1] ?? "" };
  });
  const right = row.filter((each) => rowProblems(kind, each).length === 0);
  return fc
    .uniqueArray(right, { selector: (each) => each["id"], maxLength: 6 })
    .map((all) => all.map((each, index) => (kind === "people" ? withAccounts(each, index) : each)));
}

/** Accounts are nobody else's. */
function withAccounts(row: TextRow, index: number): TextRow {
  return {
    ...row,
    accounts: ["", `slack:T1/U${index}`, `slack:T1/U${index} slack:T2/U${index}`][index % 3] ?? "",
  };
}

/** Books that hold nothing but what the rows refer to. */
function referred(kind: BookKind, of: readonly TextRow[]): Promise<MemoryBooks> {
  const books = new MemoryBooks();
  const wanted = kindColumns(kind).flatMap(({ name, references }) =>
    references === undefined ? [] : of.map((row) => [references, row[name] ?? ""] as const),
  );
  const unique = new Map(wanted.map(([to, id]) => [`${to} ${id}`, { to, id }] as const));
  const inserts = [...unique.values()]
    .filter(({ id }) => id !== "")
    .map(({ to, id }) => {
      const example = Object.fromEntries(kindColumns(to).map((column) => [column.name, column.example]));
      return books.insert(to, { ...example, id } as unknown as BookRow<BookKind>);
    });
  return Promise.all(inserts).then(() => books);
}

for (const kind of bookKinds.filter((each) => !keptByAgents.includes(each))) {
  test(`${kind}: export and import give the same rows back`, async () => {
    await fc.assert(
      fc.asyncProperty(rows(kind), async (given) => {
        const source = new MemoryBooks({ [kind]: given });
        const csv = await exportKind(source, kind);
        const target = await referred(kind, given);
        assert.equal((await importInto(target, kind, csv)).inserted, given.length);
        assert.deepEqual(await target.find(kind), await source.find(kind));
        assert.equal(await exportKind(target, kind), csv);
      }),
      { numRuns: 40 },
    );
  });
}

const rateBooks = () =>
  new MemoryBooks({
    rates: [
      { id: "EUR", rate: "1.08", asOf: "2026-01-31" },
      { id: "GBP", rate: "1.27", asOf: "2026-01-31" },
    ],
  });

test("one row is exported by its id; an unknown id is an error", async () => {
  assert.equal(await exportKind(rateBooks(), "rates", "GBP"), "id,rate,asOf\nGBP,1.27,2026-01-31\n");
  await assert.rejects(exportKind(rateBooks(), "rates", "CHF"), { code: "not-found" });
});

test("files of other programs are read: byte order mark, CRLF, empty lines, columns in another order", async () => {
  const books = rateBooks();
  const csv = '\ufeffasOf,id,rate\r\n2026-02-01,EUR,1.09\r\n\r\n"2026-02-01","CHF","1.12"\r\n';
  assert.deepEqual(await importInto(books, "rates", csv), { inserted: 1, updated: 1, unchanged: 0 });
  assert.equal((await books.get("rates", "EUR"))?.rate, "1.09");
});

const refusals: readonly (readonly [string, string, string])[] = [
  ["an empty file", "", 'line 1: (header) is "", expected the column "id"'],
  ["a missing column", "id,rate\nEUR,1\n", 'line 1: (header) is "", expected the column "asOf"'],
  [
    "an unknown column",
    "id,rate,asOf,note\n",
    'line 1: (header) is "note", expected each of the columns id,rate,asOf once',
  ],
  ["a doubled column", "id,rate,asOf,id\n", 'line 1: (header) is "id", expected each of'],
  ["a short line", "id,rate,asOf\nEUR,1\n", 'line 2: (line) is "2 fields", expected 3 fields'],
  [
    "a repeated id",
    "id,rate,asOf\nEUR,1,2026-01-31\nEUR,2,2026-01-31\n",
    'line 3: id is "EUR", expected each id once; it is on line 2 too',
  ],
  [
    "a wrong line after an empty and a long one",
    'id,rate,asOf\n\nEUR,1,2026-01-31\n"A\nB",1,2026-01-31\n',
    'line 4: id is "A\\u{a}B"',
  ],
  ["an open quote", 'id,rate,asOf\n"EUR,1,2026-01-31\n', 'line 2: (line) is "CSV_QUOTE_NOT_CLOSED"'],
  [
    "text that acts on a terminal",
    "id,rate,asOf\nEUR,\u001b[2J\u202e9,2026-01-31\n",
    'rate is "\\u{1b}[2J\\u{202e}9"',
  ],
];
for (const [what, csv, message] of refusals) {
  test(`${what} is refused and named`, async () => {
    const books = rateBooks();
    const before = await books.find("rates");
    await assert.rejects(importInto(books, "rates", csv), (error: Error & { code: string }) => {
      assert.equal(error.code, "bad-csv");
      assert.ok(error.message.includes(message), error.message);
      return true;
    });
    assert.deepEqual(await books.find("rates"), before);
  });
}

test("at most twenty problems are listed, the others counted", async () => {
  const lines = Array.from({ length: 50 }, (_, index) => `EUR,x${index},2026-01-31`);
  await assert.rejects(
    importInto(rateBooks(), "rates", ["id,rate,asOf", ...lines].join("\n")),
    (error: Error) => {
      const said = error.message.split("\n");
      assert.equal(said.length, 22);
      assert.match(said[20] ?? "", /^line 21: rate is "x19"/);
      assert.equal(said[21], "and 30 more problems");
      return true;
    },
  );
});

test("references and units are checked against the books", async () => {
  const item = Object.fromEntries(kindColumns("items").map(({ name, example }) => [name, example]));
  const books = new MemoryBooks({
    items: [
      { ...item, id: "widget", kind: "product" },
      { ...item, id: "cable", kind: "part", unit: "m" },
    ] as unknown as BookRow<"items">[],
  });
  const header = "id,parent,parentRevision,component,quantity,unit,scrapPercent\n";
  await assert.rejects(importInto(books, "bom", `${header}widget@A/bolt,widget,A,bolt,1,pcs,0\n`), {
    message: /line 2: component is "bolt", expected the id of one of items \(there is none with this id\)/,
  });
  await assert.rejects(importInto(books, "bom", `${header}widget@A/cable,widget,A,cable,1,pcs,0\n`), {
    message: /line 2: unit is "pcs", expected "m", the unit of item "cable"/,
  });
  const result = await importInto(books, "bom", `${header}widget@A/cable,widget,A,cable,1,m,0\n`);
  assert.equal(result.inserted, 1);
});

test("an account at two people is refused, naming both, by what the books would hold afterwards", async () => {
  const person = (id: string, accounts: string): BookRow<"people"> => ({
    id,
    name: id,
    email: `${id}@example.com`,
    roles: "employee",
    osUser: "",
    active: "yes",
    accounts,
  });
  const books = new MemoryBooks({ people: [person("a", "slack:T1/U1"), person("b", "slack:T1/U2")] });
  const csvOf = (...people: readonly BookRow<"people">[]) =>
    exportKind(new MemoryBooks({ people }), "people");

  await assert.rejects(importInto(books, "people", await csvOf(person("c", "slack:T2/U9 slack:T1/U2"))), {
    code: "bad-csv",
    message:
      /^[^\n]*\nline 2: accounts is "slack:T1\/U2", expected an account of one person: it is at "b" and "c"$/,
  });
  const twice = await csvOf(person("c", "slack:T1/U3"), person("d", "slack:T1/U3"));
  await assert.rejects(importInto(books, "people", twice), { message: /line 2: .*\nline 3: .*"c" and "d"$/ });
  for (const bad of [
    "U1",
    "slack:U1",
    "slack:T1/U 1",
    "slack:T1/U-1",
    "slack:T1/U4  slack:T1/U5",
    " slack:T1/U4",
  ]) {
    const csv = (await csvOf(person("c", ""))).replace(/,$/m, `,${bad}`);
    await assert.rejects(importInto(books, "people", csv), { code: "bad-csv", message: /accounts is / }, bad);
  }
  assert.equal((await books.find("people")).length, 2);

  const swapped = await csvOf(person("a", "slack:T1/U2"), person("b", "slack:T1/U1"));
  assert.equal((await importInto(books, "people", swapped)).updated, 2);
  assert.equal((await books.get("people", "a"))?.accounts, "slack:T1/U2");
});
