import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import inventory from "../../../agents/inventory.ts";
import type { BookKind, BookRow, Reservation, Stock } from "../../../src/book-rows.ts";
import type { MessageSubject } from "../../../src/link-types.ts";
import type { Books } from "../../../src/ports.ts";
import type { DeficitLine } from "../../../src/plan/sourcing-schema.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { skillContext } from "../../fakes/skill-context.ts";

const need = (part: string, quantity: string, unit = "pcs"): DeficitLine => ({
  part,
  description: `The ${part}`,
  quantity,
  unit,
  weightKg: "0.5",
});
const onHand = (part: string, quantity: string, unit = "pcs"): Stock => ({
  id: part,
  onHand: quantity,
  unit,
  location: "A-1",
});
const held = (run: string, part: string, quantity: string, status: Reservation["status"] = "held") => ({
  id: `${run}-1-${part}`,
  run,
  part,
  quantity,
  status,
});

function using(books: Books, subject: Partial<MessageSubject> = {}) {
  const context = skillContext({ agent: "inventory", books, subject });
  const { reserve, release, deficit } = inventory.skills;
  return {
    reserve: async (...parts: DeficitLine[]) =>
      reserve.output.parse(await reserve.run(context, { parts }, null)),
    release: async () => release.output.parse(await release.run(context, {}, null)),
    deficit: async (...parts: DeficitLine[]) =>
      deficit.output.parse(await deficit.run(context, { parts }, null)),
  };
}
const heldOf = async (books: Books, part: string) =>
  (await books.find("reservations", { part, status: "held" })).map(({ run, quantity }) => [run, quantity]);

