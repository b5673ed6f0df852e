import path from "node:path";
import type { Database } from "../../adapters/store/database.ts";
import { eraseTexts } from "../../adapters/store/erase-runs.ts";
import type { JournalTables } from "../../adapters/store/journal-store.ts";
import { listenOnSocket } from "../../adapters/terminal/socket-server.ts";
import { journalApp } from "./journal-app.ts";
import { incarnation, systemClock } from "./system.ts";

/** The gateway's own socket, for the command line only: it checks and tells its journal, and erases runs' texts. */
export function serveGateway<S extends JournalTables>(
  runtime: string,
  database: Database<S>,
): Promise<{ close(): Promise<void> }> {
  const place = { database, books: false, clock: systemClock, writer: incarnation("gateway") };
  const erase = (runs: readonly string[], by: string) => eraseTexts(place, { runs }, by);
  return listenOnSocket(path.join(runtime, "gateway.sock"), journalApp("gateway", database, { erase }));
}
