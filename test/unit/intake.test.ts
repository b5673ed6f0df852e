import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatRequest } from "../../src/chat-types.ts";
import type { Json } from "../../src/domain.ts";
import { EngineWorld, request } from "./engine/engine-world.ts";

const refused = async (text: string, change: object = {}) => {
  const world = new EngineWorld();
  const outcome = await world.bot().intake.request({ ...request, text, ...change });
  assert.equal((await world.store.listRuns({ limit: 1 })).length, outcome.outcome === "accepted" ? 1 : 0);
  return outcome.outcome === "refused" ? outcome.error.code : null;
};

test("requests that are no text are refused before there is a run", async () => {
  assert.equal(await refused(""), "request-empty");
  assert.equal(await refused(" \n\t…\u200B"), "request-empty");
  assert.equal(await refused("x".repeat(20_001)), "request-too-long");
  assert.equal(await refused("x".repeat(100_000)), "request-too-long");
  assert.equal(await refused("x".repeat(20_000)), null);
  assert.equal(await refused("50 widgets\u0000"), "request-not-text");
  assert.equal(await refused("PNG\u001A\u0008"), "request-not-text");
  assert.equal(await refused("bad \uFFFD decoding"), "request-not-text");
  assert.equal(await refused("half \uD800 pair"), "request-not-text");
  assert.equal(await refused("hidden \u202E txet"), "request-not-text");
  assert.equal(await refused("zwei\nZeilen\tund 漢字 🎉 sind Text"), null);
  assert.equal(await refused("5 pumps", { key: "" }), "bad-key");
});

test("only an active person with a role for it may ask; the refusal is journalled", async () => {
  assert.equal(await refused("5 pumps", { person: "nobody" }), "unknown-person");
  assert.equal(await refused("5 pumps", { person: "former" }), "unknown-person");
  assert.equal(await refused("5 pumps", { person: "manager-2" }), "not-allowed");
  const world = new EngineWorld();
  await world.bot().intake.request({ ...request, person: "nobody" });
  assert.deepEqual(world.alarms(), ["unknown-person"]);
  const [entry] = world.store.journal;
  assert.deepEqual(
    [entry?.facts["person"], entry?.body],
    [null, { person: "nobody" }],
    "sealed: only claimed",
  );
});

test("what an adapter refused by itself is journalled; who was merely claimed is sealed", async () => {
  const world = new EngineWorld();
  await world.bot().intake.refused("slack:T1/U1", "guest");
  const [entry] = world.store.journal;
  assert.deepEqual(
    [entry?.kind, entry?.facts["code"], entry?.facts["person"], entry?.body],
    ["refusal", "guest", null, { person: "slack:T1/U1" }],
  );
});

/** The router asks once, then understands. */
function asking(world: EngineWorld): Json[] {
  const dialogues: Json[] = [];
  world.skills.set("router.route", (body, subject, count) => {
    dialogues.push(body.input["dialogue"] ?? null);
    return count === 1
      ? { outcome: "question", question: "For whom?", options: ["A", "B"], model: "rules" }
      : world.usual("router.route", body, subject);
  });
  return dialogues;
}

test("a message in a thread that waits is the answer; redelivered, start and answer change nothing", async () => {
  const world = new EngineWorld();
  const dialogues = asking(world);
  const { intake, engine } = world.bot();
  const first = await intake.request(request);
  assert.ok(first.outcome === "accepted");
  await world.settle(engine);
  assert.equal((await world.run(first.run)).status, "waiting");
  assert.deepEqual(await intake.request(request), first, "the start again is not an answer");
  const answer = { ...request, key: "k2", text: "For A" };
  assert.deepEqual(await intake.request(answer), first);
  await world.settle(engine);
  assert.deepEqual(await intake.request(answer), first, "the answer again starts nothing");
  assert.deepEqual(await world.bot().intake.request(answer), first, "also after a restart");
  assert.deepEqual(dialogues, [[], [{ question: "For whom?", answer: "For A" }]]);
  const run = await world.run(first.run);
  assert.equal(run.steps.find((step) => step.id === "gate")?.status, "waiting");
  assert.equal((await world.store.listRuns({ limit: 5 })).length, 1);
  assert.ok((await world.store.cards(`question-${first.run}-1`)).length === 1);
});

