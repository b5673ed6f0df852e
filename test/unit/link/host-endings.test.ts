import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Json } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import type { HostWorld, Party } from "../../fakes/host-world.ts";
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

test("cancelling ends a running request and refuses one that comes later", async () => {
  await world.host(probeAgent);
  await bot.request("wait", "wait");
  await until(() => probe.calls.length === 1, "started");
  await bot.send("cancel", "wait", null);
  assert.equal(await bot.errorCode("wait"), "cancelled");
  assert.deepEqual(probe.calls, ["wait", "aborted: cancelled"]);

  await bot.send("cancel", "note", null);
  assert.equal(await bot.errorCode("note"), "cancelled");
  await bot.request("note", "note", { id: "EUR" });
  await bot.answer("note", { n: 2 });
  assert.deepEqual(await rates(), []);

  await bot.request("offers", "look", { id: "a" });
  await bot.answer("offers");
  await bot.send("cancel", "offers", null);
  assert.equal((await bot.answer("offers", { n: 2 })).kind, "result", "what is done stays done");
});

test("a skill is aborted at the request's deadline", async () => {
  await world.host(probeAgent);
  await bot.request("wait", "wait");
  await until(() => probe.calls.length === 1, "started");
  await world.time.advance(60_000);
  const answer = await bot.answer("wait");
  assert.equal((answer.body as { code: string }).code, "deadline");
  assert.deepEqual(probe.calls, ["wait", "aborted: deadline"]);
});

test("stop lets a skill finish; what does not is aborted unanswered and runs when it comes again", async () => {
  const host = await world.host(probeAgent);
  await bot.request("wait", "wait");
  await until(() => probe.calls.length === 1, "started");
  const stopping = host.stop();
  await settle();
  await bot.request("offers", "look", { id: "a" });
  probe.gate.resolve();
  await stopping;
  assert.deepEqual(probe.calls, ["wait"]);

  probe.gate = Promise.withResolvers<void>();
  const second = await world.host(probeAgent);
  await bot.request("wait", "wait");
  await bot.answer("wait");
  assert.deepEqual(probe.calls, ["wait"], "answered from the store");
  await bot.request("wait", "wait", {}, 2);
  await until(() => probe.calls.length === 2, "started again");
  const stopped = second.stop();
  await settle();
  await world.time.advance(10_000);
  await stopped;
  assert.deepEqual(probe.calls, ["wait", "wait", "aborted: stopping"]);
  assert.ok(!bot.received.some((each) => each.subject.attempt === 2));

  probe.gate.resolve();
  await world.host(probeAgent);
  await bot.request("wait", "wait", {}, 2);
  assert.equal((await bot.answer("wait", { attempt: 2 })).kind, "result");
});

test("while the database is in trouble nothing is answered; the request runs when it comes again", async () => {
  await world.host(probeAgent);
  for (const [step, skillName] of [
    ["a", "note"],
    ["b", "look"],
  ] as const) {
    probe.trouble = new AppError("data-busy", "deadlock", { retryable: true });
    await bot.request(step, skillName, { id: "EUR" });
    await until(() => world.network.failures.length > 0, "failed");
    await world.network.idle();
    assert.deepEqual(
      world.network.failures.splice(0).map((each) => (each as AppError).code),
      ["data-busy"],
    );
    probe.trouble = undefined;
    await bot.request(step, skillName, { id: "EUR" });
    assert.equal((await bot.answer(step)).kind, "result");
  }
  assert.deepEqual(await rates(), ["EUR"]);
});

test("a process whose instance was started again does nothing more", async () => {
  await world.host(probeAgent);
  await world.store("supply").acquireLease("main");
  await bot.request("note", "note", { id: "EUR" });
  await bot.send("request", "orders", {
    skill: "place-orders",
    mandate: world.sample.mandate() as unknown as Json,
  });
  await until(() => probe.calls.includes("place-orders"), "tried");
  await world.network.idle();
  assert.deepEqual(await rates(), []);
  assert.deepEqual(bot.received, []);
  assert.deepEqual(
    world.network.failures.map((each) => (each as AppError).code),
    ["fenced", "fenced"],
  );
});

test("whatever is lost, doubled and reordered, each request has one effect and an answer", async () => {
  await world.host(probeAgent);
  probe.lucky = true;
  let n = 0;
  world.network.fate = () => [1, 0, 2, 3][(n += 1) % 4] ?? 1;
  const ids = ["AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "JPY", "NOK", "SEK", "USD"];
  const missing = () => ids.filter((id) => !bot.received.some((each) => each.subject.step === id));
  await until(async () => {
    world.network.hold = true;
    for (const id of missing()) {
      await bot.request(id, "note", { id });
    }
    world.network.release((items) => items.toReversed());
    await world.network.idle();
    await world.time.advance(1_000);
    return missing().length === 0;
  }, "all answers");
  assert.deepEqual(await rates(), ids);
  assert.equal(probe.calls.length, ids.length);
});

test("killed between a reply's commit and its sending: the next instance sends it, and the skill ran once", async () => {
  const store = world.store("supply");
  const perform = store.perform.bind(store);
  store.perform = async (unit) => {
    await perform(unit);
    throw new AppError("data-unavailable", "the process ends here", { retryable: true });
  };
  store.claimOutbox = () => Promise.resolve([]);
  const host = await world.host(probeAgent, { store });
  await bot.request("note", "note", { id: "EUR" });
  await until(() => probe.calls.length === 1, "done");
  await settle();
  await host.stop();
  assert.deepEqual(bot.received, [], "committed, not sent");

  await world.host(probeAgent);
  assert.equal((await bot.answer("note")).kind, "result");
  assert.deepEqual([probe.calls, await rates()], [["note EUR"], ["EUR"]]);
});

test("who asks again and again is answered ever more seldom; another instance, or a new token, at once", async () => {
  await world.host(probeAgent);
  await bot.request("note", "note", { id: "EUR" });
  await bot.answer("note");
  const results = () => world.network.log.filter(({ message }) => message.kind === "result").length;
  const acknowledge = () => bot.send("ack", "note", null);
  await acknowledge();
  assert.equal(results(), 1);
  let asked = 1;
  for (; asked < 120; asked += 1) {
    const before = results();
    await bot.request("note", "note", { id: "EUR" });
    // Its books know nothing of our time.
    for (let writes = 0; writes < 5; writes += 1) {
      await world.written();
      await settle();
    }
    if (results() > before) {
      await acknowledge();
      await world.written();
    }
    await world.time.advance(500);
  }
  // After 1, 3, 7, 15, 31 s; the next after 61 s.
  assert.ok(results() >= 6 && results() <= 8, `${results()} answers to ${asked} requests within a minute`);
  const before = results();
  bot.token = 2;
  await bot.request("note", "note", { id: "EUR" });
  await until(() => results() === before + 1, "the answer under the new token");
  assert.deepEqual(probe.calls, ["note EUR"]);
});
