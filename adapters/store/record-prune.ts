import type { Kysely } from "kysely";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";

/** How long what is done is kept: longer than any message lives, so that a late duplicate is still known. */
export const keptMs = 30 * 24 * 3_600_000;
/** Rows, or runs, per unit: others wait for a unit. */
const batch = 200;

/** Deletes old rows that nothing needs any more, in small units; resolves with their number. */
export async function pruneRecord(database: Database<RecordTables>, now: number): Promise<number> {
  const before = now - keptMs;
  return (
    (await inBatches(database, (tx) =>
      tx
        .deleteFrom("outbox")
        .where("id", "in", (eb) =>
          eb.selectFrom("outbox as old").select("old.id").where("old.closed_at", "<", before).limit(batch),
        )
        .executeTakeFirst(),
    )) +
    (await inBatches(database, (tx) =>
      tx
        .deleteFrom("inbox")
        .where("run", "in", (eb) =>
          eb
            .selectFrom("inbox as old")
            .select("old.run")
            .distinct()
            .where("old.at", "<", before)
            .limit(batch / 10),
        )
        .where("at", "<", before)
        .executeTakeFirst(),
    )) +
    (await inBatches(database, (tx) =>
      tx
        .deleteFrom("assignments")
        .where("run", "in", (eb) =>
          eb
            .selectFrom("assignments as old")
            .innerJoin("runs", "runs.id", "old.run")
            .select("old.run")
            .distinct()
            .where("runs.status", "in", ["completed", "failed", "cancelled"])
            .where("runs.updated_at", "<", before)
            .limit(batch / 10),
        )
        .executeTakeFirst(),
    )) +
    (await inBatches(database, (tx) =>
      tx
        .deleteFrom("kept_values")
        .where("key", "in", (eb) =>
          eb
            .selectFrom("kept_values as old")
            .select("old.key")
            .where("old.passing_at", "<", before)
            .limit(batch),
        )
        .executeTakeFirst(),
    )) +
    (await inBatches(database, (tx) =>
      tx
        .deleteFrom("requests")
        .where("key", "in", (eb) =>
          eb
            .selectFrom("requests as old")
            .select("old.key")
            .where("old.withdrawn_at", "<", before)
            .limit(batch),
        )
        .executeTakeFirst(),
    ))
  );
}

/** Units that delete a batch each, until one finds nothing. */
export async function inBatches<S>(
  database: Database<S>,
  remove: (tx: Kysely<S>) => Promise<{ readonly numDeletedRows: bigint }>,
): Promise<number> {
  let removed = 0;
  for (;;) {
    const { numDeletedRows } = await database.unit(remove);
    if (numDeletedRows === 0n) {
      return removed;
    }
    removed += Number(numDeletedRows);
  }
}
