import { MemoryStore } from "../fakes/memory-store.ts";
import { storeContract } from "./store.ts";

// The fake that the engine is tested on must be as strict as the real record.
storeContract("the memory fake", async () => new MemoryStore());
