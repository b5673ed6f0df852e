import { MemoryStore } from "../fakes/memory-store.ts";
import { storeContract } from "./store.ts";

storeContract("memory", () => Promise.resolve(new MemoryStore()));
