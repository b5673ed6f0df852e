import assert from "node:assert/strict";
import { test } from "node:test";
import type { Card } from "../../../src/card.ts";
import type { DecisionDevice } from "../../../src/link/device-types.ts";
import { verifyMandate } from "../../../src/link/mandate.ts";
import { DecisionWorld, managerAtSign } from "../../fakes/decision-world.ts";
import { settle } from "../../fakes/manual-time.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { sampleCountersigned } from "../../fakes/sample-countersigned.ts";

const thread = `atsign:${managerAtSign}` as const;

/** A closed approval's card as the presenter hands it to the desk. */
const closedCard = (id: string, text: string): Card => ({
  kind: "approval",
  run: "run1",
  title: "Approve?",
  text,
  tone: "good",
  facts: [],
  steps: [],
  tables: [],
  options: [],
  approval: null,
  undo: null,
  plan: { approval: id, hash: "" },
});
async function asked(device: DecisionDevice): Promise<DecisionDevice> {
  await device.ask();
  await settle();
  return device;
}
async function twoMachines() {
  const world = new DecisionWorld();
  const laptop = world.trust.addMachine("person", "laptop");
  const desk = await world.desk();
  const first = await world.device();
  const second = await world.device({ keys: laptop, values: new MemoryValues() });
  return { world, desk, first, second, laptop };
}

test("two machines of one person: both see a plan, either signs it, and the other is told what became of it", async () => {
  const { world, desk, first, second } = await twoMachines();
  world.put("a1");
  const message = await desk.adapter.post(
    thread,
    { ...closedCard("a1", ""), approval: { id: "a1", planHash: "", authors: ["employee"] } },
    { key: "approval-a1" },
  );
  await settle();
  const [plan] = second.plans();
  assert.ok(plan);
  assert.deepEqual(first.plans(), second.plans());
  const answer = second.decide(plan, "approved");
  await settle();
  assert.equal((await answer).outcome, "accepted");
  const [given] = world.decided;
  assert.deepEqual(given?.decision.signer, { atSign: managerAtSign, instance: "laptop" });

  const outcome = "Approved by manager on their own machine @cs-person/laptop.";
  world.papers.delete("a1");
  await desk.adapter.update(message, closedCard("a1", outcome));
  await settle();
  await assert.rejects(first.decide(plan, "rejected", "Too dear."), {
    code: "already-decided",
    message: /waits no more: Approved by manager on their own machine @cs-person\/laptop/,
  });
  assert.deepEqual(await first.closed(), [{ approval: "a1", outcome }]);
  assert.deepEqual(await first.closed(), [], "once");
});

test("a machine that was off when it was decided elsewhere is told when it is on again, once", async () => {
  const { world } = await twoMachines();
  world.put("a1");
  (await asked(await world.device())).stop();
  world.papers.delete("a1");
  const outcome = "Expired: nobody decided. Nothing was ordered.";
  world.outcomes.set("a1", outcome);
  world.outcomes.set("a2", "Of somebody else.");
  const later = await asked(await world.device());
  assert.deepEqual(later.plans(), []);
  assert.deepEqual(await later.closed(), [{ approval: "a1", outcome }]);
  later.stop();
  // What was sent before comes once more, the plan included: nothing of it waits, and nobody is told again.
  const again = await asked(await world.device());
  assert.deepEqual(again.plans(), []);
  assert.deepEqual(await again.closed(), []);
});

