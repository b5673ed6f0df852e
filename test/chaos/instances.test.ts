import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { leaseMs } from "../../src/link/presence-message.ts";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { instancesPlan } from "./instances/instances-plan.ts";
import { runInstances } from "./instances/instances-run.ts";

/** Real processes, real clock: the fixed part of `npm run chaos:instances -- --processes`. */

const sample = { seed: 1, turns: 5, pace: 5, mostSkewMs: 240_000 };

suite("ten processes of one agent on the same books", { skip: postgresMissing() }, () => {
  after(async () => (await startPostgres()).stop());

  test("the sample stops one for longer than a lease, kills one and moves one", () => {
    const deeds = instancesPlan(sample.seed, { ...sample, leaseMs }).turns.map(({ deed }) => deed);
    assert.deepEqual(new Set(deeds.map(({ kind }) => kind)), new Set(["freeze", "kill", "move"]));
    assert.ok(deeds.some((deed) => deed.kind === "freeze" && deed.ms > leaseMs));
  });

  test(
    "stopped, killed and moved, none at first and none in between: each step is done once",
    { timeout: 300_000 },
    async () => {
      const outcome = await runInstances(sample);
      assert.deepEqual(outcome.faults, []);
      assert.ok(outcome.moved > 0, "some step was given to another");
    },
  );
});
