import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppError } from "../../../src/errors.ts";
import { LinkPair } from "../../fakes/link-pair.ts";
import { settle } from "../../fakes/manual-time.ts";

test("a message that could not be sent is tried again as it is: an outage adds one line to the journal", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  const message = pair.message({ n: 1 });
  pair.servers.failure = Object.assign(new Error("down"), { code: "connect-failed", retryable: true });
  for (let n = 0; n < 5; n += 1) {
    await assert.rejects(bot.link.send(message), { code: "link-failed" });
  }
  await assert.rejects(bot.link.send({ ...message, body: { n: 2 } }), { code: "link-failed" });
  const [first] = pair.servers.tried;
  assert.deepEqual(
    pair.servers.tried.slice(0, 5),
    Array.from({ length: 5 }, () => first),
  );
  assert.notEqual(pair.servers.tried[5], first, "another message is another id");
  assert.equal(bot.journal.length, 2);

  pair.servers.failure = undefined;
  await bot.link.send(message);
  await settle();
  assert.equal(supply.received[0]?.messageId, first);
  assert.equal(bot.journal.length, 2);
  // From now on it is sent again: under an id of its own, which is written down before it goes out.
  await bot.link.send(message);
  await settle();
  assert.notEqual(supply.received[1]?.messageId, first);
  assert.equal(bot.journal.length, 3);
  const written = new Set(bot.journal.map((each) => each.facts["hash"]));
  assert.ok(supply.received.every((each) => written.has(each.hash)));
  await supply.link.stop();
});

test("a message that is sealed first is written down and sent by who sealed it, and counts as it when it fails", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  const sealed = bot.link.seal(pair.message({ n: 1 }));
  const [entry] = sealed.journal;
  assert.deepEqual([bot.journal, pair.servers.tried], [[], []]);
  await sealed.send();
  await settle();
  assert.equal(supply.received[0]?.hash, entry?.facts["hash"]);
  assert.deepEqual(bot.link.seal(pair.message(null, { kind: "ack" })).journal, []);

  pair.servers.failure = Object.assign(new Error("down"), { code: "connect-failed", retryable: true });
  const message = pair.message({ n: 2 });
  const failing = bot.link.seal(message);
  await assert.rejects(failing.send(), { code: "link-failed" });
  pair.servers.failure = undefined;
  await bot.link.send(message);
  await settle();
  assert.equal(supply.received[1]?.messageId, failing.journal[0]?.facts["messageId"]);
  assert.deepEqual(bot.journal, [], "the line that came with the seal stands for it");
  await supply.link.stop();
});

test("what could not be sent is sealed anew under new grants", async () => {
  const pair = new LinkPair();
  const trust = await pair.world.open();
  const bot = await pair.side("bot", { trust });
  const message = pair.message({});
  pair.servers.failure = Object.assign(new Error("down"), { code: "connect-failed", retryable: true });
  await assert.rejects(bot.link.send(message), { code: "link-failed" });
  pair.world.grantInstance("bot", { serial: 2 });
  await trust.reload();
  await assert.rejects(bot.link.send(message), { code: "link-failed" });
  assert.equal(new Set(pair.servers.tried).size, 2);
  assert.equal(bot.journal.length, 2);
});

test("a link that can receive no more says so, once; one that is stopped does not", async () => {
  const pair = new LinkPair();
  const fatal: string[] = [];
  const onFatal = ({ code, message }: AppError): void => void fatal.push(`${code}: ${message}`);
  const supply = await pair.receiving("supply", { onFatal });
  await supply.link.stop();
  assert.deepEqual(fatal, []);
  const again = await pair.receiving("supply", { onFatal });
  pair.servers.end(Object.assign(new Error("wrong keys"), { code: "AT0401" }));
  await settle();
  assert.deepEqual(fatal, ["receiving-ended: nothing is received any more (AT0401)"]);
  await again.link.stop();
  assert.equal(fatal.length, 1);
});

test("a receiving server's time in the future does not hide what comes after a restart", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  await bot.link.send(pair.message({ n: 1 }));
  const [original] = pair.servers.notifications;
  assert.ok(original !== undefined);
  pair.servers.deliver(original, pair.time.now() + 365 * 86_400_000);
  await settle();
  await supply.link.stop();
  assert.equal(supply.memory.values.get("link:resume"), String(pair.time.now() + 60_000));

  supply.memory.values.set("link:resume", String(pair.time.now() + 365 * 86_400_000));
  await bot.link.send(pair.message({ n: 2 }, { expiresAt: pair.time.now() + 3_600_000 }));
  const sent = pair.servers.notifications.pop();
  assert.ok(sent !== undefined);
  await pair.time.advance(60_001);
  pair.servers.deliver(sent, pair.time.now() + 60_001);
  const restarted = await pair.receiving("supply", { memory: supply.memory });
  assert.deepEqual(
    restarted.received.map((each) => each.body),
    [{ n: 2 }],
  );
  await restarted.link.stop();
});

test("strangers make the grants be looked for at most once a second", async () => {
  const pair = new LinkPair();
  let loads = 0;
  const trust = await pair.world.open({
    load: async () => {
      loads += 1;
      return pair.world.files;
    },
  });
  const supply = await pair.receiving("supply", { trust });
  for (let n = 0; n < 100; n += 1) {
    const key = "@cs-supply:0.main.main.countersign@stranger";
    pair.servers.deliver({ id: `${n}`, from: "@stranger", to: "@cs-supply", key, value: "x" });
  }
  await settle();
  await settle();
  assert.equal(supply.refused.length, 100);
  assert.equal(loads, 2, "once to open, once for all of them");
  await supply.link.stop();
});

test("a large value is looked for under the sender's and our instance, and nowhere else", async () => {
  const pair = new LinkPair();
  const asked: string[] = [];
  const transport = pair.servers.transport("@cs-supply");
  const get = async ({ name }: { readonly name: string }) => void asked.push(name);
  const supply = await pair.receiving("supply", { transport: { ...transport, get } });
  const id = "0".repeat(32);
  const names = [`${id}.main.main`, `${id}.b.main`, `${id}.main`, `${id}.b.c.main`, `${id}.A b.main`];
  for (const [n, name] of names.entries()) {
    const key = `@cs-supply:${name}.countersign@cs-bot`;
    const value = `ref:${id}:${"0".repeat(64)}`;
    pair.servers.deliver({ id: `${n}`, from: "@cs-bot", to: "@cs-supply", key, value });
  }
  await settle();
  assert.deepEqual(asked, [`${id}-parcel.main.main`, `${id}-parcel.b.main`]);
  // The server's filter keeps the others away.
  assert.deepEqual(supply.refused, ["parcel-missing", "parcel-missing", "envelope-malformed"]);
  await supply.link.stop();
});
