import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as assertProperty, asyncProperty, constantFrom } from "../../fakes/fast-check.ts";
import { AppError } from "../../../src/errors.ts";
import { stuckSteps } from "../../../src/step-errors.ts";
import { createUndoDesk } from "../../../src/undo-desk.ts";
import { click, EngineWorld, request, Silence } from "./engine-world.ts";

const hour = 3_600_000;

/** A run that is asked for, decided on if it comes so far, and given time until it has ended. */
async function played(world: EngineWorld, verdict: "approved" | "rejected" = "approved") {
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  await bot.approvals.decide({ ...click, verdict, approval: `${run}-1-gate` });
  await world.settle(bot.engine);
  const pass = async (hours: number) => {
    for (let passed = 0; passed < hours; passed += 1) {
      await world.time.advance(hour);
      // As the sweeper does.
      await bot.engine.due(run);
      await world.settle(bot.engine);
    }
  };
  const desk = createUndoDesk({ store: world.store, engine: bot.engine, trust: () => world.trust });
  return { run, engine: bot.engine, desk, pass };
}

/** Rejected, while financial refuses to release the budget. */
async function stuck() {
  const world = new EngineWorld();
  let refuses = true;
  world.skills.set("financial.release", (body, subject) => {
    if (refuses) {
      throw new AppError("account-closed", "the project is closed");
    }
    return world.usual("financial.release", body, subject);
  });
  const run = await played(world, "rejected");
  const ended = await world.run(run.run);
  assert.deepEqual([ended.status, ended.error?.code], ["failed", "undo-failed"]);
  assert.deepEqual(
    stuckSteps(ended).map(({ id }) => id),
    ["budget"],
  );
  assert.equal(world.effects.get(`${run.run}/1/reserve`), "undone", "what could be undone is");
  return { world, ...run, allow: () => void (refuses = false) };
}

test("an undo that was refused for good is tried again when a person says so, and the run ends then", async () => {
  const { world, run, engine, desk, allow } = await stuck();
  assert.deepEqual(await desk.undo(run, "manager"), { outcome: "accepted", run });
  await world.settle(engine);
  assert.equal((await world.run(run)).error?.code, "undo-failed", "refused again");
  allow();
  await desk.undo(run, "manager");
  await world.settle(engine);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.error, stuckSteps(ended)], ["cancelled", null, []]);
  assert.equal(world.effects.get(`${run}/1/budget`), "undone");
  const calls = world.calls.filter((call) => call.startsWith("financial.release/"));
  assert.deepEqual(
    calls,
    [1, 2, 3].map((attempt) => `financial.release/undo-budget/1/${attempt}`),
  );
  const again = await desk.undo(run, "manager");
  assert.equal(again.outcome === "refused" ? again.error.code : "", "undo-nothing-to-undo");
});

for (const [outcome, status, code] of [
  ["by-hand", "compensated", null],
  ["given-up", "failed", "undo-given-up"],
] as const) {
  test(`a person says what became of it: ${outcome}; who and why is recorded, and nothing is asked again`, async () => {
    const { world, run, engine, desk } = await stuck();
    const calls = world.calls.length;
    const o = { undo: `${run}-1-budget`, act: outcome, note: "booked back by hand", adapter: "console" };
    assert.equal((await desk.act({ ...o, person: "manager" })).outcome, "accepted");
    await world.settle(engine);
    const ended = await world.run(run);
    const budget = ended.steps.find(({ id }) => id === "budget");
    assert.deepEqual(
      [ended.status, budget?.status, budget?.error?.code ?? null],
      ["cancelled", status, code],
    );
    const notes = world.store.journal.filter(({ kind }) => kind === "undo");
    assert.deepEqual(
      notes.map(({ facts, body }) => [facts, body]),
      [
        [
          { by: "manager", what: outcome, step: "budget", revision: 1, adapter: "console" },
          "booked back by hand",
        ],
      ],
    );
    const again = await desk.act({ ...o, person: "manager" });
    assert.equal(again.outcome === "refused" ? again.error.code : "", "undo-not-stuck");
    assert.ok(world.calls.slice(calls).every((call) => call.startsWith("crm.record-status")));
  });
}

