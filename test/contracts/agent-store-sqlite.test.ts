import { sqliteTestBooks } from "../fakes/test-books.ts";
import { agentOutboxContract } from "./agent-outbox.ts";
import { agentPruneContract } from "./agent-prune.ts";
import { agentStoreContract } from "./agent-store.ts";

agentStoreContract("SQLite", sqliteTestBooks);
agentOutboxContract("SQLite", sqliteTestBooks);
agentPruneContract("SQLite", sqliteTestBooks);
