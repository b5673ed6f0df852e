import { Hono } from "hono";
import { stream } from "hono/streaming";
import { z } from "zod";
import type { Database } from "../../adapters/store/database.ts";
import type { JournalTables } from "../../adapters/store/journal-store.ts";
import { longAnswer } from "../../adapters/terminal/long-answer.ts";
import { checkpointSchema } from "../checkpoint-schema.ts";
import { toRequestError } from "../errors.ts";
import type { DatabaseName } from "./databases.ts";
import { exportLines, type OpenText } from "./export-journal.ts";
import { runsKeptFrom } from "./retention.ts";
import { readCheckpoints } from "./kept-checkpoints.ts";
import { checkJournal } from "./verify-journals.ts";

const verifyBody = z.strictObject({ checkpoints: z.array(checkpointSchema).max(10) });
const eraseBody = z.strictObject({ runs: z.array(z.string()).min(1), by: z.string() });
const retentionQuery = z.object({ before: z.coerce.number().int() });
const time = z.coerce.number().int().optional();
const exportQuery = z.object({
  run: z.string().optional(),
  since: time,
  until: time,
  text: z.literal("yes").optional(),
});

/**
 * What a process answers of its journal on its own socket, for the command line only. The process adds what else it has
 * to tell.
 */
export function journalApp<S extends JournalTables>(
  name: DatabaseName,
  database: Database<S>,
  o: {
    readonly openText?: OpenText;
    /** Erases these runs' texts; the process does it in its own way. */
    readonly erase?: (runs: readonly string[], by: string) => Promise<unknown>;
  } = {},
): Hono {
  const app = new Hono();
  app.onError((error, context) => context.json({ error: toRequestError(error) }, 400));
  app.post("/journal/verify", async (context) => {
    const { checkpoints } = verifyBody.parse(await context.req.json());
    return longAnswer(context, () => checkJournal(name, database, checkpoints), {
      errorInfo: toRequestError,
    });
  });
  app.get("/journal/checkpoints", async (context) => context.json(await readCheckpoints(name, database)));
  if (name === "record") {
    app.get("/journal/retention", async (context) => {
      const { before } = retentionQuery.parse(context.req.query());
      return context.json(await runsKeptFrom(database, before));
    });
  }
  const { erase } = o;
  if (erase !== undefined) {
    app.post("/journal/erase", async (context) => {
      const { runs, by } = eraseBody.parse(await context.req.json());
      return longAnswer(context, async () => ({ rows: await erase(runs, by) }), {
        errorInfo: toRequestError,
      });
    });
  }
  app.get("/journal/export", (context) => {
    const { text, ...filter } = exportQuery.parse(context.req.query());
    const open = text === undefined ? undefined : o.openText;
    return stream(context, async (out) => {
      let records = 0;
      for await (const lines of exportLines(name, database, { filter, open })) {
        records += lines.filter(({ type }) => type === "record").length;
        await out.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
        if (out.aborted) {
          return;
        }
      }
      // Whoever does not get this has not got all.
      await out.write(`${JSON.stringify({ type: "end", records })}\n`);
    });
  });
  return app;
}