test("only whom policy lets cancel other people's requests undoes; a refusal is recorded", async () => {
  const { world, run, desk } = await stuck();
  world.trust = { ...world.trust, policy: { ...world.trust.policy, cancel: ["manager"] } };
  for (const answer of [
    await desk.undo(run, "employee"),
    await desk.act({
      undo: `${run}-1-budget`,
      person: "employee",
      act: "given-up",
      note: "no",
      adapter: "console",
    }),
    await desk.undo(run, "nobody"),
  ]) {
    assert.equal(answer.outcome, "refused");
  }
  assert.equal(world.store.journal.filter(({ kind }) => kind === "refusal").length, 3);
  assert.deepEqual(stuckSteps(await world.run(run)).length, 1);
});

test("orders that were placed are not taken back, nor what goes with them; an unended run is cancelled instead", async () => {
  const world = new EngineWorld();
  const { run, desk } = await played(world);
  assert.equal((await world.run(run)).status, "completed");
  const before = [...world.effects];
  const refused = await desk.undo(run, "manager");
  assert.equal(refused.outcome === "refused" ? refused.error.code : "", "undo-irreversible");
  assert.deepEqual([...world.effects], before);
  const open = new EngineWorld();
  const bot = open.bot();
  const started = await bot.engine.start(request);
  await open.settle(bot.engine);
  assert.equal(await bot.engine.undo(started.run, "manager"), "not-ended");
  assert.equal(await bot.engine.undo("nothing", "manager"), "unknown");
});

test("property: whatever fails, before or after its effect, the balances are as at the start, or an order tells why not", async () => {
  const skills = [
    "inventory.reserve",
    "financial.budget",
    "financial.attest",
    "compliance.attest",
    "hitl.sign-decision",
    "supply.place-orders",
    "crm.record",
  ];
  const trouble = constantFrom("refused", "busy", "silent", "none");
  await assertProperty(
    asyncProperty(
      constantFrom(...skills),
      constantFrom("before", "after"),
      trouble,
      constantFrom("fine", "busy twice", "refused once"),
      constantFrom("approved" as const, "rejected" as const),
      async (failing, when, how, undo, verdict) => {
        const world = new EngineWorld();
        world.skills.set(failing, (body, subject) => {
          const done = when === "after" ? world.usual(failing, body, subject) : null;
          if (how === "silent") {
            throw new Silence();
          }
          if (how === "none") {
            return done ?? world.usual(failing, body, subject);
          }
          throw new AppError(how, "it failed", { retryable: how === "busy" });
        });
        for (const release of ["inventory.release", "financial.release"]) {
          let tries = 0;
          world.skills.set(release, (body, subject) => {
            tries += 1;
            if (undo === "busy twice" && tries <= 2) {
              throw new AppError("data-busy", "busy", { retryable: true });
            }
            if (undo === "refused once" && tries === 1) {
              throw new AppError("refused", "not now");
            }
            return world.usual(release, body, subject);
          });
        }
        const { run, desk, pass, engine } = await played(world, verdict);
        await pass(100);
        const isOpen = async () =>
          ["running", "waiting", "compensating"].includes((await world.run(run)).status);
        if (await isOpen()) {
          await engine.cancel(run, "manager");
          await pass(100);
        }
        assert.equal(await isOpen(), false, "it ends");
        // As often as there is something to try again.
        for (let round = 0; round < 3 && stuckSteps(await world.run(run)).length > 0; round += 1) {
          await desk.undo(run, "manager");
          await world.settle(engine);
          await pass(10);
        }
        assert.equal(await isOpen(), false);
        const ended = await world.run(run);
        assert.deepEqual(stuckSteps(ended), []);
        const held = [...world.effects].filter(([, state]) => state === "done");
        const orders = ended.steps.find(({ id }) => id === "orders");
        if ((orders?.startedAt ?? null) === null) {
          assert.deepEqual(held, []);
          assert.deepEqual(world.placed, []);
        } else if (held.length > 0) {
          // Kept with orders that were or may have been placed: said as such, and refused to be undone.
          assert.equal(await engine.undo(run, "manager"), "irreversible");
        }
        assert.ok(world.placed.length <= 1, "never ordered twice");
      },
    ),
    { numRuns: 60 },
  );
});