test("one machine revoked: nothing signed there counts, before or after, and the other one goes on", async () => {
  const { world, first, laptop } = await twoMachines();
  const { sample, trust, time } = world;
  const plan = sample.plan();
  const { planHash } = world.put("a1", plan).approval;
  const about = { planHash, issuedAt: trust.time(0), expiry: trust.time(1) };
  const signed = trust.signBy(laptop, sampleCountersigned(about));
  const own = trust.sign("person", sampleCountersigned(about));
  const check = async (decision: typeof signed) =>
    verifyMandate({
      mandate: sample.mandate(plan, { decisions: [decision] }),
      subject: { run: "run1", revision: 1, step: "orders", attempt: 1 },
      trust: await trust.open(),
      now: time.now(),
    }).decidedBy;
  assert.deepEqual(await check(signed), ["manager"]);

  const what = { atSign: managerAtSign, role: "person", serial: 2 } as const;
  world.document({ serial: 2, revocations: [{ kind: "agent", ...what, instancePattern: "laptop" }] });
  await assert.rejects(check(signed), { code: "mandate-signature" });
  assert.deepEqual(await check(own), ["manager"]);
  await asked(first);
  assert.equal(first.plans().length, 1);
  // Who has the lost machine has its key-holder's key, and the atSign: another grant by that key is worth nothing.
  const opened = await trust.open();
  assert.deepEqual(opened.addresses("person", managerAtSign), [{ atSign: managerAtSign, instance: "main" }]);
  world.document({ serial: 3, revocations: [{ kind: "agent", ...what }] });
  await assert.rejects(check(own), { code: "mandate-signature" }, "without a name: all of them");
});

test("a machine's grants are no other machine's: neither its key-holder nor its keys reach further", async () => {
  const { world, laptop } = await twoMachines();
  const { trust } = world;
  const opened = await trust.open();
  assert.deepEqual(opened.problems, []);
  const statement = sampleCountersigned({ planHash: "0", issuedAt: trust.time(0), expiry: trust.time(1) });
  const signed = trust.signBy(laptop, statement);
  assert.ok(opened.verify(signed, "person"));
  assert.ok(!opened.verify({ ...signed, signer: { ...signed.signer, instance: "main" } }, "person"));
  assert.ok(!opened.verify(signed, "hitl"));
});

test("a plan that is replaced while it is read is not signed", async () => {
  const { world, first } = await twoMachines();
  world.put("a1");
  const [read] = (await asked(first)).plans();
  assert.ok(read);
  // As well attested as the other one, under the same approval.
  world.put("a1", world.sample.plan({ tradeOff: "Another one." }));
  await asked(first);
  await assert.rejects(first.decide(read, "approved"), { code: "wrong-plan" });
  assert.deepEqual(world.decided, []);
  const [now] = first.plans();
  assert.ok(now);
  const answer = first.decide(now, "approved");
  await settle();
  assert.equal((await answer).outcome, "accepted");
  // And once one was signed, no other is put before anybody under its approval.
  world.put("a1");
  await asked(first);
  assert.deepEqual(
    first.refused().map(({ approval, code }) => [approval, code]),
    [["a1", "wrong-plan"]],
  );
});

test("killed between signing and sending, or before the answer: sent when it is on again, the same verdict, once", async () => {
  const { world } = await twoMachines();
  world.put("a1");
  const device = await asked(await world.device());
  const [plan] = device.plans();
  assert.ok(plan);
  world.servers.failure = new Error("no network");
  const first = device.decide(plan, "approved");
  await settle();
  device.stop();
  await assert.rejects(first, { code: "no-answer" });
  assert.equal(world.decided.length, 0);

  // Still no network: whoever opens the inbox is told so and goes on.
  const offline = await world.device();
  const silent = offline.resume();
  await world.time.advance(60_000);
  assert.deepEqual(await silent, [{ approval: "a1", verdict: "approved", answer: null }]);
  offline.stop();

  world.servers.failure = undefined;
  const again = await world.device();
  const resumed = again.resume();
  await settle();
  const message = "recorded for run run1";
  assert.deepEqual(await resumed, [
    { approval: "a1", verdict: "approved", answer: { outcome: "accepted", message } },
  ]);
  assert.deepEqual(await again.resume(), [], "never again");
  assert.equal(world.decided.length, 1);
  assert.equal(world.decided[0]?.decision.statement.issuedAt, "2026-01-05T10:00:00.000Z");
});

test("a verdict that ended while nobody could be reached is not sent any more", async () => {
  const { world } = await twoMachines();
  world.put("a1");
  const device = await asked(await world.device());
  const [plan] = device.plans();
  assert.ok(plan);
  world.servers.failure = new Error("no network");
  const first = device.decide(plan, "approved");
  await settle();
  device.stop();
  await assert.rejects(first, { code: "no-answer" });
  world.servers.failure = undefined;
  await world.time.jump(7 * 86_400_000);
  const late = await world.device();
  assert.deepEqual(await late.resume(), []);
  assert.deepEqual(world.decided, []);
});
