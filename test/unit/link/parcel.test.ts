import assert from "node:assert/strict";
import { test } from "node:test";
import { HostileWorld } from "../../fakes/hostile-world.ts";
import { LinkPair } from "../../fakes/link-pair.ts";
import { settle, until } from "../../fakes/manual-time.ts";

test("above 32 KiB the value travels as a shared key with its hash, and is deleted after it ended", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  const body = { text: "x".repeat(40_000) };
  await bot.link.send(pair.message(body));
  await settle();
  assert.deepEqual(supply.received[0]?.body, body);
  const [[name = "", value = ""] = []] = pair.servers.values;
  assert.match(name, /^@cs-supply:[0-9a-f]{32}-parcel\.main\.main\.countersign@cs-bot$/);
  assert.match(pair.servers.notifications[0]?.value ?? "", /^ref:/);

  const bytes = Buffer.from(value, "base64");
  bytes.writeUInt8((bytes.at(9_000) ?? 0) ^ 1, 9_000);
  pair.servers.values.set(name, bytes.toString("base64"));
  const [notification] = pair.servers.notifications;
  assert.ok(notification);
  pair.servers.deliver(notification);
  await settle();
  assert.deepEqual(supply.refused, ["envelope-altered"]);

  await pair.time.advance(60_000);
  await bot.link.send(pair.message({}));
  assert.equal(pair.servers.values.size, 0);
  await supply.link.stop();
});

test("what a large message lay under is deleted when it was answered, however often it was sent", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const large = pair.message({ text: "x".repeat(40_000) });
  const other = { ...large, subject: { ...large.subject, step: "other" } };
  await bot.link.send(large);
  await bot.link.send(large);
  await bot.link.send(other);
  pair.servers.failure = new Error("down");
  await assert.rejects(bot.link.send(large), { code: "link-failed" });
  assert.equal(pair.servers.values.size, 4, "also what was stored for a notification that failed");
  bot.link.ended(large);
  assert.equal(pair.servers.values.size, 1);
  bot.link.ended(other);
  assert.equal(pair.servers.values.size, 0);
});

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
  return key.includes("-parcel.main.main.countersign@");
}
