import assert from "node:assert/strict";
import { test } from "node:test";
import { backOffMs } from "../../src/back-off.ts";

test("waits double up to the longest, and up to half of each is left to chance", () => {
  const wait = (tries: number, chance: number, firstMs = 250) =>
    backOffMs(tries, { firstMs, longestMs: 30_000, random: () => chance });
  assert.equal(wait(0, 0), 125);
  assert.equal(wait(0, 1), 250);
  assert.equal(wait(3, 1), 2_000);
  assert.equal(wait(10_000, 1), 30_000);
  assert.equal(wait(1, 0, 5_000), 5_000);
});
