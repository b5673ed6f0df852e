import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../../fakes/manual-time.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

async function started(world: EngineWorld) {
  const { engine, intake, approvals, sweeper } = world.bot();
  const accepted = await intake.request(request);
  assert.ok(accepted.outcome === "accepted");
  return { engine, intake, approvals, sweeper, run: accepted.run };
}

test("a paused run begins nothing; what is under way finishes; resumed, it goes on", async () => {
  const world = new EngineWorld();
  const { engine, intake, approvals, sweeper, run } = await started(world);
  const job = world.queue.take();
  assert.ok(job !== undefined);
  await engine.dispatch(job);
  assert.equal((await intake.pause(run, "employee", true)).outcome, "accepted");
  assert.equal((await intake.pause(run, "employee", true)).outcome, "refused", "it is already");
  await world.settle(engine);
  const paused = await world.run(run);
  assert.equal(paused.paused, true);
  assert.equal(paused.steps.find(({ id }) => id === "route")?.status, "completed");
  sweeper.start();
  for (let turn = 0; turn < 30; turn += 1) {
    await world.time.advance(60_000);
    await settle();
    await world.settle(engine);
  }
  assert.deepEqual(
    world.calls.filter((call) => call.startsWith("inventory.") || call.startsWith("financial.")),
    [],
  );
  await sweeper.stop();
  // Another process: the pause is in the record.
  const next = world.bot();
  assert.equal((await next.intake.pause(run, "manager", false)).outcome, "accepted");
  await world.settle(next.engine);
  assert.equal((await approvals.decide({ approval: `${run}-1-gate`, ...click })).outcome, "accepted");
  await world.settle(next.engine);
  const done = await world.run(run);
  assert.equal(done.status, "completed");
  assert.equal(done.paused, undefined);
  assert.equal(world.placed.length, 1);
  const kinds = world.store.journal
    .filter(({ kind }) => kind === "pause")
    .map(({ facts }) => facts["paused"]);
  assert.deepEqual(kinds, [true, false]);
});

test("only the requester and those who may cancel pause; a paused run can be cancelled", async () => {
  const world = new EngineWorld();
  const { engine, intake, run } = await started(world);
  const stranger = await intake.pause(run, "former", true);
  assert.ok(stranger.outcome === "refused" && stranger.error.code === "unknown-person");
  assert.equal((await intake.pause("r-none", "manager", true)).outcome, "refused");
  await intake.pause(run, "manager", true);
  assert.equal((await intake.cancel(run, "employee")).outcome, "accepted");
  await world.settle(engine);
  assert.equal((await world.run(run)).status, "cancelled");
  assert.equal((await intake.pause(run, "manager", false)).outcome, "refused", "it is over");
});
