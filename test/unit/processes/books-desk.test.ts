import assert from "node:assert/strict";
import { test } from "node:test";
import { openBooks } from "../../../adapters/store/books-database.ts";
import { readJournal } from "../../../adapters/store/journal-store.ts";
import { booksDesk } from "../../../src/processes/books-server.ts";
import { sqliteTestBooks } from "../../fakes/test-books.ts";

test("an import is in the journal, by kind and numbers; a dry run and a refused one are not", async (t) => {
  const world = await sqliteTestBooks();
  t.after(() => world.close());
  const desk = booksDesk({ database: world.database, books: openBooks(world.database) });
  const csv = "id,rate,asOf\nEUR,1.08,2026-01-31\nGBP,1.27,2026-01-31\n";
  const journal = async () => {
    const found: unknown[] = [];
    for await (const { kind, run, facts, body } of readJournal(world.database)) {
      found.push({ kind, run, facts, body });
    }
    return found;
  };
  await desk.importCsv("rates", csv, true);
  await assert.rejects(desk.importCsv("rates", "id,rate,asOf\nEUR,x,y\n", false), { code: "bad-csv" });
  assert.deepEqual(await journal(), []);
  await desk.importCsv("rates", csv, false);
  const facts = { kind: "rates", inserted: 2, updated: 0, unchanged: 0 };
  assert.deepEqual(await journal(), [{ kind: "import", run: null, facts, body: null }]);
});

test("what agents keep as evidence cannot be imported", async (t) => {
  const world = await sqliteTestBooks();
  t.after(() => world.close());
  const desk = booksDesk({ database: world.database, books: openBooks(world.database) });
  for (const kind of ["decisions", "checkpoints"]) {
    const csv = await desk.csv(kind, undefined);
    await assert.rejects(desk.importCsv(kind, csv, false), { code: "kept-by-agents" });
    await assert.rejects(desk.importCsv(kind, csv, true), { code: "kept-by-agents" });
  }
});
