import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalHash, canonicalJson } from "../../../src/canonical.ts";
import type { Card } from "../../../src/card.ts";
import { decisionsRun } from "../../../src/link/decision-messages.ts";
import { verifyMandate } from "../../../src/link/mandate.ts";
import { DecisionWorld, managerAtSign } from "../../fakes/decision-world.ts";
import { sampleCountersigned } from "../../fakes/sample-countersigned.ts";
import { settle } from "../../fakes/manual-time.ts";

const thread = `atsign:${managerAtSign}` as const;
const card = (world: DecisionWorld, id: string, o: { readonly open: boolean }): Card => {
  const { approval } = world.papers.get(id) ?? assert.fail();
  return {
    kind: "approval",
    run: approval.run,
    title: "Approve?",
    text: "Approved by manager-2.",
    tone: "waiting",
    facts: [],
    steps: [],
    tables: [],
    undo: null,
    options: [],
    approval: o.open ? { id, planHash: approval.planHash, authors: [approval.requester] } : null,
    plan: { approval: id, hash: approval.planHash },
  };
};

/** The approval "a1" as its plan was read. */
const approval1 = (world: DecisionWorld) => ({
  approval: "a1",
  planHash: world.papers.get("a1")?.approval.planHash ?? "",
});

test("a plan comes to the person's machine byte for byte, and the signed verdict makes a mandate", async () => {
  const world = new DecisionWorld();
  const desk = await world.desk();
  const device = await world.device();
  const { plan, approval } = world.put("a1");
  await desk.adapter.post(thread, card(world, "a1", { open: true }), { key: "approval-a1" });
  await settle();
  const [shown] = device.plans();
  assert.equal(canonicalJson(shown?.plan), plan);
  assert.equal(shown?.planHash, approval.planHash);

  const answer = device.decide(approval1(world), "approved");
  await settle();
  assert.deepEqual(await answer, { outcome: "accepted", message: "recorded for run run1" });
  assert.deepEqual(device.plans(), []);
  const [given] = world.decided;
  assert.equal(given?.decision.statement.assurance, "countersigned");
  assert.equal(given.decision.statement.planHash, approval.planHash);
  const verified = verifyMandate({
    mandate: { ...world.sample.mandate(), decisions: [given.decision] },
    subject: { run: "run1", revision: 1, step: "orders", attempt: 1 },
    trust: await world.trust.open(),
    now: world.time.now(),
  });
  assert.deepEqual(verified.decidedBy, ["manager"]);
});

test("a machine that was off asks for all that is open, and knows when it has it", async () => {
  const world = new DecisionWorld();
  await world.desk();
  world.put("a1");
  world.put("a2");
  const device = await world.device();
  assert.equal(device.isComplete(), false);
  await device.ask();
  await settle();
  assert.equal(device.isComplete(), true);
  assert.deepEqual(
    device
      .plans()
      .map((each) => each.approval)
      .toSorted(),
    ["a1", "a2"],
  );
});

test("a decided approval leaves the machine; so does one that is asked for no more", async () => {
  const world = new DecisionWorld();
  const desk = await world.desk();
  const device = await world.device();
  world.put("a1");
  const message = await desk.adapter.post(thread, card(world, "a1", { open: true }), { key: "approval-a1" });
  await settle();
  assert.equal(device.plans().length, 1);
  assert.equal(await desk.adapter.update(message, card(world, "a1", { open: false })), "ok");
  await settle();
  assert.equal(device.plans().length, 0);
});

test("what a hostile bot shows is not put before anybody: altered, unattested, ended, of another policy", async () => {
  const world = new DecisionWorld();
  await world.desk();
  const plan = world.sample.plan();
  const bytes = world.put("altered").plan.replace('"110.00"', '"910.00"');
  world.papers.set("altered", { ...(world.papers.get("altered") ?? assert.fail()), plan: bytes });
  world.put("other-attested", plan, world.sample.plan({ tradeOff: "Something else." }));
  world.papers.set("unattested", { ...world.put("unattested"), attestations: [] });
  world.put("ended", world.sample.plan({ validUntil: world.trust.time(-1) }));
  world.put("newer-policy", world.sample.plan({ policySerial: 9 }));
  world.put("own", world.sample.plan({ requester: "manager" }));
  world.papers.set("no-plan", { ...world.put("no-plan"), plan: "{}" });
  const device = await world.device();
  await device.ask();
  await settle();
  assert.deepEqual(device.plans(), []);
  assert.deepEqual(
    Object.fromEntries(device.refused().map(({ approval, code }) => [approval, code])),
    {
      altered: "not-attested",
      "other-attested": "not-attested",
      unattested: "not-attested",
      ended: "plan-expired",
      "newer-policy": "policy-unknown",
      "no-plan": "bad-plan",
    },
    "and its own request is not even sent",
  );
  for (const { approval } of device.refused()) {
    await assert.rejects(device.decide({ approval, planHash: canonicalHash(plan) }, "approved"), {
      code: "unknown-approval",
    });
  }
  assert.deepEqual(world.decided, []);
});

