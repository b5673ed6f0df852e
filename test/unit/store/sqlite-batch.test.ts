import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { packBatch, unpackBatch } from "../../../adapters/store/sqlite-batch.ts";

const value = fc.oneof(
  fc.constant(null),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.maxSafeInteger(),
  fc.uint8Array({ maxLength: 40 }),
);
const statement = fc.record({
  text: fc.string(),
  returns: fc.nat(9),
  parameters: fc.array(value, { maxLength: 6 }),
});

test("a batch arrives as it was sent, bytes at their places", () => {
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 5 }), (batch) => {
      // As bytes from a pool are: a view into something larger.
      const views = batch.map(({ parameters, ...each }) => ({
        ...each,
        parameters: parameters.map((one) => (one instanceof Uint8Array ? Buffer.from(one) : one)),
      }));
      assert.deepEqual(
        unpackBatch(structuredClone(packBatch(views))),
        batch.map(({ text, ...rest }) => ({ sql: text, ...rest })),
      );
    }),
  );
});

test("any number of rows may come back where nothing is said of it; what no column holds is refused", () => {
  assert.deepEqual(unpackBatch(packBatch([{ text: "select 1", parameters: [] }])), [
    { sql: "select 1", returns: null, parameters: [] },
  ]);
  for (const wrong of [undefined, true, Number.NaN, { a: 1 }]) {
    assert.throws(() => packBatch([{ text: "select ?", parameters: [wrong] }]), { code: "data-error" });
  }
});
