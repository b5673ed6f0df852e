import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { AtDatabase } from "../../../../src/sandbox/at-server/at-database.ts";
import { OutgoingStore, outgoingSchema } from "../../../../src/sandbox/at-server/outgoing-store.ts";
import { temporaryFolder } from "./with-sandbox.ts";

test("a queue is full when that many wait for one recipient, whatever waits for others", (t) => {
  const db = new AtDatabase(join(temporaryFolder(t), "x.db"), outgoingSchema);
  t.after(() => db.close());
  const store = new OutgoingStore(db);
  const put = (recipient: string, id: string) =>
    store.add(
      "@alice",
      {
        id,
        recipient,
        key: `${recipient}:x@alice`,
        value: null,
        operation: "update",
        messageType: "key",
        isEncrypted: false,
        change: {},
        ttln: 1_000,
      },
      0,
    );
  assert.equal(store.isFull("@alice", "@bob", 2), false);
  put("@bob", "1");
  for (let i = 0; i < 5; i++) put("@carol", String(i));
  assert.equal(store.isFull("@alice", "@bob", 2), false);
  put("@bob", "2");
  assert.equal(store.isFull("@alice", "@bob", 2), true);
  assert.equal(store.isFull("@alice", "@bob", 3), false);
  store.finish("@alice", "@bob", "1");
  assert.equal(store.isFull("@alice", "@bob", 2), false);
  assert.equal(put("@bob", "2"), false, "it is there already");
  assert.deepEqual(store.recipients("@alice").toSorted(), ["@bob", "@carol"]);
  store.sweep(1_000);
  assert.deepEqual(store.recipients("@alice"), []);
});
