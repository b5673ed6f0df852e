import path from "node:path";
import { type AgentStoreTables, agentStoreMigrations } from "../../../adapters/store/agent-store-tables.ts";
import type { Database } from "../../../adapters/store/database.ts";
import { journalMigration } from "../../../adapters/store/journal-store.ts";
import { openDatabase } from "../../../adapters/store/open-database.ts";

/** One line for each time a message had its effect: nothing keeps a second one from being written. */
export interface MailboxTables extends AgentStoreTables {
  readonly effects: { readonly step: string; readonly good: number };
}
export function openMailboxDatabase(folder: string, role: string): Promise<Database<MailboxTables>> {
  const effects = {
    name: "mailbox-1",
    statements: ["create table effects (step text not null, good bigint not null)"],
  };
  return openDatabase<MailboxTables>({
    name: "mailbox",
    folder: path.join(folder, role),
    migrations: [journalMigration, ...agentStoreMigrations, effects],
  });
}
