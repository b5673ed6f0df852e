import { sqliteTestBooks } from "../fakes/test-books.ts";
import { agentPruneContract } from "./agent-prune.ts";
import { agentStoreContract } from "./agent-store.ts";

agentStoreContract("SQLite", sqliteTestBooks);
agentPruneContract("SQLite", sqliteTestBooks);
