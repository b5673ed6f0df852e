import assert from "node:assert/strict";
import { test } from "node:test";
import type { StepJob } from "../../src/ports.ts";
import { EngineWorld, request } from "./engine/engine-world.ts";

/** A run whose message has just been taken; nothing is delivered yet. */
async function asked() {
  const world = new EngineWorld();
  const bot = world.bot();
  const accepted = await bot.intake.request(request);
  assert.ok(accepted.outcome === "accepted");
  const { run } = accepted;
  const withdraw = async (person = "employee", key: string = request.key) => {
    const outcome = await bot.intake.withdraw(key, person);
    return outcome.outcome === "refused" ? outcome.error.code : outcome.outcome;
  };
  return { world, ...bot, run, withdraw };
}
type Asked = Awaited<ReturnType<typeof asked>>;
/** The router's request goes out; its answer is handed back undelivered. */
async function sent({ world, engine }: Asked) {
  await engine.dispatch(world.queue.take() as StepJob);
  const [row] = await world.store.claimOutbox(world.time.now(), 60_000, 1);
  assert.ok(row !== undefined);
  const reply = world.replyTo(row);
  assert.ok(reply !== undefined);
  return reply;
}
const ended = async ({ world, run }: Asked) => {
  const { status, reason, workflow } = await world.run(run);
  return { status, reason, workflow };
};
const withdrawn = { status: "cancelled", reason: "requested", workflow: null };

test("a request is taken back before the router has it: nothing is sent, and it is in the journal", async () => {
  const all = await asked();
  assert.equal(await all.withdraw(), "accepted");
  assert.deepEqual(await ended(all), withdrawn);
  assert.deepEqual(
    all.world.store.journal.filter((each) => each.kind === "cancel").map((each) => each.facts),
    [{ by: "employee", withdrawn: true }],
  );
  await all.world.settle(all.engine);
  assert.deepEqual(all.world.calls, []);
  const { version } = await all.world.run(all.run);
  assert.equal(await all.withdraw(), "accepted", "taken back again, also after a crash, it changes nothing");
  assert.equal((await all.world.run(all.run)).version, version);
});

test("a request is taken back while the router works: its late answer starts nothing", async () => {
  const all = await asked();
  const reply = await sent(all);
  assert.equal(await all.withdraw(), "accepted");
  await all.engine.receive(reply);
  await all.world.settle(all.engine);
  assert.deepEqual(await ended(all), withdrawn);
  assert.deepEqual(all.world.calls, ["router.route/route/1/1"]);
  assert.ok([...all.world.store.outbox.values()].every((row) => !row.open));
});

test("a request is taken back while its question waits; the answer's message is not the request's", async () => {
  const all = await asked();
  all.world.skills.set("router.route", () => ({ outcome: "question", question: "Which?", options: [] }));
  await all.world.settle(all.engine);
  await all.intake.request({ ...request, key: "k2", text: "that one" });
  await all.world.settle(all.engine);
  assert.equal((await all.world.run(all.run)).status, "waiting");
  assert.equal(await all.withdraw("employee", "k2"), "already-answered");
  assert.equal((await all.world.run(all.run)).status, "waiting");
  assert.equal(await all.withdraw(), "accepted");
  assert.deepEqual(await ended(all), withdrawn);
});

test("once a workflow was chosen it is too late, and the refusal is in the journal", async () => {
  const all = await asked();
  await all.engine.receive(await sent(all));
  assert.equal(await all.withdraw(), "already-started");
  assert.equal((await all.world.run(all.run)).status, "running");
  assert.deepEqual(all.world.alarms(), ["already-started"]);
});

test("taken back before it came: the message is refused when it comes, also after a restart", async () => {
  const { world, intake } = await asked();
  assert.equal((await intake.withdraw("k9", "employee")).outcome, "refused");
  const late = { ...request, key: "k9" };
  for (const bot of [{ intake }, world.bot()]) {
    const outcome = await bot.intake.request(late);
    assert.equal(outcome.outcome === "refused" ? outcome.error.code : "accepted", "withdrawn");
  }
  assert.deepEqual(world.alarms(), ["withdrawn", "withdrawn"]);
  assert.equal((await world.store.listRuns({ limit: 9 })).length, 1);
  // Another message, or a newer text of the same, is another key.
  assert.equal((await intake.request({ ...request, key: "k9/2" })).outcome, "accepted");
});

test("an answer that was taken back before it came answers nothing and starts nothing", async () => {
  const all = await asked();
  all.world.skills.set("router.route", () => ({ outcome: "question", question: "Which?", options: [] }));
  await all.world.settle(all.engine);
  assert.equal(await all.withdraw("employee", "k2"), "unknown-request");
  for (const onlyAnswer of [true, false]) {
    const outcome = await all.intake.request({ ...request, key: "k2", text: "that one", onlyAnswer });
    assert.equal(
      outcome.outcome === "refused" ? outcome.error.code : "accepted",
      onlyAnswer ? "no-question" : "withdrawn",
    );
  }
  assert.equal((await all.world.run(all.run)).status, "waiting");
  assert.equal((await all.world.store.listRuns({ limit: 9 })).length, 1);
});

test("who may not ask keeps no key from anybody; a key that is none is kept from nobody", async () => {
  const { world, intake } = await asked();
  const kept: string[] = [];
  world.store.withdrawRequest = async (key) => {
    kept.push(key);
    return undefined;
  };
  for (const [key, person] of [
    ["k9", "nobody"],
    ["k9", "former"],
    ["", "employee"],
    ["x".repeat(501), "employee"],
  ] as const) {
    assert.equal((await intake.withdraw(key, person)).outcome, "refused");
  }
  assert.deepEqual(kept, []);
});

test("only who asked takes a request back; a message that was none leaves no trace", async () => {
  const all = await asked();
  assert.equal(await all.withdraw("manager"), "not-allowed");
  assert.equal(await all.withdraw("nobody"), "unknown-person");
  assert.equal((await all.world.run(all.run)).status, "running");
  const before = all.world.store.journal.length;
  assert.equal(await all.withdraw("employee", "k9"), "unknown-request");
  assert.equal(all.world.store.journal.length, before);
});

test("taken back as the router answers: one of the two counts, and the other sees it", async () => {
  const outcomes = new Set<string>();
  for (const delayed of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
    for (const first of ["withdraw", "answer"] as const) {
      const all = await asked();
      const reply = await sent(all);
      const later = async <T>(call: () => Promise<T>): Promise<T> => {
        for (let turn = 0; turn < delayed; turn += 1) {
          await Promise.resolve();
        }
        return call();
      };
      const [outcome] = await Promise.all(
        first === "withdraw"
          ? [all.withdraw(), later(() => all.engine.receive(reply))]
          : [later(() => all.withdraw()), all.engine.receive(reply)],
      );
      await all.world.settle(all.engine);
      const { status } = await ended(all);
      assert.equal(status, outcome === "accepted" ? "cancelled" : "waiting", `${first} ${delayed}`);
      assert.equal(all.world.calls.length > 1, outcome === "already-started", `${first} ${delayed}`);
      outcomes.add(outcome);
    }
  }
  assert.deepEqual([...outcomes].toSorted(), ["accepted", "already-started"]);
});
