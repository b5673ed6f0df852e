import type { PersonId, RunId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Content } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";
import { noRun, type RunKey } from "./run-keys.ts";
import { sealedBroken, type SealPlace } from "./sealed.ts";

/** The keys of chat messages: each is one run's, or nobody's because the message was taken back before it came. */

function place(key: string): SealPlace {
  return { table: "requests", row: key, column: "withdrawn", version: 1 };
}

/** The run that a message's key belongs to; undefined also where the message was taken back. */
export async function requestRun(database: Database<RecordTables>, key: string): Promise<RunId | undefined> {
  const row = await database.read((db) =>
    db.selectFrom("requests").select("run").where("key", "=", key).executeTakeFirst(),
  );
  return row?.run === noRun ? undefined : row?.run;
}

/** Whoever sent a message twice is told of the run that it started or answered, not of another one. */
export function assertMadeBy(key: string, started: string | undefined, answers: readonly Content[]): void {
  if (started !== key && !answers.some((each) => each.value === key)) {
    throw sealedBroken({ table: "requests", row: key, column: "run", version: 1 });
  }
}

/** Takes the key for nobody, unless a run has it: in the same unit, so that of the two one is first. */
export async function withdrawRequest(
  database: Database<RecordTables>,
  { key, by, now }: { readonly key: string; readonly by: PersonId; readonly now: number },
  seal: RunKey,
): Promise<void> {
  const row = { key, run: noRun, withdrawn: seal.seal(place(key), by), withdrawn_at: now };
  await database.unit((tx) =>
    tx
      .insertInto("requests")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
}

/** Why the key can start nothing any more; "sealed-broken" where it is nobody's, but not because the bot said so. */
export async function withdrawnBefore(
  database: Database<RecordTables>,
  key: string,
  seal: RunKey,
): Promise<AppError> {
  const row = await database.read((db) =>
    db.selectFrom("requests").select("withdrawn").where("key", "=", key).executeTakeFirst(),
  );
  if (row === undefined || row.withdrawn === null) {
    return sealedBroken(place(key));
  }
  seal.open(place(key), row.withdrawn);
  return new AppError("withdrawn", "the message was taken back before it came");
}
