import type { AgentStore } from "../../src/ports.ts";
import { type AgentStoreOptions, openAgentStore } from "./agent-store.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";
import { readOrCreateRecordKey } from "./record-key.ts";
import { RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

const proof = "sealed-with";
const place: SealPlace = { table: "agent_values", row: proof, column: "value", version: 1 };

/**
 * An agent's store whose messages are sealed under the key in `keyFile`, which is made on first use. Fails with
 * "bad-record-key" when the key cannot be used, "sealed-broken" when it is not the one the store was sealed with.
 */
export async function openSealedAgentStore<S extends AgentStoreTables>({
  keyFile,
  ...options
}: Omit<AgentStoreOptions<S>, "key"> & { readonly keyFile: string }): Promise<AgentStore> {
  const key = new RunKey(readOrCreateRecordKey(keyFile));
  const store = openAgentStore({ ...options, key });
  // Another key is noticed at start, not when a stored reply is asked for again.
  const kept = await store.getValue(proof);
  if (kept === undefined) {
    await store.setValue(proof, key.sealText(place, options.agent));
  } else {
    key.openText(place, kept);
  }
  return store;
}
