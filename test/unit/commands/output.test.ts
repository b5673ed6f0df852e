import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, table } from "../../../src/commands/output.ts";
import { lineSchema } from "../../../src/plan/plan-schema.ts";

/** Terminal escapes; what turns text around; what hides it; other ends of lines. */
const marks = [
  "\u001b[2J",
  "\u009b31m",
  "\u0000",
  "\r",
  "\u061c",
  "\u200b",
  "\u200e",
  "\u202e",
  "\u2060",
  "\u2066",
  "\u2028",
  "\u2029",
  "\ufeff",
  "\u00ad",
  "\u{E0041}",
];

test("what would make a terminal show something else than there is never reaches it, and is in no plan", (t) => {
  const write = t.mock.method(process.stdout, "write", () => true);
  for (const mark of marks) {
    answer(`one ${mark}two`);
    answer(table(["name"], [[`a${mark}b`]]));
    assert.equal(lineSchema(100).safeParse(`a${mark}b`).success, false, JSON.stringify(mark));
  }
  const shown = write.mock.calls.map((call) => String(call.arguments[0])).join("");
  t.mock.restoreAll();
  const first = marks.map((mark) => [...mark][0] ?? "");
  assert.ok(!first.some((each) => shown.includes(each)));
  assert.equal(shown.split("\u{FFFD}").length - 1, 2 * marks.length);
  assert.ok(lineSchema(100).safeParse("Müller & Söhne 木 👷").success);
});
