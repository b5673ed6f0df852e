import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { BatchStatement, Database } from "../../adapters/store/database.ts";
import { insertion, statementOver } from "../../adapters/store/many-rows.ts";
import type { Migration } from "../../adapters/store/migrate.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import type { DatabasePlace } from "./database.ts";

type Row = { readonly id: string; readonly value: number | null; readonly bytes: Uint8Array | null };
interface Tables {
  readonly rows: Row;
}
const migration: Migration = {
  name: "rows-1",
  statements: ["create table rows (id text primary key, value bigint, bytes bytea)"],
};
const columns = { id: "text", value: "bigint", bytes: "bytea" } as const;

/** Many statements in one transaction and one round trip, on both engines. */
export function databaseBatchContract(name: string, place: () => Promise<DatabasePlace>): void {
  suite(`Batches on ${name}`, () => {
    let database: Database<Tables>;
    before(async () => {
      database = await openDatabase<Tables>({ ...(await place()), name: "record", migrations: [migration] });
    });
    after(() => database.close());

    const insert = (rows: readonly Row[], rest = ""): BatchStatement =>
      insertion<Row>(database.engine, "rows", { columns, rows, rest });
    const taken = (id: string): BatchStatement => ({
      ...insert([{ id, value: 1, bytes: null }], "on conflict do nothing returning id"),
      returns: 1,
    });
    const raise = (id: string): BatchStatement =>
      statementOver(
        database.engine,
        { id: "text" },
        [{ id }],
        (ids) =>
          `with raised ("id") as (${ids}) update rows set value = rows.value + 1 from raised where rows.id = raised.id`,
      );
    const found = (id: string) =>
      database.read((db) => db.selectFrom("rows").selectAll().where("id", "=", id).executeTakeFirst());

    test("texts, numbers and bytes of any kind come back as they were", async () => {
      const ids = [
        'say "no"',
        "a\\b\\",
        "{x,y}",
        "NULL",
        "null",
        "",
        " ",
        "it's",
        "$1 ? ?1",
        "line\nline",
        "Größe 📦",
      ];
      const rows = ids.map((id, index) => ({
        id,
        value: index === 3 ? null : Number.MAX_SAFE_INTEGER - index,
        bytes: index === 4 ? null : Uint8Array.of(0, 92, 34, 255, index),
      }));
      assert.equal(await database.batch([insert(rows)]), "made");
      for (const row of rows) {
        const { bytes, ...rest } = (await found(row.id)) ?? assert.fail(`"${row.id}" is not there`);
        assert.deepEqual({ ...rest, bytes: bytes === null ? null : new Uint8Array(bytes) }, row);
      }
    });

    test("whole numbers come back to the last digit, what is none is refused before anything is sent", async () => {
      const values = [0, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 32) - 1, Number.MIN_SAFE_INTEGER];
      const rows = values.map((value) => ({ id: `number ${value}`, value, bytes: null }));
      assert.equal(await database.batch([insert(rows)]), "made");
      for (const { id, value } of rows) {
        assert.equal((await found(id))?.value, value);
      }
      const broken = { id: 7 as unknown as string, value: null, bytes: null };
      if (database.engine === "postgres") {
        assert.throws(() => insert([broken]), { code: "data-error" });
      }
    });

    test("batches asked for at once are made in that order, also around one that is refused", async () => {
      const outcomes = await Promise.all([
        database.batch([taken("one")]),
        database.batch([raise("one"), taken("two")]),
        database.batch([raise("one"), taken("one")]),
        database.batch([raise("two"), taken("three")]),
      ]);
      assert.deepEqual(outcomes, ["made", "made", "refused", "made"]);
      assert.deepEqual([(await found("one"))?.value, (await found("two"))?.value], [2, 2]);
    });

    test("what one statement lacks is written by none", async () => {
      assert.equal(await database.batch([taken("first")]), "made");
      assert.equal(await database.batch([raise("first"), taken("second"), taken("first")]), "refused");
      assert.equal(await found("second"), undefined);
      assert.equal((await found("first"))?.value, 1);
      assert.equal(await database.batch([raise("first"), taken("second")]), "made");
      assert.equal((await found("first"))?.value, 2);
    });

    test("a statement that fails undoes all, and its error comes through", async () => {
      const again = insert([{ id: "third", value: 1, bytes: null }]);
      await assert.rejects(database.batch([taken("fourth"), again, again]), { code: "data-constraint" });
      assert.equal(await found("fourth"), undefined);
      assert.equal(await database.batch([taken("fourth")]), "made");
    });

    test("batches and units that come at once are all made", async () => {
      await database.batch([taken("busy")]);
      const all = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0
          ? database.batch([raise("busy"), taken(`busy${index}`)])
          : database.unit(async (tx) => {
              await tx
                .updateTable("rows")
                .set((eb) => ({ value: eb("value", "+", 1) }))
                .where("id", "=", "busy")
                .execute();
            }),
      );
      await Promise.all(all);
      assert.equal((await found("busy"))?.value, 21);
    });

    test("a batch inside a unit is refused", async () => {
      await assert.rejects(
        database.unit(() => database.batch([taken("inside")])),
        { code: "nested-unit" },
      );
      assert.equal(await found("inside"), undefined);
    });
  });
}
