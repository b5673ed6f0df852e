import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as assertProperty, property, uint8Array } from "../../fakes/fast-check.ts";
import { newKey, openBytes, sealBytes } from "../../../adapters/store/sealed.ts";

const place = { table: "contents", row: "run1/1/route/output", column: "value", version: 1 };
const plain = Buffer.from("fifty widgets");

test("what is sealed opens at its place with its key, and never twice alike", () => {
  assertProperty(
    property(uint8Array({ maxLength: 300 }), (bytes) => {
      const key = newKey();
      const sealed = sealBytes(key, place, bytes);
      assert.deepEqual(new Uint8Array(openBytes(key, place, sealed)), bytes);
      assert.notDeepEqual(sealBytes(key, place, bytes), sealed);
      assert.equal(sealed.length, bytes.length + 29);
    }),
  );
});

test("another key, any other place, any flipped bit and any cut do not open", () => {
  const key = newKey();
  const sealed = sealBytes(key, place, plain);
  const refused = (k: Uint8Array, at: typeof place, bytes: Uint8Array) => {
    assert.throws(
      () => openBytes(k, at, bytes),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "sealed-broken");
        assert.ok(error.message.includes(at.row) && error.message.includes(at.table));
        assert.ok(!error.message.includes("widgets"));
        return true;
      },
    );
  };
  refused(newKey(), place, sealed);
  for (const change of [{ table: "outbox" }, { row: "run2" }, { column: "body" }, { version: 2 }]) {
    refused(key, { ...place, ...change }, sealed);
  }
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = Uint8Array.from(sealed);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    refused(key, place, flipped);
  }
  for (let length = 0; length < sealed.length; length += 1) {
    refused(key, place, sealed.subarray(0, length));
  }
});
