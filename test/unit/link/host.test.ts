import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Json } from "../../../src/domain.ts";
import { type HostWorld, type Party, subjectOf } from "../../fakes/host-world.ts";
import { fenceOf } from "../../fakes/sample-reply.ts";
import { settle, until } from "../../fakes/manual-time.ts";
import { probe, probeAgent } from "../../fakes/probe-agent.ts";
import { probeWorld } from "../../fakes/probe-world.ts";

let world: HostWorld;
let bot: Party;
beforeEach(async () => {
  ({ world, bot } = await probeWorld());
});
afterEach(() => world.close());

const rates = async () => (await world.books.find("rates")).map((each) => each.id);
const result = (id: string) => ({ output: { id } });

test("a read is answered, with what the skill may know of its request", async () => {
  await world.host(probeAgent);
  await bot.request("offers", "look", { id: "a" });
  const answer = await bot.answer("offers");
  assert.equal(answer.kind, "result");
  assert.deepEqual(answer.body, result("a"));
  assert.deepEqual(answer.subject, subjectOf("offers"));
  assert.deepEqual(probe.seen?.subject, subjectOf("offers"));
  const signed = probe.seen.sign({ tag: "countersign/test/1", n: 1 });
  assert.ok((await world.trust.open()).verify(signed, "supply"));
  await assert.rejects(
    probe.seen.transact(async () => undefined),
    { code: "not-allowed" },
  );
});

test("the change of a write, its reply and its inbox key are one: a duplicate gets the stored reply", async () => {
  await world.host(probeAgent);
  await bot.request("note", "note", { id: "EUR" });
  await bot.answer("note");
  await world.time.advance(1_000);
  await bot.request("note", "note", { id: "EUR" });
  const again = await bot.answer("note", { n: 2 });
  assert.deepEqual(again.body, result("EUR"));
  assert.deepEqual(probe.calls, ["note EUR"]);
  assert.deepEqual(await rates(), ["EUR"]);
  const journal = await world.journal("supply");
  assert.deepEqual(
    journal.map((each) => each.kind),
    ["envelope", "effect"],
  );
  assert.equal(journal[0]?.facts["hash"], world.network.log[0]?.message.hash);
  assert.equal(journal[1]?.facts["effectKey"], "run1.1.note");
});

test("a duplicate gets the stored reply also when the clock was ahead at the first answer", async () => {
  await world.host(probeAgent);
  world.time.setWrong(3_600_000);
  await bot.request("note", "note", { id: "EUR" });
  await bot.answer("note");
  world.time.setWrong(0);
  await world.time.advance(1_000);
  await bot.request("note", "note", { id: "EUR" });
  assert.deepEqual((await bot.answer("note", { n: 2 })).body, result("EUR"));
  assert.deepEqual(probe.calls, ["note EUR"]);
});

test("lesson 34: the answer goes to the verified sender, whatever address the message names", async () => {
  await world.host(probeAgent);
  const other = await world.party("crm");
  const { atSign } = world.address("crm");
  const address = { from: atSign, replyTo: atSign, sender: { atSign, instance: "main" } };
  await bot.request("offers", "look", { id: "EUR", ...address });
  await bot.send("request", "note", { skill: "note", input: { id: "EUR" }, ...address });
  // Answered either way: to whom matters here.
  await bot.answer("offers");
  await bot.answer("note");
  assert.deepEqual(other.received, []);
  assert.deepEqual(
    world.network.log.filter(({ to }) => to.atSign === atSign),
    [],
  );
});

test("a failing write leaves nothing but its error; a new attempt runs again", async () => {
  await world.host(probeAgent);
  await bot.request("note", "note", { id: "JPY" });
  const answer = await bot.answer("note");
  assert.deepEqual(answer.body, { code: "no-luck", message: "try later", retryable: true });
  assert.deepEqual(await rates(), []);
  await bot.request("note", "note", { id: "EUR" }, 2);
  assert.equal((await bot.answer("note", { attempt: 2 })).kind, "result");
  assert.deepEqual(await rates(), ["EUR"]);
});

test("a reply is sent again until it is acknowledged", async () => {
  await world.host(probeAgent);
  world.network.fate = (message) => (message.kind === "result" ? 0 : 1);
  await bot.request("offers", "look", { id: "a" });
  const results = () => world.network.log.filter((each) => each.message.kind === "result").length;
  await until(() => results() === 1, "first sending");
  await until(async () => {
    await world.time.advance(500);
    return results() >= 2;
  }, "second sending");
  world.network.fate = () => 1;
  await until(async () => {
    await world.time.advance(500);
    return bot.received.length > 0;
  }, "arrival");
  await bot.send("ack", "offers", null);
  await world.network.idle();
  await settle();
  const store = world.store("supply");
  assert.deepEqual(await store.claimOutbox(world.time.now() + 3_600_000, 1, 10), []);
});

test("a skill's own callers may ask for it and for nothing else of its agent", async () => {
  const { look, note } = probeAgent.skills;
  const skills = { ...probeAgent.skills, look: { ...look, callers: ["crm"] }, note };
  await world.host({ ...probeAgent, skills });
  const crm = await world.party("crm");
  await crm.request("offers", "look", { id: "a" });
  assert.equal((await crm.answer("offers")).kind, "result");
  await crm.request("note", "note", { id: "EUR" });
  assert.equal(await crm.errorCode("note"), "sender-not-allowed");
  await bot.request("offers", "look", { id: "a" });
  assert.equal(await bot.errorCode("offers"), "sender-not-allowed");
  assert.deepEqual(world.alarms, ["sender-not-allowed", "sender-not-allowed"]);
  assert.deepEqual(await rates(), []);
});

