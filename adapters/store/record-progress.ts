import { sql } from "kysely";
import type { Store } from "../../src/ports.ts";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";

/** Runs in progress and runs that wait for their turn. The conditions are spelled as their partial indexes are. */

/** As the index `runs_open` says it. */
export const isOpen = sql<boolean>`status in ('running', 'waiting', 'compensating')`;
const isBusy = sql<boolean>`${isOpen} and status in ('running', 'compensating')`;
const isHeld = sql<boolean>`held = 1 and status = 'running'`;

/** See `Store.progress`. */
export async function runProgress(database: Database<RecordTables>): ReturnType<Store["progress"]> {
  const [busy, waiting] = await database.read((db) =>
    Promise.all([
      db
        .selectFrom("runs")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where(isBusy)
        .executeTakeFirstOrThrow(),
      db
        .selectFrom("runs")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where(isHeld)
        .executeTakeFirstOrThrow(),
    ]),
  );
  return { inProgress: busy.count - waiting.count, held: waiting.count };
}

/** See `Store.heldRuns`. */
export async function heldRuns(
  database: Database<RecordTables>,
  limit: number,
): ReturnType<Store["heldRuns"]> {
  return database.read((db) =>
    db
      .selectFrom((held) =>
        held
          .selectFrom("runs")
          .select(["id as run", "requester", "created_at"])
          .select(sql<number>`row_number() over (partition by requester order by created_at, id)`.as("turn"))
          .where(isHeld)
          .as("held"),
      )
      .select(["run", "requester"])
      .orderBy("turn")
      .orderBy("created_at")
      .orderBy("run")
      .limit(limit)
      .execute(),
  );
}
