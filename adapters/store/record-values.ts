import type { Kysely } from "kysely";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";

/** Small values that outlive a process. */

export async function getValue(database: Database<RecordTables>, key: string): Promise<string | undefined> {
  const row = await database.read((db) =>
    db.selectFrom("kept_values").select("value").where("key", "=", key).executeTakeFirst(),
  );
  return row?.value;
}

export async function getValues(
  database: Database<RecordTables>,
  prefix: string,
): Promise<ReadonlyMap<string, string>> {
  const rows = await database.read((db) =>
    db
      .selectFrom("kept_values")
      .select(["key", "value"])
      .where((eb) => eb(eb.fn<string>("substr", ["key", eb.val(1), eb.val(prefix.length)]), "=", prefix))
      .orderBy("key")
      .execute(),
  );
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/** `passing_at`: when a passing value was set; null for one that stays. */
type KeptValue = Pick<RecordTables["kept_values"], "value" | "passing_at">;

export async function setValue(database: Database<RecordTables>, key: string, row: KeptValue): Promise<void> {
  await database.unit((tx) => putValue(tx, key, row));
}

export async function putValue(tx: Kysely<RecordTables>, key: string, row: KeptValue): Promise<void> {
  await tx
    .insertInto("kept_values")
    .values({ key, ...row })
    .onConflict((conflict) => conflict.column("key").doUpdateSet(row))
    .execute();
}
