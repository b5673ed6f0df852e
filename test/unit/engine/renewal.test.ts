import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import { click, EngineWorld, request, type Skill } from "./engine-world.ts";

/** After the decision both attestations are made again; the mandate carries these and no others. */

const second = 1000;
const refusal = new AppError("credit-exceeded", "the limit is 1.00 USD");

/** A run that is approved in a world whose attestations are numbered in the order in which they are made. */
async function approved(skills: Readonly<Record<string, Skill>>) {
  const world = new EngineWorld();
  let made = 0;
  for (const name of ["financial.attest", "compliance.attest"]) {
    world.skills.set(name, (body, subject, count) => {
      const own = skills[name]?.(body, subject, count);
      made += 1;
      return own ?? { ...(world.usual(name, body, subject) as object), number: made };
    });
  }
  for (const [name, skill] of Object.entries(skills)) {
    if (!name.endsWith(".attest")) {
      world.skills.set(name, skill);
    }
  }
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  await bot.approvals.decide({ approval: `${run}-1-gate`, ...click });
  await world.settle(bot.engine);
  return {
    world,
    run,
    /** Lets time pass, second by second. */
    pass: async (seconds: number) => {
      for (let passed = 0; passed < seconds; passed += 1) {
        await world.time.advance(second);
        await world.settle(bot.engine);
      }
    },
  };
}
/** The numbers of the attestations that an attempt's mandate carried. */
async function carried(world: EngineWorld, run: string, attempt: number): Promise<readonly unknown[]> {
  const sent = (await world.text(run, "orders", `input:${attempt}`)) as {
    mandate: { attestations: { number: number }[] };
  };
  return sent.mandate.attestations.map((each) => each.number).toSorted((a, b) => a - b);
}
const pass: Skill = () => undefined as unknown as Json;
const refuseFrom =
  (count: number): Skill =>
  (body, subject, now) => {
    if (now >= count) {
      throw refusal;
    }
    return pass(body, subject, now);
  };
/** Supply refuses the first mandates as too old. */
const tooOld =
  (times: number): Skill =>
  (_body, _subject, count) => {
    if (count <= times) {
      throw new AppError("mandate-stale", "the attestations are old", { retryable: true });
    }
    return { done: true };
  };

test("the mandate carries the attestations made after the decision, not those the card was shown with", async () => {
  const { world, run } = await approved({});
  assert.equal((await world.run(run)).status, "completed");
  assert.deepEqual(await carried(world, run, 1), [3, 4]);
  assert.equal(world.placed.length, 1);
});

for (const agent of ["financial", "compliance"]) {
  test(`${agent} refuses after the decision: no order is sent, all is released, the run fails and says why`, async () => {
    const { world, run } = await approved({ [`${agent}.attest`]: refuseFrom(2) });
    const ended = await world.run(run);
    assert.deepEqual(
      [ended.status, ended.error?.code, ended.error?.message],
      ["failed", refusal.code, refusal.message],
    );
    assert.equal(await world.text(run, "orders", "input:1"), undefined);
    assert.deepEqual([world.placed, [...world.effects.values()]], [[], ["undone", "undone"]]);
    const told = [...world.store.outbox.values()].filter((row) => row.subject.step === "status-failed");
    assert.equal(told.length, 1, "CRM is told");
  });
}

test("no other plan is made after the decision, whatever triage says", async () => {
  const { world, run } = await approved({
    "compliance.attest": refuseFrom(2),
    "exception.triage": ({ input }) => {
      assert.deepEqual([input["decided"], input["irreversibleStarted"]], [true, false]);
      return { action: "alternative", delayMs: 0, exclude: [], note: "" };
    },
  });
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.revision, ended.error?.code], ["failed", 1, refusal.code]);
  assert.deepEqual([...world.effects.values()], ["undone", "undone"]);
});

test("attestations that supply finds too old are made again, as often as needed, using up no attempt", async () => {
  const { world, run, pass: wait } = await approved({ "supply.place-orders": tooOld(9) });
  assert.deepEqual((await world.run(run)).status, "running");
  await wait(300);
  const ended = await world.run(run);
  assert.equal(ended.status, "completed");
  assert.deepEqual(await carried(world, run, 2), [5, 6]);
  assert.deepEqual(await carried(world, run, 10), [21, 22]);
  assert.equal(world.calls.filter((call) => call.startsWith("exception.")).length, 0, "nobody triages");
});

test("refused as too old and then not attested again: nothing was begun, so all is released", async () => {
  const {
    world,
    run,
    pass: wait,
  } = await approved({
    "supply.place-orders": tooOld(2),
    "financial.attest": refuseFrom(4),
  });
  await wait(10);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.error?.code], ["failed", refusal.code]);
  assert.deepEqual([...world.effects.values()], ["undone", "undone"]);
});

test("not attested again after an attempt of unknown outcome: orders may be there, so all stays held", async () => {
  const {
    world,
    run,
    pass: wait,
  } = await approved({
    "supply.place-orders": (_body, _subject, count) => {
      throw count === 1
        ? new AppError("order-unknown", "no answer", { retryable: true })
        : new AppError("mandate-stale", "the attestations are old", { retryable: true });
    },
    "financial.attest": refuseFrom(3),
  });
  await wait(10);
  const ended = await world.run(run);
  assert.deepEqual([ended.status, ended.error?.code], ["failed", refusal.code]);
  assert.deepEqual([...world.effects.values()], ["done", "done"]);
});

test("after a restart of the bot in the middle of a renewal the newest attestations are sent", async () => {
  const { world, run } = await approved({ "supply.place-orders": tooOld(1) });
  await world.time.advance(2 * second);
  const other = world.bot();
  await world.settle(other.engine);
  assert.equal((await world.run(run)).status, "completed");
  assert.deepEqual(await carried(world, run, 2), [5, 6]);
  for (const name of ["output", "output:2"]) {
    assert.ok((await world.text(run, "moneyAgain", name)) !== undefined, `${name} is kept`);
  }
});
