import assert from "node:assert/strict";
import { test } from "node:test";
import { SlackChaos } from "../fakes/slack-chaos.ts";

test("clicks under faults: none lost, none counted twice, every card final (fixed seed; chaos:slack runs 10,000)", async () => {
  const result = await new SlackChaos(20_260_101).run(300);
  assert.ok(result.clicks >= 300 && result.failed > 0, JSON.stringify(result));
  assert.deepEqual([result.lost, result.doubled, result.stale], [0, 0, 0], JSON.stringify(result));
});

test("the same with three bots on one record, one of which dies now and then", async () => {
  const result = await new SlackChaos(20_260_102, 3).run(300);
  assert.ok(result.clicks >= 300 && result.failed > 0, JSON.stringify(result));
  assert.deepEqual([result.lost, result.doubled, result.stale], [0, 0, 0], JSON.stringify(result));
});
