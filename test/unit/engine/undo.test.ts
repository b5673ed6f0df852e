import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { click, EngineWorld, request, Silence } from "./engine-world.ts";

const minute = 60_000;

/** A run up to its approval; then `approve` or `cancel` it. */
async function untilApproval(world: EngineWorld) {
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const gate = `${run}-1-gate`;
  return {
    run,
    gate,
    engine: bot.engine,
    approve: async () => {
      await bot.approvals.decide({ approval: gate, ...click });
      await world.settle(bot.engine);
    },
    cancel: async () => {
      assert.equal(await bot.engine.cancel(run, "employee"), "cancelled");
      await world.settle(bot.engine);
    },
  };
}
const stepOf = async (world: EngineWorld, run: string, id: string) =>
  (await world.run(run)).steps.find((step) => step.id === id);

test("orders that failed in part, or nobody knows, keep budget and stock; surely none placed lets them go", async () => {
  for (const [code, left] of [
    ["partly-placed", "done"],
    ["order-unknown", "done"],
    ["mandate-expired", "done"],
    ["nothing-placed", "undone"],
    ["ceiling-exceeded", "undone"],
    ["supplier-changed", "undone"],
    ["vendor-refused", "undone"],
  ] as const) {
    const world = new EngineWorld();
    world.skills.set("supply.place-orders", () => {
      throw new AppError(code, "it failed");
    });
    const { run, approve } = await untilApproval(world);
    await approve();
    const ended = await world.run(run);
    assert.deepEqual([ended.status, ended.error?.code], ["failed", code]);
    assert.deepEqual([...world.effects.values()], [left, left], code);
  }
});

test("an undo is tried until it is done, at most five minutes apart; the others do not wait for it", async () => {
  const world = new EngineWorld();
  let tries = 0;
  let works = false;
  world.skills.set("financial.release", (body, subject) => {
    tries += 1;
    if (!works) {
      throw new AppError("data-busy", "the books are busy", { retryable: true });
    }
    return world.usual("financial.release", body, subject);
  });
  const { run, engine, cancel } = await untilApproval(world);
  await cancel();
  assert.equal(tries, 1);
  assert.equal(world.effects.get(`${run}/1/reserve`), "undone", "the undo before it is not held up");
  for (let passed = 0; passed < 48; passed += 1) {
    await world.time.advance(5 * minute);
    await world.settle(engine);
  }
  assert.ok(tries >= 48, `${tries} tries in four hours`);
  const waiting = await world.run(run);
  assert.equal(waiting.status, "compensating");
  const budget = await stepOf(world, run, "budget");
  assert.deepEqual([budget?.status, budget?.error?.code], ["compensating", "data-busy"]);
  const alarms = world.store.journal.filter((each) => each.kind === "alarm");
  assert.deepEqual(
    alarms.map((each) => [each.facts["code"], each.facts["step"], each.facts["attempt"]]),
    [["undo-stuck", "budget", 8]],
  );
  works = true;
  await world.time.advance(5 * minute);
  await world.settle(engine);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.reason, ended.error], ["cancelled", "requested", null]);
  assert.equal(world.effects.get(`${run}/1/budget`), "undone");
  assert.equal((await stepOf(world, run, "budget"))?.error, null);
});

test("a verdict that cannot be signed: the approval is withdrawn, not left as recorded", async () => {
  const world = new EngineWorld();
  world.skills.set("hitl.sign-decision", () => {
    throw new AppError("evidence-stale", "too old");
  });
  const { run, gate, approve } = await untilApproval(world);
  await approve();
  const approval = await world.store.approval(gate);
  assert.deepEqual([approval?.status, approval?.decision?.verdict], ["withdrawn", "approved"]);
  assert.equal((await world.run(run)).error?.code, "evidence-stale");
  const closed = world.store.journal.findLast((each) => each.kind === "approval");
  assert.deepEqual([closed?.facts["status"], closed?.facts["verdict"]], ["withdrawn", "approved"]);
});

for (const code of ["trust-stale", "trust-behind", "mandate-policy-unknown"]) {
  test(`${code} is waited for: no attempt is used up, nobody triages, later failures count from the first`, async () => {
    const world = new EngineWorld();
    let answer: () => never = () => {
      throw new AppError(code, "the trust document is too old", { retryable: true });
    };
    let tries = 0;
    world.skills.set("financial.budget", () => {
      tries += 1;
      return answer();
    });
    const { run, engine } = await untilApproval(world);
    for (let passed = 0; passed < 60; passed += 1) {
      await world.time.advance(minute);
      await world.settle(engine);
    }
    assert.ok(tries > 50, "at most a minute apart");
    assert.equal(world.calls.filter((call) => call.startsWith("exception.")).length, 0);
    const waiting = await stepOf(world, run, "budget");
    assert.deepEqual([waiting?.status, waiting?.error?.code, waiting?.waits], ["queued", code, tries]);

    answer = () => {
      throw new AppError("busy", "later", { retryable: true });
    };
    tries = 0;
    world.skills.set("exception.triage", ({ input }) => {
      assert.equal(input["attempt"], 3, "only what counts is told");
      return { action: "escalate", delayMs: 0, exclude: [], note: "" };
    });
    for (let passed = 0; passed < 5; passed += 1) {
      await world.time.advance(minute);
      await world.settle(engine);
    }
    assert.equal(tries, 3);
    assert.equal((await world.run(run)).error?.code, "busy");
  });
}

test("a status notice waits a month for its agent", async () => {
  const world = new EngineWorld();
  world.skills.set("crm.record-status", () => {
    throw new Silence();
  });
  await untilApproval(world);
  const notices = [...world.store.outbox.values()].filter((row) => row.subject.step.startsWith("status-"));
  assert.ok(notices.length > 0);
  for (const row of notices) {
    assert.ok(row.expiresAt - world.time.now() >= 30 * 24 * 60 * minute);
  }
});
