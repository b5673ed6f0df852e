import type { AtServer } from "../at-server.ts";
import type { StoredRecord } from "../record.ts";

/**
 * Keeps another atSign's public key here. When it is not the one known before, the keys shared with that atSign are put
 * aside, so that clients make new ones: values made for the old key cannot be read with the new one.
 */
export function rememberPublicKey(server: AtServer, owner: string, record: StoredRecord): void {
  const key = `cached:public:publickey${owner}`;
  const known = server.record(key);
  if (known?.value === record.value) return;
  server.store.transaction(() => {
    server.putCopy(key, record, -1);
    if (known) retireSharedKey(server, owner);
  });
}

function retireSharedKey(server: AtServer, owner: string): void {
  const { atSign } = server;
  const name = `shared_key.${owner.slice(1)}`;
  const shared = server.record(`${name}${atSign}`);
  if (shared) {
    const { isEncrypted = false } = shared.metadata;
    server.putRecord(`${name}.until.${server.clock()}${atSign}`, shared.value, { isEncrypted });
    server.deleteRecord(shared.key);
  }
  const copy = `${owner}:shared_key${atSign}`;
  if (server.record(copy)) server.deleteRecord(copy);
}
