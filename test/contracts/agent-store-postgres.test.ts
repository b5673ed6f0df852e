import { after, test } from "node:test";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { postgresTestBooks } from "../fakes/test-books.ts";
import { agentOutboxContract } from "./agent-outbox.ts";
import { agentPruneContract } from "./agent-prune.ts";
import { agentStoreContract } from "./agent-store.ts";

const missing = postgresMissing();
if (missing === false) {
  agentStoreContract("PostgreSQL", postgresTestBooks);
  agentOutboxContract("PostgreSQL", postgresTestBooks);
  agentPruneContract("PostgreSQL", postgresTestBooks);
  after(async () => (await startPostgres()).stop());
} else {
  test("AgentStore on PostgreSQL", { skip: missing });
}
