import assert from "node:assert/strict";
import { test } from "node:test";
import { isoMinute } from "../../../src/card-words.ts";
import type { ClickedDecision } from "../../../src/decision-types.ts";
import type { Policy } from "../../../src/policy-types.ts";
import { people, policy } from "../../fakes/trust-world.ts";
import { click, EngineWorld, request } from "./engine-world.ts";

const hourMs = 3_600_000;
const two: Policy = {
  ...policy,
  approve: {
    ...policy.approve,
    quorum: 2,
    remindAfterHours: [1, 2],
    escalate: { afterHours: 3, roles: ["director"] },
  },
  delegation: { longestHours: 24 },
};

async function opened(rules = two) {
  const world = new EngineWorld();
  world.trust = { ...world.trust, policy: rules };
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const gate = `${run}-1-gate`;
  const decide = (change: Partial<ClickedDecision> = {}) =>
    bot.approvals.decide({ approval: gate, ...click, ...change });
  const row = async () => {
    const found = await world.store.approval(gate);
    assert.ok(found !== undefined);
    return found;
  };
  return { world, bot, run, gate, decide, row };
}

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

test("lesson 20: a right that was handed on counts, once, with the paper in the evidence", async () => {
  const { world, bot, run, gate, decide, row } = await opened();
  world.trust = {
    ...world.trust,
    person: (id) =>
      id === "helper"
        ? { id, name: id, roles: ["employee"], active: true, accounts: [] }
        : people.find((each) => each.id === id),
  };
  const give = (change: object = {}) =>
    bot.delegations.delegate({
      from: "manager",
      to: "helper",
      approval: gate,
      hours: 2,
      adapter: "console",
      assurance: "clicked" as const,
      ...change,
    });
  for (const [change, code] of [
    [{ to: "employee" }, "not-allowed"],
    [{ to: "manager" }, "not-allowed"],
    [{ to: "former" }, "unknown-person"],
    [{ from: "employee" }, "not-allowed"],
    [{ hours: 25 }, "too-long"],
    [{ approval: "none" }, "unknown-approval"],
    [{ hours: -1 }, "bad-delegation"],
  ] as const) {
    const refused = await give(change);
    assert.equal(refused.outcome === "refused" && refused.error.code, code);
  }
  const before = await decide({ person: "helper" });
  assert.equal(before.outcome === "refused" && before.error.code, "not-allowed");
  assert.equal((await give()).outcome, "delegated");
  const other = world.bot();
  const helped = await other.approvals.decide({ approval: gate, ...click, person: "helper" });
  assert.deepEqual(helped, { outcome: "accepted", run, more: 1 });
  assert.deepEqual(
    (await row()).decisions.map(({ by, insteadOf }) => [by, insteadOf]),
    [["helper", "manager"]],
  );
  const evidence = (await world.text(run, "gate", "evidence:1")) as { statement: { delegations: unknown[] } };
  assert.equal(evidence.statement.delegations.length, 1);
  const own = await decide();
  assert.equal(own.outcome === "refused" && own.error.code, "already-counted", "a right counts once");
  await decide({ person: "manager-2" });
  await world.settle(other.engine);
  assert.equal((await world.run(run)).status, "completed");
  const refusals = world.store.journal.filter(({ kind }) => kind === "refusal").length;
  assert.equal(refusals, 9);
  assert.equal(world.store.journal.filter(({ kind }) => kind === "delegation").length, 1);
});

test("a right that is taken back is gone at once, in every bot; what was decided by it stays", async () => {
  const { world, bot, gate, decide, row } = await opened();
  const helper = {
    id: "helper",
    name: "Hal Example",
    roles: ["employee"],
    active: true,
    accounts: [],
  } as const;
  world.trust = {
    ...world.trust,
    person: (id) => (id === helper.id ? helper : people.find((each) => each.id === id)),
  };
  const given = await bot.delegations.delegate({
    from: "manager",
    to: "helper",
    approval: null,
    hours: 2,
    adapter: "console",
    assurance: "clicked",
  });
  const id = given.outcome === "delegated" ? given.id : "";
  const back = async (person: string, delegation = id) => {
    const act = { person, adapter: "console", assurance: "clicked" } as const;
    const outcome = await world.bot().delegations.takeBack(act, delegation);
    return outcome.outcome === "refused" ? outcome.error.code : outcome.outcome;
  };
  assert.equal(await back("former"), "unknown-person");
  assert.equal(await back("manager", "d99"), "unknown-delegation");
  const rules = world.trust.policy;
  world.trust = { ...world.trust, policy: { ...rules, cancel: ["admin"] } };
  assert.equal(await back("manager-2"), "not-allowed");
  assert.equal(await back("manager"), "done");
  assert.equal(await back("manager"), "unknown-delegation", "once");
  const late = await decide({ person: "helper" });
  assert.equal(late.outcome === "refused" && late.error.code, "not-allowed");
  assert.deepEqual((await row()).decisions, []);
  assert.deepEqual(await bot.delegations.handedTo("helper", { approval: gate, at: world.time.now() }), []);
  const entries = world.store.journal.filter(({ kind }) => kind === "delegation");
  assert.deepEqual(
    entries.map(({ facts }) => facts["state"] ?? "given"),
    ["given", "taken-back"],
  );
});

test("the same right is handed on once; on one approval and on everything it is taken back apart, and that is said", async () => {
  const { world, bot, gate } = await opened();
  const hand = async (approval: string | null, o = { bot, hours: 2 }) => {
    const to = { from: "manager", to: "manager-2", approval, hours: o.hours } as const;
    return o.bot.delegations.delegate({ ...to, adapter: "console", assurance: "clicked" });
  };
  const idOf = (given: Awaited<ReturnType<typeof hand>>) => (given.outcome === "delegated" ? given.id : "");
  const [one, all] = [idOf(await hand(gate)), idOf(await hand(null))];
  for (const hours of [2, 3]) {
    const again = await hand(gate, { bot: world.bot(), hours });
    assert.equal(again.outcome === "refused" && again.error.code, "already-delegated");
    const until = isoMinute(world.time.now() + 2 * hourMs);
    assert.equal(
      again.outcome === "refused" && again.error.message,
      `"manager-2" holds it already, until ${until}; to change that, take ${one} back first`,
    );
  }
  assert.deepEqual(new Set(bot.delegations.known().map(({ id }) => id)), new Set([one, all]));
  const act = { person: "manager", adapter: "console", assurance: "clicked" } as const;
  const said = async (id: string) => {
    const done = await bot.delegations.takeBack(act, id);
    return done.outcome === "done" ? done.text : done.error.code;
  };
  assert.equal(
    await said(one),
    `Taken back. "manager-2" still decides by the right of "manager" under: ${all} on everything.`,
  );
  assert.equal(await said(all), '"manager-2" decides no more by the right of "manager".');
  // Two at the same moment leave one.
  await Promise.all([hand(gate), hand(gate, { bot: world.bot(), hours: 2 })]);
  await bot.delegations.refresh();
  assert.equal(bot.delegations.known().length, 1);
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
  assert.match(late.outcome === "refused" ? late.error.message : "", /alone 1 times in 30 days.* allows 1$/);
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
