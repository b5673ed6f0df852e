import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

async function started(world = new EngineWorld()) {
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  return { world, bot, run };
}
/** The run's first request to an agent, answered by hand. */
async function waitingFor(agent: string) {
  const { world, bot, run } = await started();
  for (;;) {
    const job = world.queue.take();
    if (job !== undefined) {
      await bot.engine.dispatch(job);
      continue;
    }
    const [row] = await world.store.claimOutbox(world.time.now(), 60_000, 1);
    assert.ok(row !== undefined);
    if (row.to === agent) {
      return { world, bot, run, row };
    }
    const reply = world.replyTo(row);
    assert.ok(reply !== undefined);
    await bot.engine.receive(reply);
  }
}
const stepOf = async (world: EngineWorld, run: string, id: string) =>
  (await world.run(run)).steps.find((step) => step.id === id);

test("a result by another granted agent is refused, alarmed, not acknowledged; the right one still counts", async () => {
  const { world, bot, run, row } = await waitingFor("inventory");
  const before = world.acknowledged.length;
  const good = world.replyTo(row);
  assert.ok(good !== undefined);
  await bot.engine.receive({ ...good, from: { atSign: "@cs-crm", instance: "main", role: "crm" } });
  assert.equal((await stepOf(world, run, "reserve"))?.status, "waiting");
  assert.deepEqual(world.alarms(), ["wrong-sender"]);
  assert.equal(world.acknowledged.length, before);
  await bot.engine.receive(good);
  assert.equal((await stepOf(world, run, "reserve"))?.status, "completed");
});

test("a late result of an instance whose step was given to another is refused; the other's counts", async () => {
  const { world, bot, run, row } = await waitingFor("inventory");
  const good = world.replyTo(row);
  assert.ok(good !== undefined);
  await world.store.instances.assign(row, "a");
  assert.equal((await world.store.instances.assign(row, "b"))?.token, 2);
  const before = world.acknowledged.length;
  await bot.engine.receive(good);
  await world.bot().engine.receive(good);
  assert.deepEqual(world.alarms(), ["fenced", "fenced"], "also by a new process of the bot");
  assert.equal(world.acknowledged.length, before);
  assert.equal((await stepOf(world, run, "reserve"))?.status, "waiting");
  await bot.engine.receive({ ...good, fencing: 2 });
  assert.equal((await stepOf(world, run, "reserve"))?.status, "completed");
});

test("a token counts for its own step alone", async () => {
  const { world, bot, run, row } = await waitingFor("inventory");
  const other = { ...row, subject: { ...row.subject, step: "undo-reserve" } };
  await world.store.instances.assign(other, "a");
  await world.store.instances.assign(other, "b");
  const good = world.replyTo(row);
  assert.ok(good !== undefined);
  await bot.engine.receive(good);
  assert.equal((await stepOf(world, run, "reserve"))?.status, "completed");
  assert.deepEqual(world.alarms(), []);
});

test("a step that no instance is there for says so until one is, and is no less waited for", async () => {
  const { world, bot, run, row } = await waitingFor("inventory");
  const before = await stepOf(world, run, "reserve");
  await bot.engine.unattended(row.subject, true);
  const waiting = await stepOf(world, run, "reserve");
  assert.equal(waiting?.error?.code, "no-instance");
  assert.deepEqual({ ...waiting, error: null }, { ...before, error: null });
  const version = (await world.run(run)).version;
  await bot.engine.unattended(row.subject, true);
  assert.equal((await world.run(run)).version, version, "said once");
  await bot.engine.unattended({ ...row.subject, attempt: 7 }, false);
  assert.equal((await stepOf(world, run, "reserve"))?.error?.code, "no-instance", "of another attempt");
  await bot.engine.unattended(row.subject, false);
  assert.equal((await stepOf(world, run, "reserve"))?.error, null);
  await bot.engine.unattended(row.subject, true);
  const good = world.replyTo(row);
  assert.ok(good !== undefined);
  await bot.engine.receive(good);
  const done = await stepOf(world, run, "reserve");
  assert.deepEqual([done?.status, done?.error], ["completed", null]);
});