test("acknowledgements by others close nothing", async () => {
  await world.host(probeAgent, { allowedSenders: "any" });
  const crm = await world.party("crm");
  await bot.request("offers", "look", { id: "a" });
  await bot.answer("offers");
  await crm.send("ack", "offers", null);
  await world.network.idle();
  const open = await world.store("supply").claimOutbox(world.time.now() + 3_600_000, 1, 10);
  assert.deepEqual(
    open.map((each) => each.to),
    ["bot"],
  );
});

test("a duplicate while the skill still runs is ignored", async () => {
  await world.host(probeAgent);
  await bot.request("wait", "wait");
  await until(() => probe.calls.length === 1, "started");
  await bot.request("wait", "wait");
  await bot.request("wait", "wait");
  await settle();
  probe.gate.resolve();
  await bot.answer("wait");
  await settle();
  assert.deepEqual(probe.calls, ["wait"]);
});

test("bad requests are answered with codes that say what is wrong", async () => {
  await world.host(probeAgent);
  const cases: readonly [string, Json][] = [
    ["bad-request", "text"],
    ["bad-request", { skill: "look" }],
    ["bad-request", { skill: "look", input: {}, more: 1 }],
    ["bad-request", { skill: "look", mandate: {} }],
    ["unknown-skill", { skill: "toString", input: {} }],
    ["unknown-skill", { skill: "ungranted", input: {} }],
    ["bad-input", { skill: "look", input: { id: 5 } }],
    ["bad-output", { skill: "wrong", input: {} }],
    ["internal", { skill: "crash", input: {} }],
    ["mandate-missing", { skill: "place-orders", input: {} }],
  ];
  for (const [index, [code, body]] of cases.entries()) {
    await bot.send("request", `case-${index}`, body);
    assert.equal(await bot.errorCode(`case-${index}`), code, JSON.stringify(body));
  }
  assert.deepEqual(probe.calls, []);
});

test("only the roles allowed may ask: others get no answer, no run, and an alarm", async () => {
  await world.host(probeAgent);
  const crm = await world.party("crm");
  await crm.request("offers", "look", { id: "a" });
  await until(() => world.alarms.length === 1, "alarm");
  await world.network.idle();
  assert.deepEqual(probe.calls, []);
  assert.deepEqual(crm.received, []);
  assert.deepEqual(
    (await world.journal("supply")).map((each) => [each.kind, each.facts["code"]]),
    [["alarm", "sender-not-allowed"]],
  );
});

test("with an old trust document reads go on and effects stop", async () => {
  await world.host(probeAgent);
  await world.time.jump(8 * 86_400_000);
  await bot.request("offers", "look", { id: "a" });
  assert.equal((await bot.answer("offers")).kind, "result");
  await bot.request("note", "note", { id: "EUR" });
  assert.equal(await bot.errorCode("note"), "trust-stale");
  const plan = world.sample.plan();
  await bot.send("request", "orders", {
    skill: "place-orders",
    mandate: world.sample.mandate(plan) as unknown as Json,
  });
  assert.equal(await bot.errorCode("orders"), "trust-stale");
  assert.deepEqual(probe.calls, ["look a"]);
});

test("what was held is let go of under an old trust document too", async () => {
  await world.host(probeAgent);
  await world.time.jump(8 * 86_400_000);
  await bot.request("undo-note", "unnote");
  assert.equal((await bot.answer("undo-note")).kind, "result");
  assert.deepEqual(probe.calls, ["unnote undo-note"]);
});

test("results and errors carry the token their request was sent under, stored ones the highest", async () => {
  await world.host(probeAgent);
  await bot.request("offers", "look", { id: "a" });
  assert.equal((await bot.answer("offers")).fencing, 1);
  bot.token = 3;
  await bot.request("bad", "look", { id: 5 });
  const error = await bot.answer("bad");
  assert.deepEqual([error.kind, error.fencing], ["error", 3]);
  await bot.request("offers", "look", { id: "a" });
  assert.equal((await bot.answer("offers", { n: 2 })).fencing, 3);
  bot.token = 2;
  await bot.request("offers", "look", { id: "a" });
  assert.equal((await bot.answer("offers", { n: 3 })).fencing, 3);
  assert.deepEqual(probe.calls, ["look a"]);
});

test("an instance refuses what another has taken over before it does anything", async () => {
  await world.host(probeAgent);
  const store = world.store("supply");
  const other = await store.acquireLease("b");
  const { inbox } = fenceOf("run1");
  const subject = subjectOf("note");
  await store.takeOver(other, { inbox: { ...inbox, subject }, token: 2 });
  await bot.request("note", "note", { id: "EUR" });
  await until(() => world.network.failures.length > 0, "refusal");
  bot.token = 3;
  await bot.request("note", "note", { id: "EUR" });
  assert.equal((await bot.answer("note")).fencing, 3);
  assert.deepEqual(await rates(), ["EUR"]);
});
