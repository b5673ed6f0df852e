import type { Kysely } from "kysely";
import type { RunId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";
import type { BookTables } from "./books-tables.ts";
import type { Database } from "./database.ts";
import { appendJournal, type JournalTables } from "./journal-store.ts";
import { sealBody } from "./record-commit.ts";
import type { RecordTables } from "./record-schema.ts";
import { getValue, putValue } from "./record-values.ts";
import { noRun, type RunKeys } from "./run-keys.ts";

/**
 * Erasing what was said in runs: the record's texts by destroying the key that they are sealed under, the agents' clear
 * copies by deleting them. The journals keep every record and its hash, and say what was erased, when and by whom.
 */

/** Where the record's texts are erased. */
export interface RecordPlace {
  readonly database: Database<RecordTables>;
  readonly keys: RunKeys;
  readonly clock: Clock;
  /** Whose chain of the journal says so. */
  readonly writer: string;
}
/** Which finished runs: one, a person's, or those that ended before a time. */
export type WhichRuns =
  | { readonly run: RunId }
  | { readonly person: string }
  | { readonly endedBefore: number };

const open = ["running", "waiting", "compensating"] as const;
/** Runs per unit: others wait for a unit. */
const batch = 100;
/** Kept from a deletion until the database's files are rewritten; its value is the last deletion's own. */
const purgeDue = "purge-due";
/** In an agents' database it is no single agent's. */
const nobodys = "";
/** What stands where a text stood. */
const erasedText = "(erased)";

/** Runs whose texts are there still, or with `also` those whose texts are gone too; oldest first. */
export async function runsToErase(
  database: Database<RecordTables>,
  which: WhichRuns,
  o: { readonly also?: boolean; readonly limit?: number } = {},
): Promise<readonly RunId[]> {
  const rows = await database.read((db) => {
    let query = db
      .selectFrom("runs")
      .leftJoin("run_keys", "run_keys.run", "runs.id")
      .select("runs.id")
      .where("runs.status", "not in", open)
      .orderBy("runs.created_at")
      .orderBy("runs.id");
    if ("run" in which) {
      query = query.where("runs.id", "=", which.run);
    } else if ("person" in which) {
      query = query.where("runs.requester", "=", which.person);
    } else {
      query = query.where("runs.updated_at", "<", which.endedBefore);
    }
    query = o.also === true ? query : query.where("run_keys.run", "is not", null);
    return (o.limit === undefined ? query : query.limit(o.limit)).execute();
  });
  return rows.map(({ id }) => id);
}

/**
 * Runs that somebody wants erased, also those that are already. Fails with "run-open" where one of them has not ended
 * (it is cancelled first), with "not-found" where there is none: whoever mistyped must not believe that it was done.
 */
export async function namedRuns(
  database: Database<RecordTables>,
  which: Exclude<WhichRuns, { readonly endedBefore: number }>,
): Promise<readonly RunId[]> {
  await refuseOpenRuns(database, which);
  const runs = await runsToErase(database, which, { also: true });
  if (runs.length === 0) {
    const message =
      "run" in which
        ? `nothing was erased: there is no run "${which.run.slice(0, 100)}"`
        : `nothing was erased: nothing was asked for by "${which.person.slice(0, 100)}"`;
    throw new AppError("not-found", message);
  }
  return runs;
}

async function refuseOpenRuns(
  database: Database<RecordTables>,
  which: Parameters<typeof namedRuns>[1],
): Promise<void> {
  const found = await database.read((db) => {
    const query = db.selectFrom("runs").select("id").where("status", "in", open).orderBy("id").limit(5);
    return (
      "run" in which ? query.where("id", "=", which.run) : query.where("requester", "=", which.person)
    ).execute();
  });
  if (found.length > 0) {
    const names = found.map(({ id }) => id).join(", ");
    throw new AppError("run-open", `not ended yet, so not to be erased: ${names}; cancel first`);
  }
}

/**
 * Destroys the data keys of finished runs, with everything that was sealed under them but the journal's bodies, which
 * its chains need and nobody can read any more. `reason` is sealed under the key of what belongs to no run. Afterwards
 * no byte of the wrapped keys is left in the database's own files. Called again, also without runs, it finishes what was
 * interrupted.
 */
export async function eraseRuns(
  place: RecordPlace,
  runs: readonly RunId[],
  o: { readonly by: string; readonly reason: string },
): Promise<void> {
  const { database, keys, clock, writer } = place;
  const nobody = await keys.get(noRun);
  for (let start = 0; start < runs.length; start += batch) {
    const part = runs.slice(start, start + batch);
    const entries: readonly JournalEntry[] = [
      ...part.map((run) => ({ kind: "erasure" as const, run, facts: { by: o.by, what: "texts" } })),
      { kind: "erasure", run: null, facts: { by: o.by, runs: part.length }, body: { reason: o.reason } },
    ];
    await database.unit(async (tx) => {
      await tx.deleteFrom("run_keys").where("run", "in", part).execute();
      for (const table of ["contents", "cards", "outbox"] as const) {
        await tx.deleteFrom(table).where("run", "in", part).execute();
      }
      await tx.updateTable("runs").set({ thread: "erased:", errors: null }).where("id", "in", part).execute();
      await putValue(tx, purgeDue, { value: `${writer} ${clock.now()}`, passing_at: null });
      await appendJournal(tx, {
        writer,
        at: clock.now(),
        entries,
        seal: sealBody(new Map([[noRun, nobody]])),
      });
    });
    part.forEach((run) => keys.forget(run));
  }
  const due = await getValue(database, purgeDue);
  if (due !== undefined) {
    await database.purge(["run_keys", "contents", "cards", "outbox", "runs"]);
    // Not where somebody has deleted more meanwhile.
    await database.unit((tx) =>
      tx.deleteFrom("kept_values").where("key", "=", purgeDue).where("value", "=", due).execute(),
    );
  }
}

/** Which of the agents' texts: those of runs, or all from before a time (milliseconds). */
export type WhichTexts = { readonly runs: readonly RunId[] } | { readonly before: number };

/**
 * Deletes agents' stored replies, and where these are the books the texts of activities; resolves with the number of
 * rows. Orders, reservations and decisions stay: they are the company's accounts and name people by id only. Whatever
 * call comes next finishes one that was interrupted.
 */
export async function eraseTexts<S extends JournalTables>(
  place: {
    readonly database: Database<S>;
    /** The company's, or those of the gateway, which keeps none. */
    readonly books: boolean;
    readonly clock: Clock;
    readonly writer: string;
  },
  which: WhichTexts,
  by: string,
): Promise<number> {
  const database = place.database as unknown as Database<AgentStoreTables & BookTables>;
  const rows = await database.unit(async (tx) => {
    const replies = await deleteReplies(tx, which);
    const activities = place.books ? await blankActivities(tx, which) : 0;
    const facts = { by, replies, activities };
    const entries: readonly JournalEntry[] =
      "runs" in which
        ? which.runs.map((run) => ({ kind: "erasure", run, facts: { by, what: "texts" } }))
        : [{ kind: "erasure", run: null, facts: { ...facts, before: new Date(which.before).toISOString() } }];
    // For runs in any case: an earlier call may be from before this was kept.
    if (replies + activities > 0 || "runs" in which) {
      const row = { agent: nobodys, key: purgeDue, value: `${place.writer} ${place.clock.now()}` };
      await tx
        .insertInto("agent_values")
        .values(row)
        .onConflict((conflict) => conflict.columns(["agent", "key"]).doUpdateSet({ value: row.value }))
        .execute();
    }
    if (replies + activities > 0) {
      await appendJournal(tx, { writer: place.writer, at: place.clock.now(), entries });
    }
    return replies + activities;
  });
  // Also of an earlier call that was interrupted before this.
  const due = await database.read((db) =>
    db
      .selectFrom("agent_values")
      .select("value")
      .where("agent", "=", nobodys)
      .where("key", "=", purgeDue)
      .executeTakeFirst(),
  );
  if (due !== undefined) {
    await database.purge(["agent_outbox", ...(place.books ? ["activities"] : [])]);
    // Not where somebody has deleted more meanwhile.
    await database.unit((tx) =>
      tx
        .deleteFrom("agent_values")
        .where("agent", "=", nobodys)
        .where("key", "=", purgeDue)
        .where("value", "=", due.value)
        .execute(),
    );
  }
  return rows;
}

type Tx = Kysely<AgentStoreTables & BookTables>;

/** Requests stay known without their replies: a late duplicate is not done again. */
async function deleteReplies(tx: Tx, which: WhichTexts): Promise<number> {
  const query = tx.deleteFrom("agent_outbox");
  const { numDeletedRows } = await (
    "runs" in which
      ? query.where("run", "in", [...which.runs])
      : query.where("open", "=", 0).where("expires_at", "<", which.before)
  ).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
async function blankActivities(tx: Tx, which: WhichTexts): Promise<number> {
  const query = tx.updateTable("activities").set({ text: erasedText }).where("text", "<>", erasedText);
  const { numUpdatedRows } = await (
    "runs" in which
      ? query.where("run", "in", [...which.runs])
      : query.where("at", "<", new Date(which.before).toISOString())
  ).executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}
