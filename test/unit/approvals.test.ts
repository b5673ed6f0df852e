import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClickedDecision } from "../../src/decision-types.ts";
import { click, EngineWorld, request } from "./engine/engine-world.ts";

async function opened() {
  const world = new EngineWorld();
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const approval = `${run}-1-gate`;
  const decide = (change: Partial<ClickedDecision> = {}) =>
    bot.approvals.decide({ approval, ...click, ...change });
  return { world, bot, run, approval, decide };
}

test("lesson 25: a verdict is committed with evidence that names plan, person, place and time", async () => {
  const { world, run, approval, decide } = await opened();
  assert.deepEqual(await decide(), { outcome: "accepted", run });
  const row = await world.store.approval(approval);
  assert.equal(row?.status, "recorded");
  const evidence = (await world.text(run, "gate", "evidence:1")) as { statement: Record<string, string> };
  assert.deepEqual(evidence.statement, {
    tag: "countersign/evidence/1",
    approval,
    planHash: row?.planHash,
    run,
    revision: 1,
    verdict: "approved",
    person: "manager",
    requester: "employee",
    assurance: "clicked",
    adapter: "console",
    trustSerial: 7,
    receivedAt: new Date(world.time.now()).toISOString(),
  });
});

test("lesson 24: a click on a button that showed another plan decides nothing", async () => {
  const { world, approval, decide } = await opened();
  for (const verdict of ["approved", "rejected"] as const) {
    const outcome = await decide({ verdict, planHash: "00".repeat(32) });
    assert.equal(outcome.outcome === "refused" && outcome.error.code, "wrong-plan");
  }
  const row = await world.store.approval(approval);
  assert.equal(row?.status, "open");
  assert.equal(world.store.journal.filter(({ facts }) => facts["code"] === "wrong-plan").length, 2);
  assert.equal((await decide({ planHash: row.planHash })).outcome, "accepted");
});

test("a click by a chat account: it is the person's, and part of the evidence, or it is refused", async () => {
  const { world, run, approval, decide } = await opened();
  const account = "slack:T1/U1";
  const { trust } = world;
  world.trust = {
    ...trust,
    person(id) {
      const found = trust.person(id);
      return found && { ...found, accounts: found.id === "manager" ? [account] : [] };
    },
  };
  for (const [change, code] of [
    [{ account: "slack:T1/U2" }, "wrong-account"],
    [{ account, person: "manager-2" }, "wrong-account"],
    [{ account: "slack:T1/U9", person: "slack:T1/U9" }, "unknown-person"],
    [{ account: "@here" }, "bad-decision"],
  ] as const) {
    const outcome = await decide({ adapter: "slack", ...change });
    assert.equal(outcome.outcome === "refused" && outcome.error.code, code);
  }
  const refused = world.store.journal.filter((each) => each.kind === "refusal");
  assert.deepEqual(refused[2]?.body, { approval, person: "slack:T1/U9" }, "an unmapped user is sealed text");
  assert.equal((await world.store.approval(approval))?.status, "open");

  assert.equal((await decide({ adapter: "slack", account })).outcome, "accepted");
  const evidence = (await world.text(run, "gate", "evidence:1")) as { statement: Record<string, unknown> };
  assert.deepEqual([evidence.statement["account"], evidence.statement["adapter"]], [account, "slack"]);
});

test("whoever may not decide is refused with the reason, journalled, and the approval stays open", async () => {
  const { world, approval, decide } = await opened();
  const refusals: [Partial<ClickedDecision>, string][] = [
    [{ person: "nobody" }, "unknown-person"],
    [{ person: "former" }, "unknown-person"],
    [{ person: "employee" }, "not-allowed"],
    [{ approval: "none" }, "unknown-approval"],
    [{ reason: "x".repeat(2001) }, "bad-decision"],
    [{ verdict: "perhaps" as "approved" }, "bad-decision"],
    [{ adapter: "50 widgets for XYZ" }, "bad-decision"],
    [{ assurance: "countersigned" as "clicked" }, "bad-decision"],
  ];
  for (const [change, code] of refusals) {
    const outcome = await decide(change);
    assert.equal(outcome.outcome === "refused" && outcome.error.code, code);
  }
  assert.equal((await world.store.approval(approval))?.status, "open");
  assert.deepEqual(
    world.alarms(),
    refusals.map(([, code]) => code),
  );
  const entries = world.store.journal.filter((each) => each.kind === "refusal");
  const people = entries.map((each) => each.facts["person"] ?? null);
  assert.deepEqual(people, [null, "former", "employee", "manager", null, null, null, null]);
  assert.deepEqual(entries[0]?.body, { approval, person: "nobody" }, "who was only claimed is sealed");
  assert.deepEqual(
    [entries[3]?.facts["approval"], entries[3]?.body],
    [null, { approval: "none", person: "manager" }],
  );
  assert.equal(entries[2]?.body, undefined);
});

test("the requester cannot decide, also as a manager", async () => {
  const world = new EngineWorld();
  const { engine, approvals } = world.bot();
  const { run } = await engine.start({ ...request, person: "manager" });
  await world.settle(engine);
  const own = await approvals.decide({ approval: `${run}-1-gate`, ...click });
  assert.equal(own.outcome === "refused" && own.error.code, "own-request");
});

test("a closed approval: the first decision is told, not another one made", async () => {
  const { world, bot, run, decide } = await opened();
  await decide({ verdict: "rejected", reason: "no" });
  const second = await decide({ person: "manager-2" });
  assert.equal(second.outcome === "already-decided" && second.approval.decision?.verdict, "rejected");
  await world.settle(bot.engine);
  const third = await decide({ person: "manager-2" });
  assert.equal(third.outcome === "already-decided" && third.approval.status, "decided");
  assert.equal((await world.run(run)).reason, "rejected");
});

test("an approval withdrawn by a cancel cannot be decided any more", async () => {
  const { bot, run, decide } = await opened();
  await bot.engine.cancel(run, "employee");
  const late = await decide();
  assert.equal(late.outcome === "already-decided" && late.approval.status, "withdrawn");
});
