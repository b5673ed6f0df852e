import assert from "node:assert/strict";
import { test } from "node:test";
import type { StepJob } from "../../../src/ports.ts";
import { settle } from "../../fakes/manual-time.ts";
import { EngineWorld, request } from "./engine-world.ts";

/** A run that has just begun: its first request is in the outbox, its first job in the queue. */
async function begun() {
  const world = new EngineWorld();
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  const job = world.queue.take() as StepJob;
  return { world, ...bot, run, job, row: `request-${run}-1-route-1` };
}

test("the commit that makes a step ready holds its request, which is sent then; its job finds that done", async () => {
  const { world, engine, run, job, row } = await begun();
  assert.deepEqual(job, { run, revision: 1, step: "route", attempt: 1, dispatch: 1, ready: true });
  assert.equal((await world.run(run)).version, 1);
  assert.equal((await world.run(run)).steps[0]?.status, "waiting");
  assert.ok(world.store.outbox.has(row));
  assert.deepEqual(world.sent, [row]);
  await engine.dispatch(job);
  assert.deepEqual(world.sent, [row]);
  assert.equal((await world.run(run)).version, 1, "a job whose request is sent changes nothing");
});

test("a job that another bot takes has it look for what is due, and leaves a request under way alone", async () => {
  const { world, job, row } = await begun();
  await world.store.postponeOutbox(row, world.time.now() + 5_000);
  world.sent.length = 0;
  await world.bot().engine.dispatch(job);
  assert.deepEqual(world.sent, ["due"]);
  assert.deepEqual(await world.store.claimOutbox(world.time.now(), 60_000, 1), []);
  assert.equal((await world.store.claimOutbox(world.time.now() + 5_000, 60_000, 1))[0]?.id, row);
});

test("a job that comes twice sends nothing twice", async () => {
  const { world, engine, job, row } = await begun();
  await engine.dispatch(job);
  await engine.dispatch(job);
  assert.deepEqual(world.sent, [row, "due"]);
});

test("a job of a step that is past it sends nothing", async () => {
  const { world, engine, job } = await begun();
  await world.settle(engine);
  world.sent.length = 0;
  await engine.dispatch({ ...job, ready: false });
  await world.bot().engine.dispatch({ ...job, attempt: 2, ready: false });
  assert.deepEqual(world.sent, []);
});

test("a request whose job the queue refuses is sent at once", async () => {
  const world = new EngineWorld();
  world.queue.add = () => Promise.reject(new Error("no queue"));
  const { run } = await world.bot().engine.start(request);
  await settle();
  assert.deepEqual(world.sent, [`request-${run}-1-route-1`]);
});