test("an output that is not as declared is a failed attempt; the next one is asked for", async () => {
  const { world, bot, run, row } = await waitingFor("inventory");
  await bot.engine.receive(world.envelope(row, "result", { output: { missing: "three" } }));
  const step = await stepOf(world, run, "reserve");
  assert.deepEqual([step?.status, step?.attempt, step?.error?.code], ["queued", 2, "bad-output"]);
  assert.equal(await world.text(run, "reserve", "output"), undefined);
  await world.time.advance(2000);
  await world.settle(bot.engine);
  assert.equal((await stepOf(world, run, "gate"))?.status, "waiting");
});

test("bodies of any other shape are failed attempts too", async () => {
  for (const [kind, body] of [
    ["result", null],
    ["result", { output: { missing: 1 }, more: 1 }],
    ["error", { code: "x" }],
    ["error", "no"],
  ] as const) {
    const { world, bot, run, row } = await waitingFor("inventory");
    await bot.engine.receive(world.envelope(row, kind, body));
    assert.equal((await stepOf(world, run, "reserve"))?.error?.code, "bad-output");
  }
});

test("messages about unknown runs, steps and of other kinds change nothing", async () => {
  const { world, bot, row } = await waitingFor("inventory");
  const good = world.envelope(row, "result", { output: { missing: 1 } });
  const version = (await world.run(row.subject.run)).version;
  await bot.engine.receive({ ...good, subject: { ...good.subject, run: "none" } });
  await bot.engine.receive({ ...good, subject: { ...good.subject, step: "none" } });
  await bot.engine.receive({ ...good, subject: { ...good.subject, step: "undo-none" } });
  await bot.engine.receive({ ...good, kind: "progress" });
  await bot.engine.receive({ ...good, kind: "request" });
  assert.deepEqual(world.alarms(), ["unknown-run", "wrong-sender", "wrong-sender"]);
  assert.equal((await world.run(row.subject.run)).version, version);
});

test("a result of an earlier attempt is acknowledged, journalled as stale, and changes nothing", async () => {
  const { world, bot, run, row } = await waitingFor("inventory");
  const good = world.replyTo(row);
  assert.ok(good !== undefined);
  await world.time.advance(3_600_000);
  await bot.engine.due(run);
  assert.equal((await stepOf(world, run, "reserve"))?.attempt, 2);
  await bot.engine.receive(good);
  assert.equal((await stepOf(world, run, "reserve"))?.status, "queued");
  assert.equal(world.acknowledged.at(-1), good.subject);
  assert.equal(world.store.journal.at(-1)?.facts["stale"], true);
});

test("retryable errors are tried again after a growing wait, then triaged", async () => {
  const world = new EngineWorld();
  world.skills.set("inventory.reserve", () => {
    throw new AppError("busy", "later", { retryable: true });
  });
  const { bot, run } = await started(world);
  const tries = () => world.calls.filter((call) => call.startsWith("inventory.reserve/")).length;
  await world.settle(bot.engine);
  assert.equal(tries(), 1);
  await world.time.advance(999);
  await world.settle(bot.engine);
  assert.equal(tries(), 1);
  await world.time.advance(1);
  await world.settle(bot.engine);
  assert.equal(tries(), 2);
  await world.time.advance(2000);
  await world.settle(bot.engine);
  assert.equal(tries(), 3);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.error?.code], ["failed", "busy"]);
  assert.deepEqual(await world.text(run, "reserve", "triage:3"), {
    action: "escalate",
    delayMs: 0,
    exclude: [],
    note: "somebody must look",
  });
  assert.ok([...world.effects.values()].every((each) => each !== "done"));
});

test("triage: retry goes on after the wait; without end it does not", async () => {
  const world = new EngineWorld();
  world.skills.set("inventory.reserve", () => {
    throw new AppError("broken", "no");
  });
  world.skills.set("exception.triage", () => ({
    action: "retry",
    delayMs: 5000,
    exclude: [],
    note: "again",
  }));
  const { bot, run } = await started(world);
  for (let turn = 0; turn < 20; turn += 1) {
    await world.settle(bot.engine);
    await world.time.advance(5000);
  }
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.error?.code], ["failed", "broken"]);
  assert.equal(world.calls.filter((call) => call.startsWith("inventory.reserve/")).length, 6);
});

