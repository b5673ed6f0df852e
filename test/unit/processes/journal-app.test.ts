import assert from "node:assert/strict";
import { test } from "node:test";
import { appendJournal, readChainHeads } from "../../../adapters/store/journal-store.ts";
import { journalApp } from "../../../src/processes/journal-app.ts";
import { settle } from "../../fakes/manual-time.ts";
import { sqliteTestBooks } from "../../fakes/test-books.ts";

const [pages, together] = [11, 500];

test("an export that nobody reads any more is not read to its end", async (t) => {
  const world = await sqliteTestBooks();
  t.after(() => world.close());
  const { database } = world;
  const entries = Array.from({ length: together }, () => ({ kind: "import" as const, run: null, facts: {} }));
  for (let page = 0; page < pages; page += 1) {
    await database.unit((tx) => appendJournal(tx, { writer: "books-1", at: 1, entries }));
  }
  const app = journalApp("books", database);
  const reading = t.mock.method(database, "read");
  const all = await (await app.request("/journal/export")).text();
  assert.equal(all.split("\n").length, pages * together + 3);
  const needed = reading.mock.callCount();
  reading.mock.resetCalls();

  const reader = (await app.request("/journal/export")).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  const asked = reading.mock.callCount();
  // As often as the whole export would read, one after the other.
  for (let look = 0; look < needed; look += 1) {
    await readChainHeads(database);
    await settle();
  }
  const more = reading.mock.callCount() - asked - needed;
  assert.ok(asked + more < needed, `${asked} and ${more} of ${needed} reads`);
});
