import assert from "node:assert/strict";
import { test } from "node:test";
import { isoMinute } from "../../../src/iso-minute.ts";
import { people } from "../../fakes/trust-world.ts";
import { click } from "./engine-world.ts";
import { opened } from "./quorum-world.ts";

const hourMs = 3_600_000;

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
