import assert from "node:assert/strict";
import { test } from "node:test";
import { anything, assert as check, constantFrom, oneof, property, string } from "../../fakes/fast-check.ts";
import { asJson } from "../../../src/engine/as-json.ts";

const anyValue = anything({
  withDate: true,
  withNullPrototype: true,
  withSparseArray: true,
  withObjectString: true,
  key: oneof(string(), constantFrom("__proto__", "toJSON", "0")),
});

test("is what writing and reading the value as JSON gives", () => {
  check(
    property(anyValue, (value) => {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) {
        assert.throws(() => asJson(value), { code: "not-json" });
      } else {
        const copy = asJson(value);
        assert.deepEqual(copy, JSON.parse(text));
        assert.equal(JSON.stringify(copy), text);
      }
    }),
  );
});

test("is a copy: what is changed afterwards is not in it", () => {
  const given = { step: 1, lines: [{ part: "bolt", quantity: undefined }] };
  const copy = asJson(given);
  given.lines[0] = { part: "nut", quantity: undefined };
  given.step = 2;
  assert.deepEqual(copy, { step: 1, lines: [{ part: "bolt" }] });
});
