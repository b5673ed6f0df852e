import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Database } from "../../adapters/store/database.ts";
import type { Migration } from "../../adapters/store/migrate.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";

/** Where a database lies: a folder or a URL. */
export interface DatabasePlace {
  readonly folder?: string;
  readonly url?: string;
}
interface Tables {
  readonly counters: { readonly id: string; readonly value: number; readonly bytes: Uint8Array | null };
}
const counters: Migration = {
  name: "counters-1",
  statements: ["create table counters (id text primary key, value bigint not null, bytes bytea)"],
};

/** What both engines must do alike; `place` gives a new, empty place. */
export function databaseContract(name: string, place: () => Promise<DatabasePlace>): void {
  suite(`Database on ${name}`, () => {
    let database: Database<Tables>;
    let at: DatabasePlace;
    const open = (migrations: readonly Migration[] = [counters]) =>
      openDatabase<Tables>({ ...at, name: "record", migrations });
    const raise = (id: string, by: number, from: Database<Tables> = database) =>
      from.unit((tx) =>
        tx
          .insertInto("counters")
          .values({ id, value: by, bytes: null })
          .onConflict((conflict) =>
            conflict.column("id").doUpdateSet((eb) => ({ value: eb("counters.value", "+", by) })),
          )
          .returning("value")
          .executeTakeFirstOrThrow(),
      );
    const value = (id: string) =>
      database.read(async (db) => {
        const row = await db.selectFrom("counters").select("value").where("id", "=", id).executeTakeFirst();
        return row?.value;
      });
    before(async () => {
      at = await place();
      database = await open();
    });
    after(() => database.close());

    test("integers and bytes come back as they were", async () => {
      const row = { id: "types", value: Number.MAX_SAFE_INTEGER, bytes: Uint8Array.of(0, 255, 1) };
      await database.unit((tx) => tx.insertInto("counters").values(row).execute());
      const found = await database.read((db) =>
        db.selectFrom("counters").selectAll().where("id", "=", "types").executeTakeFirstOrThrow(),
      );
      assert.deepEqual({ ...found, bytes: new Uint8Array(found.bytes ?? []) }, row);
    });

    test("a unit that throws leaves nothing, and its error comes through", async () => {
      const reason = new Error("changed my mind");
      await assert.rejects(
        database.unit(async (tx) => {
          await tx.insertInto("counters").values({ id: "undone", value: 1, bytes: null }).execute();
          throw reason;
        }),
        reason,
      );
      assert.equal(await value("undone"), undefined);
    });

    test("failing units among many concurrent ones harm only themselves", async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) =>
          database.unit(async (tx) => {
            await tx
              .insertInto("counters")
              .values({ id: `many-${index}`, value: index, bytes: null })
              .execute();
            if (index % 3 === 0) {
              throw new Error("on purpose");
            }
            return index;
          }),
        ),
      );
      for (const [index, result] of results.entries()) {
        assert.equal(result.status, index % 3 === 0 ? "rejected" : "fulfilled");
        assert.equal(await value(`many-${index}`), index % 3 === 0 ? undefined : index);
      }
    });

    test("a hundred concurrent increments are all counted", async () => {
      await Promise.all(Array.from({ length: 100 }, () => raise("hundred", 1)));
      assert.equal(await value("hundred"), 100);
    });

    test("statements of one unit may be sent together", async () => {
      await database.unit((tx) =>
        Promise.all(
          ["x", "y", "z"].map((id) =>
            tx.insertInto("counters").values({ id, value: 1, bytes: null }).execute(),
          ),
        ),
      );
      assert.deepEqual(await Promise.all(["x", "y", "z"].map(value)), [1, 1, 1]);
    });

    test("readers see committed data only", async () => {
      await raise("seen", 1);
      await database.unit(async (tx) => {
        await tx.updateTable("counters").set({ value: 2 }).where("id", "=", "seen").execute();
        assert.equal(await value("seen"), 1);
      });
      assert.equal(await value("seen"), 2);
    });

    test("a failed statement dooms its unit, also when its error is caught", async () => {
      await raise("taken", 1);
      await assert.rejects(
        database.unit(async (tx) => {
          await tx.insertInto("counters").values({ id: "before", value: 1, bytes: null }).execute();
          await tx
            .insertInto("counters")
            .values({ id: "taken", value: 1, bytes: null })
            .execute()
            .catch(() => undefined);
        }),
        { code: "data-constraint" },
      );
      assert.equal(await value("before"), undefined);
    });

    test("reading accesses cannot write", async () => {
      await assert.rejects(
        database.read((db) =>
          db.insertInto("counters").values({ id: "sneaky", value: 1, bytes: null }).execute(),
        ),
        { code: "read-only" },
      );
      assert.equal(await value("sneaky"), undefined);
    });

    test("a unit inside a unit is refused instead of waiting for itself", async () => {
      await assert.rejects(
        database.unit(() => raise("nested", 1)),
        { code: "nested-unit" },
      );
      assert.equal((await raise("nested", 1)).value, 1);
    });

    test("errors carry no values", async () => {
      await raise("SECRET-VALUE", 1);
      const failing = database.unit((tx) =>
        tx.insertInto("counters").values({ id: "SECRET-VALUE", value: 1, bytes: null }).execute(),
      );
      await assert.rejects(failing, (error: Error) => !JSON.stringify([error.message]).includes("SECRET"));
    });

    test("migrations run once, in order, and later ones are added", async () => {
      await database.close();
      const second: Migration = { name: "names-1", statements: ["create table names (id text primary key)"] };
      await (await open([counters, second])).close();
      await assert.rejects(open(), { code: "data-newer", message: /names-1/ });
      const broken: Migration = {
        name: "broken-1",
        statements: ["create table half (id text)", "create nonsense"],
      };
      await assert.rejects(open([counters, second, broken]), { code: "data-error" });
      const repaired: Migration = { name: "broken-1", statements: ["create table half (id text)"] };
      await (await open([counters, second, repaired])).close();
      database = await open([counters, second, repaired]);
      assert.equal(await value("hundred"), 100);
    });

    test("closing finishes what was asked for; afterwards everything is refused", async () => {
      const asked = Array.from({ length: 20 }, () => raise("closing", 1));
      await database.close();
      await Promise.all(asked);
      await assert.rejects(raise("closing", 1), { code: "data-unavailable" });
      await assert.rejects(value("closing"), { code: "data-unavailable" });
      database = await openDatabase<Tables>({
        ...at,
        name: "record",
        migrations: ["counters-1", "names-1", "broken-1"].map((each) => ({ name: each, statements: [] })),
      });
      assert.equal(await value("closing"), 20);
    });
  });
}
