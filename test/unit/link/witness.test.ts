import assert from "node:assert/strict";
import { test } from "node:test";
import type { Signed } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import type { CheckpointStatement } from "../../../src/journal.ts";
import { SampleJournal } from "../../fakes/sample-journal.ts";
import { fakeSign } from "../../fakes/skill-context.ts";
import { WitnessWorld } from "../../fakes/witness-world.ts";

test("records are witnessed once a second, each request under its own number, and acknowledged", async () => {
  const world = new WitnessWorld();
  world.journal.add("bot-1", 3);
  world.witness.start();
  await world.time.advance(0);
  assert.deepEqual(world.kept(), ["bot-1:3"]);
  world.journal.add("bot-1", 2);
  await world.time.advance(999);
  assert.equal(world.requests.length, 1, "not before a second has passed");
  await world.time.advance(1);
  assert.deepEqual(
    world.requests.map(({ subject, to }) => [subject, to.atSign]),
    [1, 2].map((attempt) => [{ run: "witness", revision: 1, step: "checkpoint", attempt }, "@cs-compliance"]),
  );
  assert.deepEqual(
    world.acks.map(({ kind, subject }) => [kind, subject.attempt]),
    [
      ["ack", 1],
      ["ack", 2],
    ],
  );
  await world.witness.stop();
});

test("an idle system asks for nothing: the witness's own messages are no reason", async () => {
  const world = new WitnessWorld();
  world.witness.start();
  await world.time.advance(5_000);
  assert.equal(world.requests.length, 0);
  world.journal.add("bot-1", 1);
  await world.time.advance(60_000);
  assert.equal(world.requests.length, 1);
  // What is left are the request's and the reply's own records.
  assert.equal(world.journal.head("bot-1").seq, 3);
  world.journal.add("bot-1", 1);
  await world.time.advance(1_000);
  assert.deepEqual(world.sizes(), [1, 3]);
  await world.witness.stop();
});

test("a thousand records are witnessed at once, a backlog in steps of a thousand, one at a time", async () => {
  const world = new WitnessWorld();
  world.journal.add("bot-1", 1);
  world.witness.start();
  await world.time.advance(250);
  world.journal.add("bot-1", 1_200);
  world.journal.add("bot-2", 1_000);
  await world.time.advance(250);
  // 1,203 and 1,000, and each step's own two records; what is left after it waits for its second.
  assert.deepEqual(world.sizes(), [1, 1_000, 1_000]);
  assert.deepEqual(world.kept(), ["bot-1:1205", "bot-2:796"]);
  await world.time.advance(1_000);
  assert.equal(world.kept()[1], "bot-2:1000");
  await world.witness.stop();
});

test("an unanswered request is sent again under its number; records that come meanwhile wait", async () => {
  const world = new WitnessWorld();
  world.reaches = false;
  world.journal.add("bot-1", 2);
  world.witness.start();
  await world.time.advance(0);
  await world.time.advance(4_999);
  assert.equal(world.requests.length, 1);
  world.journal.add("bot-1", 5);
  await world.time.advance(1);
  world.reaches = true;
  await world.time.advance(10_000);
  assert.deepEqual(
    world.requests.slice(0, 3).map(({ subject }) => subject.attempt),
    [1, 1, 1],
  );
  assert.deepEqual(world.sizes().slice(0, 3), [2, 2, 2]);
  await world.time.advance(1_000);
  assert.equal(world.requests.length, 4);
  assert.equal(world.requests[3]?.subject.attempt, 2);
  await world.witness.stop();
});

test("after a restart a checkpoint that may have been signed is asked for again, as it was", async () => {
  const world = new WitnessWorld();
  world.answers = false;
  world.journal.add("bot-2", 1_500);
  world.witness.start();
  await world.time.advance(0);
  await world.witness.stop();
  assert.deepEqual(world.kept(), []);

  // The next life writes a chain of its own, which sorts before the one that was asked about.
  world.answers = true;
  world.journal.add("bot-0", 700);
  const again = world.open();
  again.start();
  await world.time.advance(0);
  await world.time.advance(2_000);
  const statements = world.requests.map(
    ({ body }) =>
      (body as unknown as { input: { checkpoint: Signed<CheckpointStatement> } }).input.checkpoint.statement,
  );
  assert.deepEqual(statements[1], statements[0]);
  assert.deepEqual(world.requests.map(({ subject }) => subject.attempt).slice(0, 2), [1, 2]);
  assert.ok(
    world.kept().includes("bot-0:700") && world.kept().includes("bot-2:1500"),
    world.kept().join(" "),
  );
  assert.deepEqual(
    world.entries.filter(({ kind }) => kind === "alarm"),
    [],
  );
  await again.stop();
});

