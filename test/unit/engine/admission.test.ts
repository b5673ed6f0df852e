import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineWorld, request, Silence } from "./engine-world.ts";

/** Two runs at a time and three that wait, unless a test says otherwise; agents answer when `open` is called. */
function busyWorld() {
  const world = new EngineWorld();
  world.bounds = { inProgress: 2, waiting: 3 };
  let closed = true;
  world.skills.set("router.route", (body, subject) => {
    if (closed) {
      throw new Silence();
    }
    return world.usual("router.route", body, subject);
  });
  const open = (): void => {
    closed = false;
  };
  return { world, open, ...world.bot() };
}
type Busy = ReturnType<typeof busyWorld>;

async function ask({ engine }: Pick<Busy, "engine">, key: string, person = "employee"): Promise<string> {
  return (await engine.start({ ...request, key, person, thread: `console:${key}` })).run;
}
const waits = async ({ world }: Busy, runs: readonly string[]) =>
  Promise.all(runs.map(async (run) => (await world.run(run)).held === true));

test("runs beyond the bound wait in the record with nothing sent, and requests beyond those are refused", async () => {
  const busy = busyWorld();
  const { world, engine, intake } = busy;
  const runs: string[] = [];
  for (const key of ["a", "b", "c", "d", "e"]) {
    runs.push(await ask(busy, key));
  }
  assert.deepEqual(await waits(busy, runs), [false, false, true, true, true]);
  assert.equal(world.store.outbox.size, 2);
  assert.deepEqual(await world.store.progress(), { inProgress: 2, held: 3 });
  const refused = await intake.request({ ...request, key: "f" });
  assert.ok(refused.outcome === "refused");
  assert.equal(refused.error.code, "too-many-requests");
  assert.equal(refused.error.retryable, true);
  assert.match(refused.error.message, /^3 requests wait/);
  assert.deepEqual(await intake.request({ ...request, key: "a" }), { outcome: "accepted", run: runs[0] });
  // One of them is given up: there is room for another to wait.
  assert.equal(await engine.cancel(runs[4] ?? "", "employee"), "cancelled");
  assert.equal((await intake.request({ ...request, key: "f" })).outcome, "accepted");
});

test("a run that ends or waits for a person makes room, and each of those that wait gets its turn", async () => {
  const busy = busyWorld();
  const { world, open, engine } = busy;
  const runs: string[] = [];
  for (const key of ["a", "b", "c", "d", "e"]) {
    runs.push(await ask(busy, key));
  }
  await engine.admit();
  assert.deepEqual(await waits(busy, runs), [false, false, true, true, true]);
  open();
  // As if the first requests were answered after all.
  await engine.cancel(runs[0] ?? "", "employee");
  await engine.cancel(runs[1] ?? "", "employee");
  for (let turn = 0; turn < 10; turn += 1) {
    await world.settle(engine);
    await engine.admit();
  }
  for (const run of runs.slice(2)) {
    assert.equal((await world.run(run)).status, "waiting");
    assert.equal((await world.store.approval(`${run}-1-gate`))?.status, "open");
  }
  assert.deepEqual(await world.store.progress(), { inProgress: 0, held: 0 });
});

test("where many wait, requesters take turns by their shares", async () => {
  const busy = busyWorld();
  busy.world.bounds = { inProgress: 1, waiting: 100 };
  busy.world.shares = { anna: 2 };
  const { engine } = busy.world.bot();
  const first = await ask({ engine }, "first");
  const asked: [string, string][] = [];
  for (let n = 0; n < 6; n += 1) {
    asked.push([await ask({ engine }, `bulk${n}`, "bulk"), "bulk"]);
    await busy.world.time.advance(1);
  }
  for (let n = 0; n < 4; n += 1) {
    asked.push([await ask({ engine }, `anna${n}`, "anna"), "anna"]);
    await busy.world.time.advance(1);
  }
  const order: string[] = [];
  let current = first;
  while (order.length < asked.length) {
    await engine.cancel(current, "admin");
    await engine.admit();
    const held = await waits(
      busy,
      asked.map(([run]) => run),
    );
    const begun = asked.filter((_, at) => held[at] === false).filter(([run]) => !order.includes(run));
    assert.equal(begun.length, 1);
    current = begun[0]?.[0] ?? "";
    order.push(current);
  }
  const names = order.map((run) => asked.find(([id]) => id === run)?.[1]);
  assert.equal(names.slice(0, 6).filter((name) => name === "anna").length, 4, names.join());
  assert.equal(names.slice(0, 3).filter((name) => name === "bulk").length, 1, names.join());
});

test("another bot begins what waits, after a start too; a paused run rests on", async () => {
  const busy = busyWorld();
  const runs: string[] = [];
  for (const key of ["a", "b", "c", "d"]) {
    runs.push(await ask(busy, key));
  }
  assert.equal(await busy.engine.pause(runs[2] ?? "", "employee", true), "done");
  busy.open();
  busy.world.queue.clear();
  const other = busy.world.bot();
  await other.engine.cancel(runs[0] ?? "", "employee");
  await other.engine.cancel(runs[1] ?? "", "employee");
  for (let turn = 0; turn < 5; turn += 1) {
    await other.engine.admit();
    await busy.world.settle(other.engine);
  }
  assert.deepEqual(await waits(busy, runs.slice(2)), [false, false]);
  assert.equal((await busy.world.run(runs[3] ?? "")).status, "waiting");
  const paused = await busy.world.run(runs[2] ?? "");
  assert.deepEqual([paused.paused, paused.steps[0]?.status], [true, "queued"]);
  assert.equal(await other.engine.pause(runs[2] ?? "", "employee", false), "done");
  await busy.world.settle(other.engine);
  assert.equal((await busy.world.run(runs[2] ?? "")).status, "waiting");
});

test("a run that cannot be begun keeps no other from its turn", async () => {
  const busy = busyWorld();
  const { world } = busy;
  world.bounds = { inProgress: 1, waiting: 3 };
  const bot = world.bot();
  const runs: string[] = [];
  for (const key of ["a", "b", "c"]) {
    runs.push(await ask(bot, key));
  }
  const save = world.store.saveRun.bind(world.store);
  world.store.saveRun = async (commit) => {
    if (commit.run.id === runs[1]) {
      throw new Error("this one is broken");
    }
    return save(commit);
  };
  await bot.engine.cancel(runs[0] ?? "", "employee");
  await bot.engine.admit();
  assert.deepEqual(await waits(busy, runs.slice(1)), [true, false]);
});
