import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { FleetWorld } from "../../fakes/fleet-world.ts";

/** Agents with several instances: the bot's dispatcher, hosts and books together. */

let world: FleetWorld;
beforeEach(async () => {
  world = await FleetWorld.open();
});
afterEach(() => world.close());

const answered = (...steps: readonly string[]): boolean => steps.every((step) => world.answers.has(step));
const answeredBy = (step: string): string | undefined => world.answers.get(step)?.from.instance;
const names = () => world.calls.instances().map(({ instance }) => instance);

test("with no instance a step waits, says so, and goes to the first that comes", async () => {
  world.ask("alone", "count");
  await world.until(() => world.waiting.has("alone"), "said");
  assert.deepEqual(world.ran, []);
  await world.start("a");
  await world.until(() => answered("alone"), "answer");
  assert.deepEqual([...world.waiting], []);
  assert.equal(await world.effects("alone"), 1);
});

test("requests go to the one with the fewest in hand, and none gets more than it can take", async () => {
  const gate = Promise.withResolvers<void>();
  for (const instance of ["a", "b", "c"]) {
    world.gates.set(instance, gate.promise);
    await world.start(instance, { capacity: 2 });
  }
  await world.until(() => names().length === 3, "instances");
  const steps = Array.from({ length: 10 }, (_, n) => `step${n}`);
  steps.forEach((step) => world.ask(step, "place"));
  await world.until(() => world.ran.length === 6, "as many as there are places");
  await world.host.time.advance(60_000);
  assert.deepEqual(Object.fromEntries(world.most), { a: 2, b: 2, c: 2 });
  assert.deepEqual([...world.waiting], [], "full is not gone");
  gate.resolve();
  await world.until(() => answered(...steps), "answers");
  assert.ok([...world.most.values()].every((most) => most <= 2));
  for (const step of steps) {
    assert.equal(await world.effects(step), 1, step);
  }
});

test("an agent's limit bounds all its instances together, and what waits for it is asked in time", async () => {
  const gate = Promise.withResolvers<void>();
  await world.restartBot({ limits: { supply: { inFlight: 3 } } });
  for (const instance of ["a", "b"]) {
    world.gates.set(instance, gate.promise);
    await world.start(instance, { capacity: 8 });
  }
  await world.until(() => names().length === 2, "instances");
  const steps = Array.from({ length: 7 }, (_, n) => `step${n}`);
  steps.forEach((step) => world.ask(step, "place"));
  await world.until(() => world.ran.length === 3, "as many as the limit allows");
  await world.pass(5_000);
  assert.equal(world.ran.length, 3);
  // Another bot has taken the answers: this one hears of free places from the record alone.
  await world.record.closeOutbox((await world.record.instances.assigned()).map(({ id }) => id));
  await world.until(() => world.ran.length === 6, "the places of those");
  gate.resolve();
  await world.until(() => world.ran.length === 7, "the last");
});

test("lesson 33: an instance moves mid-run: nothing is lost or done twice, and the old one is refused", async () => {
  const gate = Promise.withResolvers<void>();
  world.gates.set("a", gate.promise);
  await world.start("a");
  await world.until(() => names().length === 1, "a");
  world.ask("moved", "place");
  await world.until(() => world.ran.includes("a moved"), "a has begun");
  world.host.network.cutOff("a");
  await world.start("b");
  await world.until(() => answered("moved"), "answer of b");
  assert.equal(answeredBy("moved"), "b");
  assert.equal(world.answers.get("moved")?.fencing, 2);
  assert.deepEqual(names(), ["b"]);
  // What a was in the middle of, it may not end; nobody hears what it says of it.
  world.host.network.rejoin("a");
  gate.resolve();
  await world.until(() => world.host.network.failures.some((each) => code(each) === "fenced"), "refusal");
  assert.equal(await world.effects("moved"), 1);
  await world.until(() => names().join() === "a,b", "a is back, for what is new");
  world.ask("next", "count");
  await world.until(() => answered("next"), "next answer");
});

test("a reply that was committed before its instance was cut off is given by the next one", async () => {
  await world.start("a");
  await world.until(() => names().length === 1, "a");
  world.host.network.fate = (message) => (message.kind === "result" && message.from.instance === "a" ? 0 : 1);
  world.ask("done", "count");
  await world.until(async () => (await world.effects("done")) === 1, "effect");
  world.host.network.cutOff("a");
  await world.start("b");
  await world.until(() => answered("done"), "answer");
  assert.equal(answeredBy("done"), "b");
  assert.deepEqual(world.ran, ["a done"], "it was done once");
});

test("an instance that says goodbye is asked nothing more, and finishes what it has", async () => {
  const gate = Promise.withResolvers<void>();
  world.gates.set("a", gate.promise);
  await world.start("a");
  await world.until(() => names().length === 1, "a");
  world.ask("last", "place");
  await world.until(() => world.ran.length === 1, "begun");
  const stopping = world.stop("a");
  await world.start("b");
  await world.until(
    () => world.calls.instances().some(({ open, instance }) => instance === "a" && !open),
    "drain",
  );
  world.ask("other", "count");
  await world.until(() => answered("other"), "b's answer");
  assert.equal(answeredBy("other"), "b");
  gate.resolve();
  await stopping;
  await world.until(() => answered("last"), "a's answer");
  assert.deepEqual([answeredBy("last"), world.answers.get("last")?.fencing], ["a", 1]);
  assert.deepEqual(names(), ["b"]);
});

