import { sqliteTestBooks } from "../fakes/test-books.ts";
import { agentStoreContract } from "./agent-store.ts";

agentStoreContract("SQLite", sqliteTestBooks);
