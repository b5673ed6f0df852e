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

test("the commit that makes a step ready holds its request; its job sends it, once", async () => {
  const { world, engine, run, job, row } = await begun();
  assert.deepEqual(job, { run, revision: 1, step: "route", attempt: 1, dispatch: 1 });
  assert.equal((await world.run(run)).version, 1);
  assert.equal((await world.run(run)).steps[0]?.status, "waiting");
  assert.ok(world.store.outbox.has(row));
  assert.deepEqual(world.sent, []);
  await engine.dispatch(job);
  assert.deepEqual(world.sent, [row]);
  assert.equal((await world.run(run)).version, 1, "a job that sends changes nothing");
});

test("a job that another bot takes has the request sent from the outbox, though it is not due yet", async () => {
  const { world, job, row } = await begun();
  await world.store.postponeOutbox(row, world.time.now() + 5_000);
  await world.bot().engine.dispatch(job);
  assert.deepEqual(world.sent, ["due"]);
  const [claimed] = await world.store.claimOutbox(world.time.now(), 60_000, 1);
  assert.equal(claimed?.id, row);
});

test("a job that comes when its row is due again leaves it to the outbox", async () => {
  const world = new EngineWorld();
  world.prepared = { tries: 1, dueAt: world.time.now() + 5_000 };
  const { engine } = world.bot();
  await engine.start(request);
  await engine.start({ ...request, key: "k2" });
  await engine.dispatch(world.queue.take() as StepJob);
  assert.equal(world.sent.length, 1);
  await world.time.advance(5_000);
  await engine.dispatch(world.queue.take() as StepJob);
  assert.equal(world.sent.length, 1);
});

test("a job of a step that is past it sends nothing", async () => {
  const { world, engine, job } = await begun();
  await world.settle(engine);
  world.sent.length = 0;
  await engine.dispatch(job);
  await world.bot().engine.dispatch({ ...job, attempt: 2 });
  assert.deepEqual(world.sent, []);
});

test("a request whose job the queue refuses is sent at once", async () => {
  const world = new EngineWorld();
  world.queue.add = () => Promise.reject(new Error("no queue"));
  const { run } = await world.bot().engine.start(request);
  await settle();
  assert.deepEqual(world.sent, [`request-${run}-1-route-1`]);
});
