import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { line, paragraph, width } from "../../../../adapters/slack/blocks/safe-text.ts";
import { hostileText } from "./sample-cards.ts";

test("a cut text says so and ends between two characters as readers see them", () => {
  const family = "👩‍👩‍👧‍👦";
  assert.equal(line(`${"x".repeat(8)}${family}`, 12), `${"x".repeat(8)}…`);
  assert.equal(line(`${"x".repeat(8)}${family}`, 8 + family.length), `${"x".repeat(8)}${family}`);
  assert.equal(line("e\u0301e\u0301e\u0301", 4), "e\u0301…");
  assert.equal(line("🇩🇪🇫🇷", 7), "🇩🇪…");
  assert.equal(line(`a${"\u0301".repeat(1000)}`, 10), "…");
});

test("what hides, turns or breaks text is taken out; other scripts stay as they are", () => {
  assert.equal(line("a\u202eb\u2066c\u200bd\u00ade\ufeff", 50), "abcde");
  assert.equal(line("a\u0000b\u001b[31m", 50), "a\ufffdb\ufffd[31m");
  assert.equal(line("\ud800x\udc00", 50), "\ufffdx\ufffd");
  assert.equal(line(" one\r\n\ttwo\u2028three ", 50), "one two three");
  assert.equal(paragraph("one\r\n\n\n\n two\u0085three ", 50), "one\n\ntwo\nthree");
  for (const text of ["漢字カナ", "العربية", "हिन्दी", "می‌خواهم", "👩‍👩‍👧‍👦"]) {
    assert.equal(line(text, 50), text);
  }
});

test("no text is ever empty or longer than asked for", () => {
  for (const text of ["", " ", "\u200b", "\n\n", "\u202e"]) {
    assert.equal(line(text, 10), "–");
    assert.equal(paragraph(text, 10), "–");
  }
  fc.assert(
    fc.property(hostileText, fc.integer({ min: 1, max: 300 }), (text, longest) => {
      for (const cut of [line(text, longest), paragraph(text, longest)]) {
        assert.ok(cut.length > 0 && cut.length <= longest);
        assert.ok(cut.isWellFormed());
      }
      assert.doesNotMatch(line(text, longest), /\n/);
    }),
    { numRuns: 60 },
  );
});

test("width counts what a reader sees", () => {
  assert.equal(width("e\u0301👩‍👩‍👧‍👦x"), 3);
});