test("a verdict is kept before it is sent, sent until it is answered, and never becomes another one", async () => {
  const world = new DecisionWorld();
  await world.desk();
  world.put("a1");
  const device = await world.device();
  await device.ask();
  await settle();
  world.servers.failure = new Error("no network");
  const first = device.decide(approval1(world), "rejected", "Too dear.");
  await settle();
  assert.equal(world.decided.length, 0);
  device.stop();
  await assert.rejects(first, { code: "no-answer", retryable: true });

  world.servers.failure = undefined;
  const again = await world.device();
  await again.ask();
  await settle();
  assert.equal(again.plans()[0]?.signed, "rejected", "it says what was signed here");
  await assert.rejects(again.decide(approval1(world), "approved"), { code: "already-decided" });
  const answer = again.decide(approval1(world), "rejected");
  await settle();
  assert.equal((await answer).outcome, "accepted");
  assert.deepEqual(
    world.decided.map(({ reason }) => reason),
    ["Too dear."],
  );
});

test("the bot's silence: the verdict is sent again, ever more seldom", async () => {
  const world = new DecisionWorld();
  await world.desk();
  world.put("a1");
  const device = await world.device();
  await device.ask();
  await settle();
  world.servers.failure = new Error("no network");
  const answer = device.decide(approval1(world), "approved");
  await world.time.advance(10_000);
  const tries = world.servers.tried.length;
  assert.ok(tries >= 2 && tries <= 6, `${tries} tries in ten seconds`);
  world.servers.failure = undefined;
  await world.time.advance(30_000);
  assert.equal((await answer).outcome, "accepted");
});

test("only a person's machine is listened to, and only about what it signed itself", async () => {
  const world = new DecisionWorld();
  await world.desk();
  world.put("a1");
  const supply = await world.link("supply");
  const body = { type: "list" };
  const subject = { run: decisionsRun, revision: 1, step: "list", attempt: 1 };
  const to = { atSign: "@cs-bot", instance: "main" } as const;
  const expiresAt = world.time.now() + 60_000;
  const before = world.servers.notifications.length;
  await supply.send({ to, kind: "request", subject, body, expiresAt });
  await settle();
  assert.equal(world.servers.notifications.length, before + 1, "nothing is answered");

  const other = world.trust.addInstance("person", "other");
  const device = await world.device();
  const answers: unknown[] = [];
  const link = await world.link("person");
  await link.start(async (message) => void answers.push(message.body));
  const decision = {
    statement: {
      ...sampleCountersigned({
        planHash: canonicalHash({}),
        approval: "a1",
        issuedAt: world.trust.time(0),
        expiry: world.trust.time(1),
      }),
    },
    signer: { atSign: other.atSign, instance: other.instance },
    signature: "AAAA",
  } as const;
  await link.send({ to, kind: "request", subject, body: { type: "decide", decision }, expiresAt });
  await settle();
  assert.deepEqual(answers.at(-1), {
    outcome: "refused",
    message: "the verdict was signed by another machine",
  });
  assert.deepEqual(world.decided, []);
  device.stop();
});

test("whoever the trust document does not know by this atSign can neither read nor decide", async () => {
  const world = new DecisionWorld();
  world.document({ accounts: [] });
  const desk = await world.desk();
  world.put("a1");
  const device = await world.device();
  assert.throws(() => device.person(), { code: "no-person" });
  await device.ask();
  await desk.adapter.post(thread, card(world, "a1", { open: true }), { key: "approval-a1" });
  await settle();
  assert.deepEqual(device.plans(), []);
  assert.deepEqual(device.refused(), []);
});
