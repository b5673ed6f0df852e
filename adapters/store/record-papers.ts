import type { JournalEntry, Paper, PaperRecord } from "../../src/record-types.ts";
import { Abandoned } from "./record-commit.ts";
import { type JournalPlace, journalWith } from "./record-journal.ts";
import type { RecordTables } from "./record-schema.ts";
import { noRun, type RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

/** The company's papers. Each is sealed as a whole: who could change one would have the bot believe what it says. */

function place(kind: string, { id, version }: Pick<Paper, "id" | "version">): SealPlace {
  return { table: "papers", row: `${kind}/${id}`, column: "content", version };
}
function opened({ kind, id, version, content }: RecordTables["papers"], key: RunKey): Paper {
  return { id, version, value: key.open(place(kind, { id, version }), content) };
}

/** See `PaperRecord`. */
export function recordPapers(o: JournalPlace): PaperRecord {
  const { database, keys } = o;

  return {
    async list(kind) {
      const rows = await database.read((db) =>
        db.selectFrom("papers").selectAll().where("kind", "=", kind).orderBy("id").execute(),
      );
      const key = await keys.get(noRun);
      return rows.map((row) => opened(row, key));
    },

    async get(kind, id) {
      const row = await database.read((db) =>
        db.selectFrom("papers").selectAll().where("kind", "=", kind).where("id", "=", id).executeTakeFirst(),
      );
      return row === undefined ? undefined : opened(row, await keys.get(noRun));
    },

    async save(kind, paper: Paper, journal: readonly JournalEntry[]) {
      const { id, version } = paper;
      const content = (await keys.get(noRun)).seal(place(kind, paper), paper.value);
      try {
        await journalWith(o, journal, async (tx) => {
          const written =
            version === 1
              ? await tx
                  .insertInto("papers")
                  .values({ kind, id, version, content })
                  .onConflict((conflict) => conflict.doNothing())
                  .returning("id")
                  .execute()
              : await tx
                  .updateTable("papers")
                  .set({ version, content })
                  .where("kind", "=", kind)
                  .where("id", "=", id)
                  .where("version", "=", version - 1)
                  .returning("id")
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
