import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { exportKind, importKind, keptByAgents } from "../../adapters/store/books-csv.ts";
import { type BooksAccess, openBooks } from "../../adapters/store/books-database.ts";
import { bookKinds } from "../../adapters/store/books-kinds.ts";
import type { BookRow } from "../../src/book-rows.ts";
import { demoRows, seedCompany } from "../../src/sandbox/company/seed-company.ts";
import type { TestBooks } from "../fakes/test-books.ts";

const clock = { now: () => Date.parse("2026-03-01T12:00:00Z") };

/** What Books in a database must do; run on each engine. */
export function booksContract(name: string, open: () => Promise<TestBooks>): void {
  suite(`Books on ${name}`, () => {
    let world: TestBooks;
    let books: BooksAccess;
    before(async () => {
      world = await open();
      books = openBooks(world.database);
    });
    after(() => world.close());

    test("the demo company is seeded once and reads back row for row", async () => {
      assert.equal(await books.unit((unit) => seedCompany(unit, clock)), true);
      assert.equal(await books.unit((unit) => seedCompany(unit, clock)), false);
      const rows = demoRows(clock);
      for (const kind of bookKinds) {
        const expected = [...(rows[kind] ?? [])].toSorted((a, b) => (a.id < b.id ? -1 : 1));
        assert.deepEqual(await books.reader.find(kind), expected, kind);
      }
    });

    test("get and find give rows by id and by fields, ordered by id", async () => {
      assert.equal((await books.reader.get("items", "widget"))?.name, "Widget");
      assert.equal(await books.reader.get("items", "no-such-item"), undefined);
      const lines = await books.reader.find("bom", { parent: "widget", parentRevision: "B" });
      assert.deepEqual(
        lines.map(({ component }) => component),
        ["asm-control", "asm-drive", "asm-frame", "asm-housing", "asm-pack", "asm-power"],
      );
      assert.deepEqual(await books.reader.find("bom", { parent: "x' or 1=1 --" }), []);
    });

    test("a field that is no column of the kind never reaches SQL", async () => {
      const where = { "id\" = '' or 1=1 --": "x" } as Partial<BookRow<"people">>;
      await assert.rejects(books.reader.find("people", where), { code: "bad-row" });
      const nothing = { name: undefined } as unknown as Partial<BookRow<"people">>;
      await assert.rejects(books.reader.find("people", nothing), { code: "bad-row" });
    });

    test("the reader cannot write", async () => {
      const write = books.reader.update("stock", "psu-96w", { onHand: "1" });
      await assert.rejects(write, { code: "read-only" });
      assert.equal((await books.reader.get("stock", "psu-96w"))?.onHand, "0");
    });

    test("an id is inserted once", async () => {
      const row = reservation("run1", "5");
      await books.unit((unit) => unit.insert("reservations", row));
      await assert.rejects(
        books.unit((unit) => unit.insert("reservations", row)),
        { code: "exists" },
      );
      assert.deepEqual(await books.reader.get("reservations", row.id), row);
    });

    test("update changes a row only where what was expected still holds", async () => {
      const id = "run1-1-psu-96w";
      const update = (to: "released" | "consumed", from: "held" | "released") =>
        books.unit((unit) => unit.update("reservations", id, { status: to }, { status: from }));
      assert.equal(await update("released", "held"), true);
      assert.equal(await update("consumed", "held"), false);
      assert.equal((await books.reader.get("reservations", id))?.status, "released");
      assert.equal(await books.unit((unit) => unit.update("reservations", "none", {})), false);
      assert.equal(await books.unit((unit) => unit.update("reservations", id, {}, { run: "run1" })), true);
      assert.equal(await books.unit((unit) => unit.update("reservations", id, {}, { run: "run2" })), false);
    });

    test("of concurrent compare-and-sets one wins", async () => {
      const seen = await books.reader.get("stock", "led-red");
      assert.ok(seen);
      const results = await Promise.all(
        ["a", "b", "c", "d", "e", "f"].map((location) =>
          books.unit((unit) => unit.update("stock", "led-red", { location }, { location: seen.location })),
        ),
      );
      assert.equal(results.filter((won) => won).length, 1);
      assert.notEqual((await books.reader.get("stock", "led-red"))?.location, seen.location);
    });

    test("a row that would be wrong is refused and its unit undone", async () => {
      const wrong = books.unit(async (unit) => {
        await unit.update("stock", "led-green", { onHand: "1" });
        await unit.update("stock", "led-red", { onHand: "-3" });
      });
      await assert.rejects(wrong, { code: "bad-row", message: /stock "led-red": onHand is "-3"/ });
      assert.notEqual((await books.reader.get("stock", "led-green"))?.onHand, "1");
      await assert.rejects(
        books.unit((unit) => unit.insert("reservations", { ...reservation("run2", "1"), run: "" })),
        { code: "bad-row" },
      );
      await assert.rejects(
        books.unit((unit) => unit.update("stock", "led-red", { id: "led-pink" })),
        { code: "bad-row", message: /never changes/ },
      );
    });

    test("concurrent reservations never claim the same stock", async () => {
      // 60 on hand (asm-frame's bracket), each claims 25: two fit.
      const claim = (run: string) =>
        books.unit(async (unit) => {
          await unit.update("stock", "brk-l30", {});
          const held = await unit.find("reservations", { part: "brk-l30", status: "held" });
          const onHand = Number((await unit.get("stock", "brk-l30"))?.onHand);
          const free = onHand - held.reduce((sum, each) => sum + Number(each.quantity), 0);
          if (free < 25) {
            return false;
          }
          await unit.insert("reservations", reservation(run, "25", "brk-l30"));
          return true;
        });
      const results = await Promise.all(["c1", "c2", "c3", "c4", "c5"].map(claim));
      assert.equal(results.filter((won) => won).length, 2);
    });

    test("an import is all or nothing, and says every wrong line", async () => {
      const csv = await exportKind(books.reader, "stock");
      const lines = csv.trimEnd().split("\n");
      lines[1] = lines[1]?.replace(/,[\d.]+,/, ",7,") ?? "";
      lines[100] = lines[100]?.replace(/,[\d.]+,/, ",seven,") ?? "";
      lines[120] = (lines[120] ?? "").replace(/^[^,]+/, "no-such-part");
      const before = await books.reader.find("stock");
      await assert.rejects(importStock(lines.join("\n")), (error: Error) => {
        assert.match(
          error.message,
          /^nothing was imported into stock:\nline 101: onHand is "seven", expected a number/,
        );
        assert.match(error.message, /\nline 121: id is "no-such-part", expected the id of one of items/);
        return true;
      });
      assert.deepEqual(await books.reader.find("stock"), before);
    });

    test("an import replaces, inserts and leaves; a dry run only counts", async () => {
      const part = await books.reader.get("stock", "psu-96w");
      assert.ok(part);
      const csv = "location,id,unit,onHand\nZ-1,psu-96w,pcs,33\nZ-2,widget,pcs,4\n";
      const expected = { inserted: 1, updated: 1, unchanged: 0 };
      assert.deepEqual(await importStock(csv, true), expected);
      assert.deepEqual(await books.reader.get("stock", "psu-96w"), part);
      const count = (await books.reader.find("stock")).length;
      assert.deepEqual(await importStock(csv), expected);
      assert.equal((await books.reader.find("stock")).length, count + 1);
      assert.deepEqual(await books.reader.get("stock", "psu-96w"), {
        id: "psu-96w",
        onHand: "33",
        unit: "pcs",
        location: "Z-1",
      });
      assert.deepEqual(await importStock(csv), { inserted: 0, updated: 0, unchanged: 2 });
    });

    test("every kind comes back from its export unchanged", async () => {
      for (const kind of bookKinds.filter((each) => !keptByAgents.includes(each))) {
        const csv = await exportKind(books.reader, kind);
        const result = await importKind((fn) => books.unit(fn), kind, csv, { dryRun: false });
        const unchanged = (await books.reader.find(kind)).length;
        assert.deepEqual(result, { inserted: 0, updated: 0, unchanged }, kind);
        assert.equal(await exportKind(books.reader, kind), csv, kind);
      }
    });

    const importStock = (csv: string, dryRun = false) =>
      importKind((fn) => books.unit(fn), "stock", csv, { dryRun });
  });
}

function reservation(run: string, quantity: string, part = "psu-96w"): BookRow<"reservations"> {
  return { id: `${run}-1-${part}`, run, part, quantity, status: "held" };
}
