import path from "node:path";
import { Hono } from "hono";
import type { Database } from "../../adapters/store/database.ts";
import type { JournalTables } from "../../adapters/store/journal-store.ts";
import { listenOnSocket } from "../../adapters/terminal/socket-server.ts";
import { toRequestError } from "../errors.ts";
import { checkJournal } from "./verify-journals.ts";

/** The gateway's own socket, for the command line only: it checks its journal, and tells nothing else. */
export function serveGateway<S extends JournalTables>(
  runtime: string,
  database: Database<S>,
): Promise<{ close(): Promise<void> }> {
  const app = new Hono();
  app.onError((error, context) => context.json({ error: toRequestError(error) }, 400));
  app.get("/journal/verify", async (context) => context.json(await checkJournal("gateway", database, null)));
  return listenOnSocket(path.join(runtime, "gateway.sock"), app);
}
