import path from "node:path";
import type { Database } from "../../adapters/store/database.ts";
import type { JournalTables } from "../../adapters/store/journal-store.ts";
import { listenOnSocket } from "../../adapters/terminal/socket-server.ts";
import { journalApp } from "./journal-app.ts";

/** The gateway's own socket, for the command line only: it checks its journal, and tells nothing else. */
export function serveGateway<S extends JournalTables>(
  runtime: string,
  database: Database<S>,
): Promise<{ close(): Promise<void> }> {
  return listenOnSocket(path.join(runtime, "gateway.sock"), journalApp("gateway", database));
}
