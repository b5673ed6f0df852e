import { agentStoreMigrations, type AgentStoreTables } from "../../../adapters/store/agent-store-tables.ts";
import { openBooks } from "../../../adapters/store/books-database.ts";
import { booksMigrations, type BookTables } from "../../../adapters/store/books-tables.ts";
import type { Database } from "../../../adapters/store/database.ts";
import { journalMigration } from "../../../adapters/store/journal-store.ts";
import { openDatabase } from "../../../adapters/store/open-database.ts";
import { recordMigrations } from "../../../adapters/store/record-migrations.ts";
import type { RecordTables } from "../../../adapters/store/record-schema.ts";
import { loadRulesModel } from "../../../adapters/rules-model/rules-model.ts";
import type { AgentDefinition } from "../../../src/define-agent.ts";
import { loadAgents, loadWorkflows, warmAgents } from "../../../src/load.ts";
import { generateSkill } from "../../../src/model-call.ts";
import type { BookKind } from "../../../src/book-rows.ts";
import type { LanguageModel } from "../../../src/ports.ts";
import { orderWorld } from "../../fakes/order-world.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";
import path from "node:path";

/** The day on which everything here happens. */
export const startOfDay = Date.parse("2026-03-02T09:00:00.000Z");

/** What is the same in every life: definitions, model, keys and trust. */
export interface Company {
  readonly agents: readonly AgentDefinition[];
  readonly workflows: Awaited<ReturnType<typeof loadWorkflows>>;
  readonly model: LanguageModel;
  readonly trust: TrustWorld;
}

export async function openCompany(): Promise<Company> {
  const [agents, workflows, model] = await Promise.all([loadAgents(), loadWorkflows(), loadRulesModel()]);
  await warmAgents(agents.map(({ id }) => id));
  const skills = [generateSkill, ...agents.flatMap((agent) => Object.keys(agent.skills))];
  const roles = ["bot", "evidence", "gateway", ...agents.map(({ id }) => id)];
  const trust = new TrustWorld({ now: () => startOfDay }, roles, skills);
  return { agents, workflows, model, trust };
}

export type BooksTables = BookTables & AgentStoreTables;
/** What the company's processes keep: the record, and the books with the agents' own parts. */
export interface Databases {
  readonly record: Database<RecordTables>;
  readonly books: Database<BooksTables>;
}

export async function openDatabases(folder: string): Promise<Databases> {
  const [record, books] = await Promise.all([
    openDatabase<RecordTables>({
      name: "record",
      folder: path.join(folder, "bot"),
      migrations: recordMigrations,
    }),
    openDatabase<BooksTables>({
      name: "books",
      folder: path.join(folder, "books"),
      migrations: [...booksMigrations, journalMigration, ...agentStoreMigrations],
    }),
  ]);
  return { record, books };
}

/** Fills empty books. */
export async function fillBooks({ books }: Databases): Promise<void> {
  await openBooks(books).unit(async (unit) => {
    for (const [kind, rows] of Object.entries(orderWorld())) {
      for (const row of rows) {
        await unit.insert(kind as BookKind, row);
      }
    }
  });
}
