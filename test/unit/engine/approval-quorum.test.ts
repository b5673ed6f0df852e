import assert from "node:assert/strict";
import { test } from "node:test";
import { click, request } from "./engine-world.ts";
import { opened, two } from "./quorum-world.ts";

const hourMs = 3_600_000;

test("lesson 19: two people must approve; the first one's verdict is kept, also over a restart", async () => {
  const { world, bot, run, decide, row } = await opened();
  assert.deepEqual(await decide(), { outcome: "accepted", run, more: 1 });
  await world.settle(bot.engine);
  assert.deepEqual([(await row()).status, (await row()).decisions.length], ["open", 1]);
  assert.deepEqual(world.placed, []);
  const again = await decide({ adapter: "terminal", assurance: "local" });
  assert.equal(again.outcome === "refused" && again.error.code, "already-counted", "twice is once");
  assert.equal((await row()).decisions.length, 1);

  const other = world.bot();
  const second = await other.approvals.decide({ approval: `${run}-1-gate`, ...click, person: "manager-2" });
  assert.deepEqual(second, { outcome: "accepted", run });
  await world.settle(other.engine);
  assert.equal((await world.run(run)).status, "completed");
  assert.deepEqual(
    (await row()).decisions.map(({ by }) => by),
    ["manager", "manager-2"],
  );
  const sent = (await world.text(run, "orders", "input:1")) as { mandate: { decisions: unknown[] } };
  assert.equal(sent.mandate.decisions.length, 2);
  const noted = world.store.journal
    .filter(({ kind }) => kind === "decision")
    .map(({ facts }) => facts["state"]);
  assert.deepEqual(noted, ["counted", "recorded", "decided", "decided"]);
});

test("one rejection is enough, also after an approval", async () => {
  const { world, bot, run, decide, row } = await opened();
  await decide();
  assert.equal(
    (await decide({ person: "manager-2", verdict: "rejected", reason: "too dear" })).outcome,
    "accepted",
  );
  await world.settle(bot.engine);
  assert.deepEqual([(await row()).status, (await world.run(run)).reason], ["decided", "rejected"]);
  assert.deepEqual(world.placed, []);
});

test("partly approved is not approved: it expires, and nothing is ordered", async () => {
  const { world, bot, run, decide, row } = await opened();
  await decide();
  await world.time.advance(73 * hourMs);
  await bot.engine.due(run);
  await world.settle(bot.engine);
  assert.deepEqual([(await row()).status, (await world.run(run)).reason], ["expired", "expired"]);
  assert.deepEqual(world.placed, []);
});

test("lesson 21: reminders at their times, passed on after its time, each once and committed before it is sent", async () => {
  const { world, gate, row, decide } = await opened();
  const reminders = () => [1, 2, 3, 4].map((n) => world.store.cards(`reminder-${gate}-${n}`));
  const count = async () => (await Promise.all(reminders())).filter((cards) => cards.length > 0).length;
  const sweep = async (hours: number) => {
    await world.time.advance(hours * hourMs);
    for (const id of await world.store.dueRuns(world.time.now(), 10)) {
      await world.bot().engine.due(id);
    }
    return count();
  };
  assert.equal(await sweep(0.9), 0);
  assert.equal(await sweep(0.2), 1);
  assert.equal(await sweep(0.1), 1, "not again");
  assert.equal((await row()).escalatedAt, null);
  assert.equal(await sweep(10), 2, "what was missed is one reminder");
  assert.deepEqual([(await row()).notices, (await row()).escalatedAt], [2, world.time.now()]);
  assert.equal(await sweep(20), 2);
  await decide();
  await decide({ person: "manager-2" });
  const [first] = await world.store.cards(`reminder-${gate}-1`);
  assert.ok((first?.version ?? 0) > 1, "it says that nothing is to be done any more");
  assert.equal((await row()).status, "recorded");
});

test("deciding alone needs the role, a reason and a limit, and is alarmed", async () => {
  const breakGlass = {
    roles: ["manager" as const],
    upTo: { amount: "1000.00", currency: "USD" },
    most: { count: 1, days: 30 },
    announceTo: ["manager-2"],
  };
  const { world, bot, run, decide, row } = await opened({ ...two, breakGlass });
  const silent = await decide({ breakGlass: true });
  assert.equal(silent.outcome === "refused" && silent.error.code, "reason-missing");
  assert.deepEqual(await decide({ breakGlass: true, reason: "the line stands" }), {
    outcome: "accepted",
    run,
  });
  await world.settle(bot.engine);
  assert.equal((await world.run(run)).status, "completed");
  assert.equal((await row()).decision?.brokeGlass, true);
  assert.ok(
    world.store.journal.some(({ kind, facts }) => kind === "alarm" && facts["code"] === "glass-broken"),
  );
  const poor = await opened({
    ...two,
    breakGlass: { ...breakGlass, upTo: { amount: "1.00", currency: "USD" } },
  });
  const dear = await poor.decide({ breakGlass: true, reason: "the line stands" });
  assert.equal(dear.outcome === "refused" && dear.error.code, "break-glass-limit");
});

test("deciding alone more often than the policy allows is refused at once, and recorded; nothing is called done", async () => {
  const breakGlass = {
    roles: ["manager" as const],
    upTo: { amount: "1000.00", currency: "USD" },
    most: { count: 1, days: 30 },
    announceTo: ["manager-2"],
  };
  const { world, bot, run, decide } = await opened({ ...two, breakGlass });
  const second = await bot.engine.start({ ...request, key: "k2" });
  await world.settle(bot.engine);
  const alone = { breakGlass: true, reason: "the line stands" } as const;
  const next = () => bot.approvals.decide({ ...click, ...alone, approval: `${second.run}-1-gate` });
  // Both at the same moment: one of them is too many.
  const [first, late] = await Promise.all([decide(alone), next()]);
  assert.deepEqual(first, { outcome: "accepted", run });
  assert.equal(late.outcome === "refused" && late.error.code, "break-glass-limit");
  assert.match(
    late.outcome === "refused" ? late.error.message : "",
    /^in 30 days people have decided alone .*: 1 of 1$/,
  );
  assert.ok(
    world.store.journal.some(
      ({ kind, run: of, facts }) =>
        kind === "refusal" && of === second.run && facts["code"] === "break-glass-limit",
    ),
  );
  await world.settle(bot.engine);
  assert.equal((await world.store.approval(`${second.run}-1-gate`))?.status, "open");
  await world.time.advance(30 * 24 * 3_600_000 + 1);
  const third = await bot.engine.start({ ...request, key: "k3" });
  await world.settle(bot.engine);
  const again = await bot.approvals.decide({ ...click, ...alone, approval: `${third.run}-1-gate` });
  assert.deepEqual(again, { outcome: "accepted", run: third.run });
});
