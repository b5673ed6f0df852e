import assert from "node:assert/strict";
import { test } from "node:test";
import { Transit } from "../../../src/link/transit.ts";
import { ManualTime, settle } from "../../fakes/manual-time.ts";
import { newRow, outboxWorld } from "../../fakes/outbox-world.ts";

const to = { atSign: "@cs-supply", instance: "main" } as const;

test("the wait follows the time that answers take, within bounds, by kind and instance", async () => {
  const time = new ManualTime();
  const transit = new Transit(time, 10);
  const other = { ...to, instance: "b" };
  assert.deepEqual([transit.waitMs("result", to), transit.waitMs("request", to)], [1_000, 2_500]);
  let count = 0;
  const exchange = async (kind: "request" | "result", ms: number): Promise<void> => {
    const row = newRow({ id: `row${(count += 1)}`, kind, tries: 1 });
    transit.add(row, to);
    await time.advance(ms);
    assert.equal(transit.answered(row.id)?.agent, "supply");
  };
  await exchange("result", 600);
  assert.equal(transit.waitMs("result", to), 600 + 4 * 300);
  for (let n = 0; n < 40; n += 1) {
    await exchange("result", 600);
  }
  assert.ok(Math.abs(transit.waitMs("result", to) - 600) < 10, "a steady peer is known by its time");
  for (let n = 0; n < 40; n += 1) {
    await exchange("result", 1);
    await exchange("request", 100_000);
  }
  assert.deepEqual([transit.waitMs("result", to), transit.waitMs("request", to)], [250, 30_000]);
  assert.deepEqual([transit.waitMs("result", other), transit.waitMs("request", other)], [1_000, 2_500]);
});

test("a message that was sent twice says nothing of the time; being overdue doubles the wait, once for all of them", async () => {
  const time = new ManualTime();
  const transit = new Transit(time, 10);
  const rows = ["a", "b", "c"].map((id) => newRow({ id, tries: 1 }));
  rows.forEach((row) => transit.add(row, to));
  await time.advance(1_500);
  rows.forEach((row) => transit.add({ ...row, tries: 2 }, to));
  assert.equal(transit.waitMs("result", to), 2_000);
  await time.advance(50);
  rows.forEach(({ id }) => transit.answered(id));
  assert.equal(transit.waitMs("result", to), 2_000, "nobody knows which sending was answered");
  const fresh = newRow({ id: "d", tries: 1 });
  transit.add(fresh, to);
  await time.advance(500);
  transit.answered(fresh.id);
  assert.equal(transit.waitMs("result", to), 1_500);
});

test("a peer that is slow, but answers, is sent each message once", async () => {
  const slow = outboxWorld(async ({ subject }) => {
    slow.time.after(4_000, () => {
      void slow.rows.closeOutbox([subject.step]).then(() => slow.relay.forget([subject.step]));
    });
  }, 16);
  slow.relay.start();
  const messages = 200;
  for (let n = 0; n < messages; n += 1) {
    slow.rows.add({ id: `m${n}` });
    await slow.time.advance(1_000);
  }
  await slow.time.advance(60_000);
  assert.equal(slow.rows.rows.size, 0);
  // Those that went out before anything was known of the peer.
  assert.ok(slow.sent.length - messages <= 12, `${slow.sent.length} sendings of ${messages} messages`);
  await slow.relay.stop();
});

test("no more than a window is unanswered at an instance; the next goes when one is answered, or has waited in vain", async () => {
  const { time, rows, relay, sent, ended } = outboxWorld(async () => undefined, 4, 3);
  for (let n = 0; n < 6; n += 1) {
    rows.add({ id: `m${n}` });
  }
  relay.start();
  await settle();
  assert.deepEqual(sent, ["m0", "m1", "m2"]);
  assert.equal(relay.prepare(newRow({ id: "late" })).row.tries, 0, "nobody goes before those who wait");
  await rows.closeOutbox(["m1"]);
  relay.forget(["m1"]);
  await settle();
  assert.deepEqual(sent, ["m0", "m1", "m2", "m3"]);
  assert.deepEqual(
    ended.map(({ subject }) => subject.step),
    ["m1"],
  );
  // Nobody answers any more: that costs the others no more than the time of a claim.
  await time.advance(40_000);
  assert.ok(sent.includes("m4") && sent.includes("m5"));
  await relay.stop();
});