suite("inventory", () => {
  test("reserves what is free and names what is missing", async () => {
    const books = new MemoryBooks({
      stock: [onHand("bolt", "50"), onHand("plate", "10"), onHand("wire", "2.5", "m")],
      reservations: [
        held("other", "bolt", "30"),
        held("past", "plate", "10", "released"),
        held("gone", "plate", "4"),
      ],
    });
    const result = await using(books).reserve(
      need("wire", "4.25", "m"),
      need("plate", "6"),
      need("bolt", "25"),
    );
    assert.deepEqual(result, {
      reserved: [
        { part: "bolt", quantity: "20" },
        { part: "plate", quantity: "6" },
        { part: "wire", quantity: "2.5" },
      ],
      deficit: [need("bolt", "5"), need("wire", "1.75", "m")],
    });
    assert.deepEqual(await heldOf(books, "bolt"), [
      ["other", "30"],
      ["run1", "20"],
    ]);
  });

  test("what is not in stock, or over-reserved, is all missing", async () => {
    const books = new MemoryBooks({
      stock: [onHand("bolt", "5")],
      reservations: [held("other", "bolt", "9")],
    });
    const { reserved, deficit } = await using(books).reserve(need("bolt", "3"), need("motor", "2"));
    assert.deepEqual([reserved, deficit], [[], [need("bolt", "3"), need("motor", "2")]]);
  });

  test("consumed reservations do not count: their parts have left the stock", async () => {
    const books = new MemoryBooks({
      stock: [onHand("bolt", "5")],
      reservations: [held("other", "bolt", "9", "consumed")],
    });
    assert.deepEqual((await using(books).reserve(need("bolt", "3"))).deficit, []);
  });

  test("a part that is needed twice is counted once", async () => {
    const books = new MemoryBooks({ stock: [onHand("bolt", "5")] });
    const { reserved, deficit } = await using(books).reserve(need("bolt", "3"), need("bolt", "4"));
    assert.deepEqual([reserved, deficit], [[{ part: "bolt", quantity: "5" }], [need("bolt", "2")]]);
  });

  test("doing it again changes nothing, also after the stock has grown", async () => {
    const books = new MemoryBooks({ stock: [onHand("bolt", "5")] });
    const first = await using(books).reserve(need("bolt", "3"));
    assert.deepEqual(await using(books, { attempt: 2 }).reserve(need("bolt", "3")), first);
    assert.deepEqual(await heldOf(books, "bolt"), [["run1", "3"]]);
  });

  test("release frees this revision's reservations only, and only once", async () => {
    const books = new MemoryBooks({
      stock: [onHand("bolt", "5")],
      reservations: [held("other", "bolt", "2")],
    });
    await using(books).reserve(need("bolt", "3"));
    assert.deepEqual(await using(books, { step: "undo-reserve" }).release(), { released: 1 });
    assert.deepEqual(await using(books, { step: "undo-reserve" }).release(), { released: 0 });
    assert.deepEqual(await heldOf(books, "bolt"), [["other", "2"]]);
  });

  test("a reservation that comes after its release is refused, whether it had come before or not", async () => {
    for (const before of [true, false]) {
      const books = new MemoryBooks({ stock: [onHand("bolt", "5")] });
      if (before) {
        await using(books).reserve(need("bolt", "3"));
      }
      await using(books).release();
      await using(books).release();
      await assert.rejects(using(books).reserve(need("bolt", "3")), { code: "undone" });
      assert.deepEqual(await heldOf(books, "bolt"), []);
    }
  });

  test("a new revision takes over from the earlier one, which then neither reserves nor releases anything", async () => {
    const books = new MemoryBooks({ stock: [onHand("bolt", "5")] });
    await using(books).reserve(need("bolt", "4"));
    const second = await using(books, { revision: 2 }).reserve(need("bolt", "5"));
    assert.deepEqual(second.reserved, [{ part: "bolt", quantity: "5" }]);
    await assert.rejects(using(books).reserve(need("bolt", "1")), { code: "superseded" });
    await using(books).release();
    assert.deepEqual(await heldOf(books, "bolt"), [["run1", "5"]]);
  });

  test("runs whose ids begin alike do not touch each other", async () => {
    const books = new MemoryBooks({ stock: [onHand("bolt", "9")] });
    await using(books, { run: "run1" }).reserve(need("bolt", "3"));
    await using(books, { run: "run1-1" }).reserve(need("bolt", "3"));
    assert.deepEqual(await using(books, { run: "run1" }).release(), { released: 1 });
    assert.deepEqual(await heldOf(books, "bolt"), [["run1-1", "3"]]);
  });

  test("deficit says what reserve would find, and reserves nothing", async () => {
    const books = new MemoryBooks({
      stock: [onHand("bolt", "5")],
      reservations: [held("other", "bolt", "4")],
    });
    const looked = await using(books).deficit(need("bolt", "3"), need("motor", "1"));
    assert.deepEqual(looked, { deficit: [need("bolt", "2"), need("motor", "1")] });
    assert.deepEqual(await heldOf(books, "bolt"), [["other", "4"]]);
    assert.deepEqual(
      (await using(books).reserve(need("bolt", "3"), need("motor", "1"))).deficit,
      looked.deficit,
    );
  });

  test("another unit than the stock's is refused", async () => {
    const books = new MemoryBooks({ stock: [onHand("wire", "5", "m")] });
    await assert.rejects(using(books).reserve(need("wire", "3")), { code: "unit-mismatch" });
    await assert.rejects(using(books).deficit(need("wire", "3")), { code: "unit-mismatch" });
  });

  test("stock that changes under the reservation is read again; if it never rests, it is tried later", async () => {
    class RestlessBooks extends MemoryBooks {
      changes = 0;
      override async get<K extends BookKind>(kind: K, id: string): Promise<BookRow<K> | undefined> {
        const row = await super.get(kind, id);
        if (kind === "stock" && this.changes > 0) {
          this.changes -= 1;
          await super.update("stock", id, { onHand: String(this.changes) });
        }
        return row;
      }
    }
    const books = new RestlessBooks({ stock: [onHand("bolt", "99")] });
    books.changes = 3;
    assert.deepEqual((await using(books).reserve(need("bolt", "3"))).deficit, [need("bolt", "3")]);
    books.changes = 9;
    await assert.rejects(using(books, { run: "run2" }).reserve(need("bolt", "3")), {
      code: "books-changed",
      retryable: true,
    });
  });

  test("over any sequence of reservations and releases no part is promised twice and nothing is lost", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 40 })), {
          maxLength: 12,
        }),
        async (stock, steps) => {
          const books = new MemoryBooks({ stock: [onHand("bolt", String(stock))] });
          const runs = new Map<number, number>();
          for (const [run, wanted] of steps) {
            const skills = using(books, { run: `run${run}` });
            const othersHold = [...runs]
              .filter(([id]) => id !== run)
              .reduce((sum, [, each]) => sum + each, 0);
            if (wanted === 0) {
              await skills.release();
              runs.set(run, 0);
              continue;
            }
            const result = await skills.reserve(need("bolt", String(wanted))).catch((error: unknown) => {
              assert.equal((error as { code?: string }).code, "undone");
            });
            if (result !== undefined) {
              const got = Math.min(wanted, stock - othersHold);
              assert.equal(result.reserved[0]?.quantity ?? "0", String(got));
              assert.equal(result.deficit[0]?.quantity ?? "0", String(wanted - got));
              runs.set(run, got);
            }
          }
          const total = (await heldOf(books, "bolt")).reduce(
            (sum, [, quantity]) => sum + Number(quantity),
            0,
          );
          assert.equal(
            total,
            [...runs.values()].reduce((sum, each) => sum + each, 0),
          );
          assert.ok(total <= stock);
        },
      ),
      { numRuns: 100 },
    ));
});
