import assert from "node:assert/strict";
import { test } from "node:test";
import { fleetCase } from "./fleet-case.ts";

/** The fixed part of `npm run chaos:instances`. */

test("ten instances cut off, paused, doubled and with wrong clocks: each step is answered and done once", async () => {
  let again = 0;
  let refused = 0;
  for (const seed of [1, 2, 3, 4]) {
    const outcome = await fleetCase(seed);
    assert.deepEqual(outcome.faults, [], `seed ${seed}`);
    again += outcome.begun - outcome.steps;
    refused += outcome.refused;
  }
  // How messages cross is left to chance too: not each seed need have both.
  assert.ok(again > 0, "some step was begun by more than one");
  assert.ok(refused > 0, "somebody was refused");
});
