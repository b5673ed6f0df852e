import assert from "node:assert/strict";
import { test } from "node:test";
import { CommitError } from "../../../../src/sandbox/at-server/at-database.ts";
import type { AtServer } from "../../../../src/sandbox/at-server/at-server.ts";
import { SigningKeys } from "../../../../src/sandbox/at-server/federation/signing-keys.ts";

test("a key pair that could not be kept is made again by who needs it next", async () => {
  const records = new Map<string, string>();
  let isFull = true;
  const store = {
    isClosed: false,
    transaction(work: () => void): void {
      if (isFull) {
        throw new CommitError("The commit failed");
      }
      work();
    },
  };
  const server = {
    atSign: "@alice",
    store,
    record: (key: string) => (records.has(key) ? { value: records.get(key) } : undefined),
    putRecord: (key: string, value: string) => void records.set(key, value),
  };
  const keys = new SigningKeys(server as unknown as AtServer);
  await assert.rejects(keys.ready(), CommitError);
  assert.equal(keys.isReady, false);
  isFull = false;
  assert.notEqual(await keys.sign("text"), "");
  assert.equal(keys.isReady, true);
});
