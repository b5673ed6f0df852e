import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { openBooks } from "../../adapters/store/books-database.ts";
import inventory from "../../agents/inventory.ts";
import type { AgentStore } from "../../src/ports.ts";
import { skillContext } from "../fakes/skill-context.ts";
import { fenceOf } from "../fakes/sample-reply.ts";
import type { TestBooks } from "../fakes/test-books.ts";

/** Reservations that race for the same parts, on a real database and from two owners of it where there can be two. */
export function stockRacesContract(name: string, open: () => Promise<TestBooks>): void {
  suite(`stock races on ${name}`, () => {
    let world: TestBooks;
    let second: TestBooks["database"] | undefined;
    before(async () => {
      world = await open();
      second = await world.again?.();
    });
    after(async () => {
      await second?.close();
      await world.close();
    });
    const storeOf = (database: TestBooks["database"], agent: string): AgentStore =>
      openAgentStore({
        database,
        books: openBooks(database),
        agent,
        clock: { now: () => 1_000 },
        writer: agent,
      });

    test("runs that reserve and release the same parts at once never get the same piece", async () => {
      const stores = [
        storeOf(world.database, "inventory-a"),
        storeOf(second ?? world.database, "inventory-b"),
      ];
      const owners = await Promise.all(
        stores.map(async (store) => ({ store, lease: await store.acquireLease("main") })),
      );
      const [owner] = owners;
      assert.ok(owner);
      const parts = ["bolt", "plate"];
      await owner.store.transact(owner.lease, fenceOf("stock"), async (books) => {
        for (const id of parts) {
          await books.insert("stock", { id, onHand: "20", unit: "pcs", location: "" });
        }
      });
      const needed = parts.map((part) => ({
        part,
        description: part,
        quantity: "3",
        unit: "pcs",
        weightKg: "1",
      }));
      const attempt = (run: number, skill: "reserve" | "release") => {
        const { store, lease } = owners[run % owners.length] ?? owner;
        return store.transact(lease, fenceOf(`run${run}`), (books) => {
          const context = skillContext({ agent: "inventory", books, subject: { run: `run${run}` } });
          // Every other run names the parts the other way round.
          const input = { parts: run % 2 === 0 ? needed : needed.toReversed() };
          return skill === "reserve"
            ? inventory.skills.reserve.run(context, input, null)
            : inventory.skills.release.run(context, {}, null).then(() => undefined);
        });
      };
      const first = await Promise.all(Array.from({ length: 10 }, (_, run) => attempt(run, "reserve")));
      const promised = (part: string) =>
        first.reduce(
          (sum, result) => sum + Number(result?.reserved.find((each) => each.part === part)?.quantity ?? 0),
          0,
        );
      const heldNow = async (part: string) => {
        const rows = await owner.store.books.find("reservations", { part, status: "held" });
        return rows.reduce((sum, row) => sum + Number(row.quantity), 0);
      };
      for (const part of parts) {
        assert.equal(promised(part), 20);
        assert.equal(await heldNow(part), 20);
      }
      await Promise.all(
        Array.from({ length: 20 }, (_, run) => attempt(run, run < 10 ? "release" : "reserve")),
      );
      for (const part of parts) {
        assert.ok((await heldNow(part)) <= 20);
      }
    });
  });
}