test("a further attempt at another instance refuses the earlier one, also by a bot that did not see it given", async () => {
  for (const step of ["seen", "unseen"]) {
    const gate = Promise.withResolvers<void>();
    world.gates.set("a", gate.promise);
    await world.start("a");
    await world.until(() => names().includes("a"), "a");
    world.ask(step, "place");
    await world.until(() => world.ran.includes(`a ${step}`), "begun");
    if (step === "unseen") {
      await world.restartBot();
    }
    await world.start("b");
    await world.until(() => names().length === 2, "b");
    await world.giveUp(step);
    world.host.network.cutOff("a");
    await world.until(() => names().join() === "b", "b alone");
    world.ask(step, "place", 2);
    await world.until(() => answered(step), "answer");
    assert.deepEqual([answeredBy(step), world.answers.get(step)?.fencing], ["b", 2], step);
    const before = world.host.network.failures.length;
    world.host.network.rejoin("a");
    gate.resolve();
    await world.until(() => world.host.network.failures.length > before, "refusal");
    assert.equal(await world.effects(step), 1, step);
    await world.stop("b");
  }
});

test("what an instance had whose grant was taken back goes to another, which does not notice", async () => {
  const gate = Promise.withResolvers<void>();
  world.gates.set("a", gate.promise);
  await world.start("a");
  await world.until(() => names().length === 1, "a");
  world.ask("moved", "place");
  await world.until(() => world.ran.length === 1, "begun");
  await world.start("b");
  await world.until(() => names().length === 2, "b");
  world.revoked.add("a");
  for (const step of ["n1", "n2", "n3"]) {
    world.ask(step, "count");
  }
  await world.until(() => answered("moved", "n1", "n2", "n3"), "answers");
  assert.deepEqual(new Set(["moved", "n1", "n2", "n3"].map(answeredBy)), new Set(["b"]));
  gate.resolve();
  await world.until(() => world.host.network.failures.some((each) => code(each) === "fenced"), "refusal");
  assert.equal(await world.effects("moved"), 1);
});

test("a bot that starts again knows who was there, and keeps steps where they are", async () => {
  const gate = Promise.withResolvers<void>();
  world.gates.set("a", gate.promise);
  world.gates.set("b", gate.promise);
  await world.start("a");
  await world.start("b");
  await world.until(() => names().length === 2, "both");
  world.ask("one", "place");
  await world.until(() => world.ran.length === 1, "begun");
  await world.restartBot();
  assert.deepEqual(names(), ["a", "b"], "before anybody says anything");
  world.ask("two", "place");
  await world.until(() => world.ran.length === 2, "second");
  assert.deepEqual(world.ran, ["a one", "b two"], "the one with nothing in hand");
  gate.resolve();
  await world.until(() => answered("one", "two"), "answers");
  assert.deepEqual([world.answers.get("one")?.fencing, world.refused], [1, []]);
});

test("the cheapest is asked first, where work may be done; the dearer one when that is full", async () => {
  await world.restartBot({ regions: ["here"] });
  const gate = Promise.withResolvers<void>();
  for (const instance of ["cheap", "dear", "away"]) {
    world.gates.set(instance, gate.promise);
  }
  await world.start("away", { price: "0.001", region: "there" });
  await world.start("dear", { price: "0.10", region: "here" });
  await world.start("cheap", { price: "0.02", region: "here", capacity: 2 });
  await world.until(() => names().length === 3, "all");
  for (const step of ["s1", "s2", "s3"]) {
    world.ask(step, "place");
    await world.until(() => world.ran.some((each) => each.endsWith(step)), step);
  }
  assert.deepEqual(world.ran, ["cheap s1", "cheap s2", "dear s3"]);
  gate.resolve();
  await world.until(() => answered("s1", "s2", "s3"), "answers");
});

test("0 → 10 → 0 → 3 instances while requests come: each is done once", async () => {
  const steps = Array.from({ length: 60 }, (_, n) => `step${n}`);
  const batch = (from: number): void =>
    steps.slice(from, from + 20).forEach((step, n) => world.ask(step, n % 2 === 0 ? "count" : "place"));
  batch(0);
  const ten = Array.from({ length: 10 }, (_, n) => `i${n}`);
  for (const instance of ten) {
    await world.start(instance, { capacity: 3 });
  }
  batch(20);
  await Promise.all(ten.map((instance) => world.stop(instance)));
  batch(40);
  await world.until(() => names().length === 0, "nobody");
  await world.until(() => world.waiting.size > 0, "said");
  for (const instance of ["x", "y", "z"]) {
    await world.start(instance);
  }
  await world.until(() => answered(...steps), "answers");
  for (const step of steps) {
    assert.equal(await world.effects(step), 1, step);
  }
  assert.deepEqual([...world.waiting], []);
});

function code(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
