import assert from "node:assert/strict";
import { test } from "node:test";
import { createGlassReviews } from "../../src/glass-reviews.ts";
import type { Policy } from "../../src/policy-types.ts";
import type { SafetyAct } from "../../src/safety-types.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { policy } from "../fakes/trust-world.ts";
import { click, EngineWorld, request } from "./engine/engine-world.ts";

const hourMs = 3_600_000;
const rules: Policy = {
  ...policy,
  approve: { ...policy.approve, quorum: 2 },
  breakGlass: {
    roles: ["manager"],
    upTo: { amount: "1000.00", currency: "USD" },
    most: { count: 9, days: 30 },
    announceTo: ["manager-2"],
  },
};
const act = (person: string): SafetyAct => ({ person, adapter: "console", assurance: "clicked" });

async function decidedAlone() {
  const world = new EngineWorld();
  world.trust = { ...world.trust, policy: rules };
  const bot = world.bot();
  const reviews = createGlassReviews({
    store: world.store,
    engine: bot.engine,
    trust: () => world.trust,
    clock: world.time,
    after: (ms, call) => world.time.after(ms, call),
    log: silentLogger,
  });
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const gate = `${run}-1-gate`;
  await bot.approvals.decide({ ...click, approval: gate, breakGlass: true, reason: "the line stands" });
  await world.settle(bot.engine);
  assert.equal((await world.run(run)).status, "completed");
  const review = async (person: string, note = "It was right.") => {
    const outcome = await reviews.review(act(person), gate, note);
    return outcome.outcome === "refused" ? outcome.error.code : outcome.outcome;
  };
  const open = async () => (await reviews.unreviewed()).map(({ id }) => id);
  return { world, run, gate, reviews, review, open };
}

test("lesson 18: what was decided alone is listed until somebody else has reviewed it, once, on the record", async () => {
  const { world, run, gate, review, open } = await decidedAlone();
  assert.deepEqual(await open(), [gate]);
  assert.equal(await review("manager"), "own-request", "who decided");
  assert.equal(await review("employee"), "own-request", "who asked");
  assert.equal(await review("former"), "unknown-person");
  assert.equal(await review("manager-2", " "), "bad-note");
  const [before] = await world.store.cards(`announced-${gate}`);
  assert.equal(await review("manager-2"), "done");
  assert.deepEqual(await open(), []);
  assert.equal(await review("manager-2", "Again."), "reviewed-before");
  const [after] = await world.store.cards(`announced-${gate}`);
  assert.ok((after?.version ?? 0) > (before?.version ?? 0), "its card says so");
  assert.deepEqual(await world.text(run, "gate", "review"), {
    by: "manager-2",
    at: world.time.now(),
    note: "It was right.",
  });
  const entry = world.store.journal.find(({ kind }) => kind === "review");
  assert.deepEqual([entry?.facts["by"], entry?.body], ["manager-2", "It was right."]);
  assert.equal((await world.run(run)).status, "completed");
});

test("it is brought to mind every day until then, once however often it is looked at", async () => {
  const { world, gate, reviews, review } = await decidedAlone();
  const cards = async () => {
    const found = await Promise.all([1, 2, 3, 4].map((n) => world.store.cards(`review-${gate}-${n}`)));
    return found.map((each) => each.length);
  };
  const look = async (hours: number) => {
    await world.time.advance(hours * hourMs);
    await reviews.remind();
    await reviews.remind();
    return cards();
  };
  assert.deepEqual(await look(23), [0, 0, 0, 0]);
  assert.deepEqual(await look(2), [1, 0, 0, 0]);
  assert.deepEqual(await look(48), [1, 0, 1, 0], "days that nobody looked are made up for by one");
  const [before] = await world.store.cards(`review-${gate}-3`);
  await review("manager-2");
  assert.ok(((await world.store.cards(`review-${gate}-3`))[0]?.version ?? 0) > (before?.version ?? 0));
  assert.deepEqual(await look(48), [1, 0, 1, 0]);
});
