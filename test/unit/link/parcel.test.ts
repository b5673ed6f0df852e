import assert from "node:assert/strict";
import { test } from "node:test";
import { HostileWorld } from "../../fakes/hostile-world.ts";
import { until } from "../../fakes/manual-time.ts";

test("over real atServers: a large message is notified once, and once answered nothing of it remains", async (t) => {
  const world = await HostileWorld.open();
  t.after(() => world.close());
  const bot = await world.side("bot");
  const supply = await world.side("supply");
  await world.send(bot, "large", { text: "x".repeat(100_000) });
  await world.send(bot, "after");
  await until(() => supply.received.length === 2, "both");
  const told = (): number =>
    world.tampering.seen.filter(({ notification }) => isParcel(notification.key)).length;
  assert.equal(told(), 1, "the server has told of the key by itself, which the filter leaves out");
  assert.equal((await bot.client.scan("-parcel")).length, 1);

  const subject = { run: "run1", revision: 1, step: "large", attempt: 1 };
  bot.link.ended({ to: { atSign: "@cs-supply", instance: "main" }, kind: "request", subject });
  await until(async () => (await bot.client.scan("-parcel")).length === 0, "the parcel to be gone");
  await world.send(bot, "last");
  await until(() => supply.received.some(({ subject: { step } }) => step === "last"), "the last message");
  assert.equal(told(), 2, "of its deletion too");
  assert.deepEqual([supply.received.length, supply.refused], [3, []]);
});

function isParcel(key: string): boolean {
  return key.includes("-parcel.main.countersign@");
}
