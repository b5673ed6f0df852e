import type { Kysely } from "kysely";
import type { MessageId } from "../../src/domain.ts";
import type { CardRow } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { ofRun } from "./record-queries.ts";
import type { OfRun } from "./record-rows.ts";
import { sealMessage } from "./record-rows.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";

/** The cards' rows, each with its run's. */

function cardsOfRuns(db: Kysely<RecordTables>) {
  return db
    .selectFrom("cards")
    .innerJoin("runs", "runs.id", "cards.run")
    .selectAll("cards")
    .select(["runs.requester", "runs.thread", "runs.identity as run_identity"]);
}

export async function cardRow(
  database: Database<RecordTables>,
  key: string,
): Promise<OfRun<"cards"> | undefined> {
  const row = await database.read((db) => cardsOfRuns(db).where("cards.key", "=", key).executeTakeFirst());
  return row === undefined ? undefined : ofRun<"cards">(row);
}

/** Those postponed least first. */
export async function staleCards(
  database: Database<RecordTables>,
  now: number,
  limit: number,
): Promise<readonly OfRun<"cards">[]> {
  const rows = await database.read((db) =>
    cardsOfRuns(db)
      .whereRef("cards.shown_version", "<", "cards.version")
      .where("cards.retry_at", "<=", now)
      .orderBy("cards.retry_at")
      .orderBy("cards.key")
      .limit(limit)
      .execute(),
  );
  return rows.map((row) => ofRun<"cards">(row));
}

export async function cardShown(
  database: Database<RecordTables>,
  { key: card, version }: CardRow,
  message: MessageId | null,
  key: RunKey,
): Promise<void> {
  const sealed = message === null ? null : sealMessage(card, message, key);
  await database.unit((tx) =>
    tx
      .updateTable("cards")
      // A slow update that ends after a newer one does not count back.
      .set((eb) => ({
        message: sealed,
        retry_at: 0,
        shown_version: eb
          .case()
          .when("shown_version", ">", version)
          .then(eb.ref("shown_version"))
          .else(version)
          .end(),
      }))
      .where("key", "=", card)
      .execute(),
  );
}

export async function postponeCard(
  database: Database<RecordTables>,
  key: string,
  retryAt: number,
): Promise<void> {
  await database.unit((tx) =>
    tx.updateTable("cards").set({ retry_at: retryAt }).where("key", "=", key).execute(),
  );
}
