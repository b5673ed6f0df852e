import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualTime } from "../../fakes/manual-time.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";

test("whoever asked for it is told of each loading that changed something, and of no other", async () => {
  const world = new TrustWorld(new ManualTime(), ["bot"]);
  const trust = await world.open();
  let told = 0;
  trust.onChange(() => (told += 1));
  await trust.reload();
  assert.equal(told, 0);
  world.document({ serial: 2, people: [] });
  await Promise.all([trust.reload(), trust.reload()]);
  assert.equal(told, 1);
  assert.deepEqual(trust.people, []);
});
