import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Kysely } from "kysely";
import { openDatabase } from "../../../adapters/store/open-database.ts";

interface Tables {
  readonly names: { readonly id: string };
}

test("a unit that hangs is undone in the end; others go on, and its tx is of no use any more", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cs-unit-"));
  const migrations = [{ name: "names-1", statements: ["create table names (id text primary key)"] }];
  const database = await openDatabase<Tables>({ folder, name: "record", migrations });
  const insert = (tx: Kysely<Tables>, id: string) => tx.insertInto("names").values({ id }).execute();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const started = Promise.withResolvers<Kysely<Tables>>();
  const hanging = database.unit(async (tx) => {
    await insert(tx, "hanging");
    started.resolve(tx);
    await new Promise(() => undefined);
  });
  const refused = assert.rejects(hanging, { code: "unit-timeout", retryable: true });
  const late = await started.promise;
  const next = database.unit((tx) => insert(tx, "next"));
  t.mock.timers.tick(30_000);
  await refused;
  await next;
  await assert.rejects(insert(late, "late"), { code: "unit-over" });
  const rows = await database.read((db) => db.selectFrom("names").select("id").execute());
  assert.deepEqual(
    rows.map((row) => row.id),
    ["next"],
  );
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});