test("a rewritten journal is an alarm, once, in log and journal; put right, it goes on", async () => {
  const world = new WitnessWorld();
  world.journal.add("bot-1", 5);
  world.witness.start();
  await world.time.advance(0);
  const good = [...(world.journal.chains.get("bot-1") ?? [])];
  const forged = new SampleJournal();
  forged.add("bot-1", good.length, "run2");
  world.journal.chains.set("bot-1", [...(forged.chains.get("bot-1") ?? [])]);
  await world.time.advance(60_000);
  const alarms = () => world.entries.filter(({ kind }) => kind === "alarm");
  assert.deepEqual(
    alarms().map(({ run, facts }) => [run, facts.code]),
    [["witness", "journal-rewritten"]],
  );
  assert.match(String(alarms()[0]?.facts.detail), /chain bot-1, record 5/);
  assert.ok(world.requests.length < 8, `${world.requests.length} requests: it does not try all the time`);
  assert.deepEqual(world.kept(), ["bot-1:5"]);

  world.journal.chains.set("bot-1", good);
  world.journal.add("bot-1", 1);
  await world.time.advance(600_000);
  assert.deepEqual(world.kept(), ["bot-1:8"]);
  assert.equal(alarms().length, 1);
  await world.witness.stop();
});

test("a chain cut back to before the last checkpoint is noticed without any new record", async () => {
  const world = new WitnessWorld();
  world.journal.add("bot-1", 2);
  world.journal.add("bot-2", 4);
  world.witness.start();
  await world.time.advance(0);
  world.journal.chains.get("bot-2")?.splice(2);
  await world.time.advance(2_000);
  assert.match(
    String(world.entries.find(({ kind }) => kind === "alarm")?.facts.detail),
    /chain bot-2, record 3: tail-missing/,
  );
  await world.witness.stop();
});

test("a reply that is another statement, or not the witness's signature, is not kept", async () => {
  for (const forge of [
    (signed: Signed<CheckpointStatement>) => fakeSign({ ...signed.statement, heads: [] }, "compliance"),
    (signed: Signed<CheckpointStatement>) => fakeSign(signed.statement, "supply"),
  ]) {
    const world = new WitnessWorld();
    world.forge = forge;
    world.journal.add("bot-1", 1);
    world.witness.start();
    await world.time.advance(1_000);
    assert.deepEqual(world.kept(), []);
    assert.equal(world.entries.find(({ kind }) => kind === "alarm")?.facts.code, "witness-reply-wrong");
    await world.witness.stop();
  }
});

test("another refusal is no alarm: the same checkpoint is asked for later under the next number", async () => {
  const world = new WitnessWorld();
  world.fail = new AppError("trust-stale", "too old", { retryable: true });
  world.journal.add("bot-1", 1);
  world.witness.start();
  await world.time.advance(0);
  await world.time.advance(9_000);
  assert.equal(world.requests.length, 1);
  world.fail = undefined;
  await world.time.advance(2_000);
  assert.deepEqual(world.sizes(), [1, 1]);
  assert.deepEqual(
    world.requests.map(({ subject }) => subject.attempt),
    [1, 2],
  );
  assert.deepEqual(world.kept(), ["bot-1:1"]);
  assert.equal(
    world.entries.some(({ kind }) => kind === "alarm"),
    false,
  );
  await world.witness.stop();
});

test("messages of others are ignored; a late reply is recorded and acknowledged", async () => {
  const world = new WitnessWorld();
  world.answers = false;
  world.journal.add("bot-1", 1);
  world.witness.start();
  await world.time.advance(0);
  const request = world.requests[0];
  assert.ok(request);
  const reply = await world.handle(request);
  await world.witness.receive({ ...reply, from: { ...reply.from, role: "supply" } });
  assert.deepEqual([world.kept(), world.acks.length, world.entries.length], [[], 0, 0]);
  await world.witness.receive({ ...reply, subject: { ...reply.subject, attempt: 7 } });
  assert.deepEqual([world.kept(), world.acks.length, world.entries.length], [[], 1, 1]);
  assert.equal(world.entries[0]?.facts.direction, "in");
  await world.witness.stop();
});
