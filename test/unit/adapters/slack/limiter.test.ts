import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { createLimiter, type SlackCall } from "../../../../adapters/slack/limiter.ts";
import { ManualTime } from "../../../fakes/manual-time.ts";

const update: SlackCall = { method: "chat.update", urgent: false };
const post = (channel: string, urgent = false): SlackCall => ({
  method: "chat.postMessage",
  channel,
  urgent,
});

function takeAll(limiter: ReturnType<typeof createLimiter>, call: SlackCall, most = 1000): number {
  let taken = 0;
  while (taken < most && limiter.take(call) === 0) {
    taken += 1;
  }
  return taken;
}

test("limits: a method keeps a share of its minute for what is urgent", async () => {
  const time = new ManualTime();
  const limiter = createLimiter(time);
  assert.equal(takeAll(limiter, update), 35);
  assert.ok(limiter.take(update) > 0, "progress waits");
  assert.equal(takeAll(limiter, { ...update, urgent: true }), 15);
  assert.ok(limiter.take({ ...update, urgent: true }) >= 60_000);
  await time.advance(60_000);
  assert.equal(limiter.take(update), 0);
});

test("limits: one post a second in a channel, short bursts, other channels untouched", async () => {
  const time = new ManualTime();
  const limiter = createLimiter(time);
  assert.equal(takeAll(limiter, post("C1")), 2);
  assert.equal(takeAll(limiter, post("C1", true)), 1);
  assert.ok(limiter.take(post("C1", true)) >= 1_000);
  assert.equal(limiter.take(post("C2")), 0);
  await time.advance(1_000);
  assert.equal(limiter.take(post("C1", true)), 0);
  assert.ok(limiter.take(post("C1", true)) > 0);
});

test("limits: Retry-After holds back that method alone, and posting by channel", async () => {
  const time = new ManualTime();
  const limiter = createLimiter(time);
  limiter.block({ ...update, urgent: true }, 30_000);
  limiter.block(post("C1"), 5_000);
  assert.equal(limiter.take({ ...update, urgent: true }), 30_000);
  assert.equal(limiter.take({ method: "views.open", urgent: true }), 0);
  assert.equal(limiter.take(post("C1", true)), 5_000);
  assert.equal(limiter.take(post("C2")), 0);
  await time.advance(30_000);
  assert.equal(limiter.take(update), 0);
});

test("limits: those who wait are given places in line; what is urgent does not stand behind the rest", () => {
  const limiter = createLimiter(new ManualTime());
  takeAll(limiter, post("C1", true));
  assert.deepEqual(
    [1, 2, 3].map(() => limiter.take(post("C1"))),
    [2_000, 3_000, 4_000],
  );
  assert.ok(limiter.take(post("C1", true)) <= 2_000);
});

test("limits: whatever is asked when, no minute holds more than Slack allows, and who waits as told gets through", () => {
  const step = fc.record({
    ms: fc.integer({ min: 0, max: 4_000 }),
    channel: fc.constantFrom("C1", "C2"),
    kind: fc.constantFrom("post", "update"),
    urgent: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      let now = 0;
      const limiter = createLimiter({ now: () => now });
      const went: { at: number; key: string }[] = [];
      for (const { ms, channel, kind, urgent } of steps) {
        now += ms;
        const call = kind === "post" ? post(channel, urgent) : { ...update, urgent };
        const wait = limiter.take(call);
        if (wait === 0) {
          went.push({ at: now, key: kind === "post" ? channel : kind });
        } else {
          const before = now;
          now += wait;
          assert.equal(limiter.take(call), 0, "waited as told");
          went.push({ at: now, key: kind === "post" ? channel : kind });
          assert.ok(now > before);
        }
        const inMinute = (key: string) => went.filter((each) => each.key === key && each.at > now - 60_000);
        assert.ok(inMinute("update").length <= 50);
        assert.ok(inMinute("C1").length <= 63);
      }
    }),
    { numRuns: 100 },
  );
});
