import { z } from "zod";
import {
  signedFreezeSchema,
  signedLiftEvidenceSchema,
  signedLiftSchema,
} from "../../src/plan/safety-schema.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { FreezeRecord, FreezeRow } from "../../src/safety-types.ts";
import { Abandoned } from "./record-commit.ts";
import { type JournalPlace, journalWith } from "./record-journal.ts";
import { noRun } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

/** The company's freezes. Each is sealed as a whole: who could change one would have the bot believe it is lifted. */

const freezeRowSchema: z.ZodType<FreezeRow> = z.strictObject({
  version: z.int().min(1),
  reason: z.string(),
  freeze: signedFreezeSchema,
  lift: signedLiftSchema.nullable(),
  wanted: z.array(signedLiftEvidenceSchema),
});

function place(serial: number, version: number): SealPlace {
  return { table: "freezes", row: String(serial), column: "content", version };
}

/** See `FreezeRecord`. */
export function recordFreezes(o: JournalPlace): FreezeRecord {
  const { database, keys } = o;

  return {
    async newest() {
      const row = await database.read((db) =>
        db.selectFrom("freezes").selectAll().orderBy("serial", "desc").limit(1).executeTakeFirst(),
      );
      if (row === undefined) {
        return undefined;
      }
      const key = await keys.get(noRun);
      return freezeRowSchema.parse(key.open(place(row.serial, row.version), row.content));
    },

    async save(freeze: FreezeRow, journal: readonly JournalEntry[]) {
      const { serial } = freeze.freeze.statement;
      const { version } = freeze;
      const content = (await keys.get(noRun)).seal(
        place(serial, version),
        JSON.parse(JSON.stringify(freeze)),
      );
      try {
        await journalWith(o, journal, async (tx) => {
          const written =
            version === 1
              ? await tx
                  .insertInto("freezes")
                  .values({ serial, version, content })
                  .onConflict((conflict) => conflict.doNothing())
                  .returning("serial")
                  .execute()
              : await tx
                  .updateTable("freezes")
                  .set({ version, content })
                  .where("serial", "=", serial)
                  .where("version", "=", version - 1)
                  .returning("serial")
                  .execute();
          if (written.length === 0) {
            throw new Abandoned("stale");
          }
        });
        return true;
      } catch (error) {
        if (error instanceof Abandoned) {
          return false;
        }
        throw error;
      }
    },
  };
}
