import { Hono } from "hono";
import type { Database } from "../../adapters/store/database.ts";
import type { JournalTables } from "../../adapters/store/journal-store.ts";
import { toRequestError } from "../errors.ts";
import type { DatabaseName } from "./databases.ts";
import { checkJournal } from "./verify-journals.ts";

/**
 * What a process without a desk answers on its own socket, for the command line only: it checks its journal, which no
 * checkpoint covers. The process adds what else it has to tell.
 */
export function journalApp<S extends JournalTables>(name: DatabaseName, database: Database<S>): Hono {
  const app = new Hono();
  app.onError((error, context) => context.json({ error: toRequestError(error) }, 400));
  app.post("/journal/verify", async (context) => context.json(await checkJournal(name, database, null)));
  return app;
}
