import assert from "node:assert/strict";
import { test } from "node:test";
import { fleetCase } from "./fleet-case.ts";

/** The fixed part of `npm run chaos:instances`. */

test("ten instances cut off, paused, doubled and with wrong clocks: each step is answered and done once", async () => {
  let refused = 0;
  for (const seed of [1, 2, 3]) {
    const outcome = await fleetCase(seed);
    assert.deepEqual(outcome.faults, [], `seed ${seed}`);
    assert.ok(outcome.begun > outcome.steps, "some step was begun by more than one");
    refused += outcome.refused;
  }
  assert.ok(refused > 0, "somebody was refused");
});