test("a message's key is kept with what it did, whatever else has happened since, and nothing besides", async () => {
  const world = new EngineWorld();
  world.skills.set("router.route", (body, subject, count) =>
    count % 2 === 1
      ? { outcome: "question", question: "For whom?", options: [] }
      : world.usual("router.route", body, subject),
  );
  const values: string[] = [];
  world.store.setValue = async (key) => {
    values.push(key);
  };
  const { intake, engine } = world.bot();
  const first = await intake.request(request);
  await world.settle(engine);
  const answer = { ...request, key: "k2", text: "For A" };
  assert.deepEqual(await intake.request(answer), first);
  await world.settle(engine);
  const second = await intake.request({ ...request, key: "k3" });
  await world.settle(engine);
  assert.notDeepEqual(second, first);
  assert.ok(second.outcome === "accepted");
  assert.equal((await world.run(second.run)).status, "waiting");
  // The second run waits in the same thread: neither old message is its answer.
  for (const old of [request, answer]) {
    assert.deepEqual(await world.bot().intake.request(old), first);
  }
  assert.equal((await world.run(second.run)).status, "waiting");
  const last = { ...request, key: "k4", text: "For B" };
  const twice = await Promise.all([intake.request(last), intake.request(last)]);
  assert.deepEqual(twice, [second, second], "also when it comes twice at once");
  assert.equal((await world.store.listRuns({ limit: 9 })).length, 2);
  assert.deepEqual(values, []);
});

test("talk that was not written to the bot is an answer or nothing, found by one look at the record", async () => {
  const world = new EngineWorld();
  asking(world);
  const { intake, engine } = world.bot();
  const looked: string[] = [];
  const requestRun = world.store.requestRun.bind(world.store);
  const waitingInThread = world.store.waitingInThread.bind(world.store);
  world.store.requestRun = (key) => {
    looked.push("key");
    return requestRun(key);
  };
  world.store.waitingInThread = (thread) => {
    looked.push("thread");
    return waitingInThread(thread);
  };
  const talk = { ...request, key: "k2", text: "For A", onlyAnswer: true };
  const code = async (of: ChatRequest) => {
    const outcome = await intake.request(of);
    return outcome.outcome === "refused" ? outcome.error.code : null;
  };
  assert.equal(await code(talk), "no-question");
  const first = await intake.request(request);
  await world.settle(engine);
  assert.equal(await code({ ...talk, key: "k3", person: "manager" }), "no-question");
  assert.equal(await code({ ...talk, key: "k4", person: "nobody" }), "no-question");
  assert.deepEqual(world.alarms(), [], "other people's talk is not recorded");
  looked.length = 0;
  assert.deepEqual(await intake.request(talk), first);
  assert.deepEqual(looked, ["key", "thread"]);
  await world.settle(engine);
  assert.deepEqual(await intake.request(talk), first, "again it changes nothing");
  assert.equal(await code({ ...talk, key: "k5" }), "no-question", "the question was answered");
  assert.equal((await world.store.listRuns({ limit: 5 })).length, 1);
});

test("somebody else's message, or one in another thread, starts a run of its own", async () => {
  const world = new EngineWorld();
  asking(world);
  const { intake, engine } = world.bot();
  const first = await intake.request(request);
  await world.settle(engine);
  const other = await intake.request({ ...request, key: "k2", person: "manager" });
  const elsewhere = await intake.request({ ...request, key: "k3", thread: "console:2" });
  const runs = [first, other, elsewhere].map((each) => each.outcome === "accepted" && each.run);
  assert.equal(new Set(runs).size, 3);
});

test("a request that is not understood waits in the same way, saying what can be done", async () => {
  const world = new EngineWorld();
  world.skills.set("router.route", () => ({
    outcome: "unsupported",
    message: "I order parts.",
    model: "rules",
  }));
  const { intake, engine } = world.bot();
  const accepted = await intake.request({ ...request, text: "Sing!" });
  assert.ok(accepted.outcome === "accepted");
  await world.settle(engine);
  assert.equal((await world.run(accepted.run)).status, "waiting");
  assert.deepEqual(await world.text(accepted.run, "route", "question:1"), {
    text: "I order parts.",
    options: [],
  });
  await world.time.advance(72 * 3_600_000);
  await engine.due(accepted.run);
  const ended = await world.run(accepted.run);
  assert.deepEqual([ended.status, ended.reason], ["cancelled", "expired"]);
});

test("cancelling through the intake: by whom it may, with the reason where not", async () => {
  const world = new EngineWorld();
  const { intake, engine } = world.bot();
  const accepted = await intake.request(request);
  assert.ok(accepted.outcome === "accepted");
  const code = async (run: string, person: string) => {
    const outcome = await intake.cancel(run, person);
    return outcome.outcome === "refused" ? outcome.error.code : null;
  };
  assert.equal(await code("none", "employee"), "unknown-run");
  assert.equal(await code(accepted.run, "nobody"), "unknown-person");
  assert.equal(await code(accepted.run, "manager"), null);
  await world.settle(engine);
  assert.equal((await world.run(accepted.run)).status, "cancelled");
  assert.equal(await code(accepted.run, "employee"), "cancel-finished");
});
