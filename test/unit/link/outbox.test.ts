import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { createOutboxRelay, fixedRoute } from "../../../src/link/outbox.ts";
import { ManualTime, settle } from "../../fakes/manual-time.ts";
import { newRow, OutboxRows, outboxWorld } from "../../fakes/outbox-world.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

test("a kick sends at once; the row is sent again with growing pauses until something closes it", async () => {
  const { time, rows, relay, sent } = outboxWorld();
  relay.start();
  await settle();
  rows.add({ id: "a" });
  relay.kick();
  await settle();
  assert.deepEqual(sent, ["a"]);
  await time.advance(10_000);
  const repeated = sent.length;
  assert.equal(repeated, 3, "at once, after 1.5 and after 4.5 seconds");
  await time.advance(60_000);
  assert.ok(sent.length <= repeated + 4, "at most one in about twenty seconds by now");
  await rows.closeOutbox(["a"]);
  const last = sent.length;
  await time.advance(120_000);
  assert.equal(sent.length, last);
  await relay.stop();
});

test("a request is given longer before it is sent again; one that failed to go out is not", async () => {
  const { time, rows, relay, sent } = outboxWorld();
  rows.add({ id: "request", kind: "request" });
  relay.start();
  await time.advance(2_000);
  assert.deepEqual(sent, ["request"]);
  await time.advance(4_000);
  assert.deepEqual(sent, ["request", "request"]);
  await relay.stop();

  const broken = outboxWorld(() => Promise.reject(new AppError("link-failed", "down", { retryable: true })));
  broken.rows.add({ id: "request", kind: "request" });
  broken.relay.start();
  await broken.time.advance(2_000);
  assert.ok(broken.sent.length >= 2);
  await broken.relay.stop();
});

test("without a kick the periodic look finds a row within a second", async () => {
  const { time, rows, relay, sent } = outboxWorld();
  relay.start();
  await settle();
  rows.add({ id: "a" });
  await time.advance(1_000);
  assert.deepEqual(sent, ["a"]);
  await relay.stop();
  rows.add({ id: "b" });
  relay.kick();
  await time.advance(5_000);
  assert.deepEqual(sent, ["a"], "nothing is sent after stop");
});

test("one slow sending holds up no other; no more go out than there are places", async () => {
  const gate = Promise.withResolvers<void>();
  let now = 0;
  let most = 0;
  const { rows, relay, sent } = outboxWorld(async ({ subject }) => {
    now += 1;
    most = Math.max(most, now);
    await (subject.step === "slow" ? gate.promise : Promise.resolve());
    now -= 1;
  }, 2);
  rows.add({ id: "slow" });
  for (let n = 0; n < 20; n += 1) {
    rows.add({ id: `quick-${n}` });
  }
  relay.kick();
  await settle();
  assert.equal(sent.length, 21);
  assert.equal(new Set(sent).size, 21);
  assert.equal(most, 2);
  gate.resolve();
  await relay.stop();
});

test("a kick while everything is busy is not forgotten", async () => {
  const gate = Promise.withResolvers<void>();
  const { rows, relay, sent } = outboxWorld(() => gate.promise, 1);
  rows.add({ id: "a" });
  relay.kick();
  await settle();
  rows.add({ id: "b" });
  relay.kick();
  await settle();
  assert.deepEqual(sent, ["a"]);
  gate.resolve();
  await settle();
  assert.deepEqual(sent, ["a", "b"]);
  await relay.stop();
});

test("an expired row is closed and reported, never sent; an agent without a grant costs no other its message", async () => {
  const { time, rows, relay, sent, expired } = outboxWorld();
  rows.add({ id: "old", expiresAt: time.now() });
  rows.add({ id: "nowhere", to: "unknown" });
  rows.add({ id: "good" });
  relay.kick();
  await settle();
  assert.deepEqual(sent, ["good"]);
  assert.deepEqual(expired, ["old"]);
  assert.ok(!rows.rows.has("old"));
  assert.ok((rows.rows.get("nowhere")?.dueAt ?? 0) > time.now());
  await relay.stop();
});

test("a database that fails for a while is asked again", async () => {
  const { time, rows, relay, sent } = outboxWorld();
  rows.add({ id: "a" });
  rows.failure = new Error("disk");
  relay.start();
  await settle();
  assert.deepEqual(sent, []);
  rows.failure = undefined;
  await time.advance(1_000);
  assert.deepEqual(sent, ["a"]);
  await relay.stop();
});

test("stop waits for what is being sent", async () => {
  const gate = Promise.withResolvers<void>();
  const { rows, relay } = outboxWorld(() => gate.promise);
  rows.add({ id: "a" });
  relay.kick();
  await settle();
  let stopped = false;
  const stopping = relay.stop().finally(() => {
    stopped = true;
  });
  await settle();
  assert.ok(!stopped);
  gate.resolve();
  await stopping;
  assert.equal(rows.rows.get("a")?.tries, 1);
});

test("what was sent is repeated ever more rarely; what could not be sent is tried twice a minute", async () => {
  const hours = 10;
  const answered = outboxWorld();
  answered.rows.add({ id: "a" });
  answered.relay.start();
  await answered.time.advance(hours * 3_600_000);
  const most = (hours * 3_600_000) / 225_000 + 15;
  assert.ok(answered.sent.length <= most, `${answered.sent.length} sendings`);
  await answered.relay.stop();

  const broken = outboxWorld(() => Promise.reject(new AppError("link-failed", "down", { retryable: true })));
  broken.rows.add({ id: "a" });
  broken.relay.start();
  await broken.time.advance(3_600_000);
  const before = broken.sent.length;
  await broken.time.advance(60_000);
  assert.ok(broken.sent.length - before >= 2);
  await broken.relay.stop();
});

test("a message goes to the instance, and carries the token, that its row says", async () => {
  const time = new ManualTime();
  const rows = new OutboxRows();
  const tokens: (number | undefined)[] = [];
  const relay = createOutboxRelay({
    store: rows,
    clock: time,
    timers: time,
    log: silentLogger,
    route: fixedRoute(() => ({ atSign: "@cs-bot", instance: "main" })),
    link: {
      seal: ({ fencing: token }) => ({ journal: [], send: async () => void tokens.push(token) }),
      send: async (envelope) => void tokens.push(envelope.fencing),
      ended: () => undefined,
    },
  });
  rows.add({ id: "a", fencing: 3 });
  relay.kick();
  await settle();
  rows.add({ id: "b", kind: "error", fencing: 4 });
  relay.kick();
  await settle();
  relay.prepare(newRow({ id: "c", fencing: 4 })).send();
  await settle();
  await relay.stop();
  assert.deepEqual(tokens, [3, 4, 4]);
});