test("triage: alternative undoes the revision, then everything but the route happens again without the excluded", async () => {
  const world = new EngineWorld();
  world.skills.set("compliance.attest", (body, subject, count) => {
    if (count === 1) {
      throw new AppError("vendor-refused", "not from them");
    }
    return world.usual("compliance.attest", body, subject);
  });
  world.skills.set("exception.triage", () => ({
    action: "alternative",
    delayMs: 0,
    exclude: ["acme"],
    note: "",
  }));
  const { bot, run } = await started(world);
  await world.settle(bot.engine);
  const revised = await world.run(run);
  assert.deepEqual([revised.revision, revised.status, revised.error], [2, "waiting", null]);
  assert.equal(world.effects.get(`${run}/1/reserve`), "undone");
  assert.equal(world.effects.get(`${run}/2/reserve`), "done");
  assert.match(JSON.stringify(await world.text(run, "gate", "plan", 2)), /excluded[^[]*\[[^\]]*acme/);
  assert.equal(world.calls.filter((call) => call.startsWith("router.")).length, 1);
  await bot.approvals.decide({ approval: `${run}-2-gate`, ...click });
  await world.settle(bot.engine);
  assert.deepEqual(world.placed, [`${run}/2/orders`]);
  assert.equal((await world.run(run)).status, "completed");
});

test("triage: an alternative after the orders were sent ends the run instead", async () => {
  const world = new EngineWorld();
  world.skills.set("supply.place-orders", () => {
    throw new AppError("mandate-refused", "the plan was changed");
  });
  world.skills.set("exception.triage", ({ input }) => {
    assert.equal(input["irreversibleStarted"], true);
    return { action: "alternative", delayMs: 0, exclude: ["acme"], note: "" };
  });
  const { bot, run } = await started(world);
  await world.settle(bot.engine);
  await bot.approvals.decide({ approval: `${run}-1-gate`, ...click });
  await world.settle(bot.engine);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.revision, ended.error?.code], ["failed", 1, "mandate-refused"]);
  assert.deepEqual([...world.effects.values()], ["done", "done"], "orders may have been placed");
});

test("a failure after the orders keeps what they were approved with", async () => {
  const world = new EngineWorld();
  world.skills.set("crm.record", () => {
    throw new AppError("crm-down", "no");
  });
  const { bot, run } = await started(world);
  await world.settle(bot.engine);
  await bot.approvals.decide({ approval: `${run}-1-gate`, ...click });
  await world.settle(bot.engine);
  assert.equal((await world.run(run)).error?.code, "crm-down");
  assert.deepEqual([...world.effects.values()], ["done", "done"]);
  assert.equal(world.placed.length, 1);
});

test("an undo that cannot be done ends the run failed, for a person to look; the others are done", async () => {
  const world = new EngineWorld();
  world.skills.set("financial.release", () => {
    throw new AppError("locked", "no");
  });
  const { bot, run } = await started(world);
  await world.settle(bot.engine);
  await bot.engine.cancel(run, "employee");
  await world.settle(bot.engine);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.error?.code], ["failed", "undo-failed"]);
  assert.match(ended.error?.message ?? "", /"budget"/);
  assert.equal(world.effects.get(`${run}/1/reserve`), "undone");
});

test("status notices fail without consequence", async () => {
  const world = new EngineWorld();
  world.skills.set("crm.record-status", () => {
    throw new AppError("crm-down", "no");
  });
  const { bot, run } = await started(world);
  await world.settle(bot.engine);
  assert.equal((await stepOf(world, run, "gate"))?.status, "waiting");
  assert.ok([...world.store.outbox.values()].every((row) => !row.open));
});

test("a router that answers nonsense, or a workflow that is not there, is a failure that says so", async () => {
  for (const [answer, code] of [
    [{ outcome: "workflow", workflow: "gone", version: 9, input: {} }, "unknown-workflow"],
    [{ outcome: "workflow", workflow: "buying", version: 1, input: { item: 5 } }, "bad-output"],
    [{ outcome: "dance" }, "bad-output"],
  ] as const) {
    const world = new EngineWorld();
    world.skills.set("router.route", () => answer);
    const { bot, run } = await started(world);
    for (let turn = 0; turn < 12; turn += 1) {
      await world.settle(bot.engine);
      await world.time.advance(61_000);
    }
    const ended = await world.run(run);
    assert.deepEqual([ended.status, ended.error?.code, ended.workflow], ["failed", code, null]);
  }
});
