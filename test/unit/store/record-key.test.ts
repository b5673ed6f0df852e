import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { parseRecordKey, readOrCreateRecordKey } from "../../../adapters/store/record-key.ts";

const root = mkdtempSync(join(tmpdir(), "cs-key-"));
after(() => {
  rmSync(root, { recursive: true, force: true });
});

test("the key is made once, readable by its owner only, and nothing is left beside it", () => {
  const path = join(root, "keys", "bot", "record.key");
  const key = readOrCreateRecordKey(path);
  assert.equal(key.length, 32);
  assert.deepEqual(readOrCreateRecordKey(path), key);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(dirname(path)), ["record.key"]);
  assert.notDeepEqual(readOrCreateRecordKey(join(root, "other.key")), key);
});

test("what a process with the same pid left when it was killed half-way stops nobody", () => {
  const path = join(root, "again.key");
  writeFileSync(`${path}.${process.pid}.new`, "half a ke", { mode: 0o600 });
  assert.equal(readOrCreateRecordKey(path).length, 32);
});

test("a key that others may read, or that is none, is refused and never replaced", () => {
  const path = join(root, "bad.key");
  writeFileSync(path, `${Buffer.alloc(32).toString("base64")}\n`, { mode: 0o600 });
  chmodSync(path, 0o644);
  assert.throws(() => readOrCreateRecordKey(path), { code: "bad-record-key", message: /644/ });
  chmodSync(path, 0o600);
  for (const text of ["", "short", Buffer.alloc(31).toString("base64"), `${"A".repeat(43)}!`]) {
    writeFileSync(path, text);
    assert.throws(() => readOrCreateRecordKey(path), { code: "bad-record-key" });
    assert.equal(readFileSync(path, "utf8"), text);
  }
});

test("a key from the environment is parsed alike, and an error never shows it", () => {
  const text = Buffer.alloc(32, 3).toString("base64");
  assert.deepEqual(new Uint8Array(parseRecordKey(`${text}\n`, "RECORD_KEY")), new Uint8Array(32).fill(3));
  assert.throws(
    () => parseRecordKey("c2VjcmV0", "RECORD_KEY"),
    (error: Error) => error.message.includes("RECORD_KEY") && !error.message.includes("c2VjcmV0"),
  );
});
