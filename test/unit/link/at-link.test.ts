import assert from "node:assert/strict";
import { test } from "node:test";
import type { AtClient } from "@atsign/atsdk";
import { AppError } from "../../../src/errors.ts";
import type { AtTransport } from "../../../src/link/at-transport.ts";
import type { OutgoingEnvelope } from "../../../src/link-types.ts";
import { LinkPair } from "../../fakes/link-pair.ts";
import { settle } from "../../fakes/manual-time.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";

/** The SDK's client is what the link takes for a transport: checked by the compiler. */
const asTransport: (client: AtClient) => AtTransport = (client) => client;

test("a message arrives verified, and both journals carry the same hash", async () => {
  assert.equal(typeof asTransport, "function");
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  await bot.link.send(pair.message({ words: "secret words" }));
  await settle();
  const [message] = supply.received;
  assert.deepEqual(message?.from, { atSign: "@cs-bot", instance: "main", role: "bot" });
  assert.deepEqual(message.body, { words: "secret words" });
  assert.deepEqual(
    bot.journal.map((each) => each.facts["hash"]),
    [message.hash],
  );
  const [onTheWire] = pair.servers.notifications;
  assert.match(onTheWire?.key ?? "", /^@cs-supply:[0-9a-f]{32}\.main\.main\.countersign@cs-bot$/);
  assert.ok(!Buffer.from(onTheWire?.value ?? "", "base64").includes("secret"));
  await supply.link.stop();
});

test("acknowledgements are not journaled; nothing is sent whose journal entry was not committed", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  await bot.link.send(pair.message(null, { kind: "ack" }));
  assert.equal(bot.journal.length, 0);
  const broken = await pair.side("bot", { journal: () => Promise.reject(new AppError("disk-full", "full")) });
  await assert.rejects(broken.link.send(pair.message({})), { code: "disk-full" });
  assert.equal(pair.servers.notifications.length, 1);
});

test("strangers are dropped before anything is fetched or opened, and counted", async () => {
  const pair = new LinkPair();
  const fetched: string[] = [];
  const transport = pair.servers.transport("@cs-supply");
  const supply = await pair.receiving("supply", {
    transport: {
      ...transport,
      get: async (key) => {
        fetched.push(key.name);
        return undefined;
      },
    },
  });
  const value = `ref:${"0".repeat(32)}:${"0".repeat(64)}`;
  pair.servers.deliver({
    id: "1",
    from: "@stranger",
    to: "@cs-supply",
    key: "@cs-supply:0.main.main.countersign@stranger",
    value,
  });
  await settle();
  assert.deepEqual(supply.refused, ["no-grant"]);
  assert.deepEqual(fetched, []);
  pair.servers.deliver({
    id: "2",
    from: "@cs-bot",
    to: "@cs-supply",
    key: "@cs-supply:0.main.main.countersign@cs-bot",
    value,
  });
  await settle();
  assert.deepEqual(supply.refused, ["no-grant", "parcel-missing"]);
  assert.deepEqual(supply.received, []);
  await supply.link.stop();
});

test("what a hostile server alters, invents or passes off as another's is refused", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  await bot.link.send(pair.message({}));
  await settle();
  const [original] = pair.servers.notifications;
  assert.ok(original);
  const altered = Buffer.from(original.value, "base64");
  altered.writeUInt8((altered.at(-20) ?? 0) ^ 1, altered.length - 20);
  const copies = [
    { ...original, value: altered.toString("base64") },
    { ...original, value: "" },
    { ...original, value: "not base64!" },
    { ...original, value: `${original.value} ` },
    { ...original, from: "@cs-supply" },
    { ...original, value: "A".repeat(3 * 1024 * 1024) },
  ];
  for (const copy of copies) {
    pair.servers.deliver(copy);
  }
  await settle();
  assert.equal(supply.received.length, 1);
  assert.deepEqual(supply.refused.toSorted(), [
    "envelope-altered",
    "envelope-malformed",
    "envelope-malformed",
    "envelope-sender",
    "envelope-size",
    "envelope-size",
  ]);
  await pair.time.advance(60_000);
  pair.servers.deliver(original);
  await settle();
  assert.equal(supply.refused.at(-1), "envelope-expired");
  await supply.link.stop();
});

test("a slow handler holds up no other, and requests hold up no reply", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.side("supply", { concurrency: 2 });
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  await supply.link.start(async ({ kind, subject }) => {
    seen.push(`${kind} ${subject.step}`);
    if (kind === "request" && subject.step !== "quick") {
      await gate.promise;
    }
  });
  const send = (step: string, kind: OutgoingEnvelope["kind"] = "request") =>
    bot.link.send(pair.message({}, { kind, subject: { run: "run1", revision: 1, step, attempt: 1 } }));
  await send("slow");
  await send("quick");
  await settle();
  assert.deepEqual(seen, ["request slow", "request quick"]);
  await send("slow-2");
  await send("third");
  await send("reply", "result");
  await settle();
  assert.deepEqual(seen.slice(2), ["request slow-2", "result reply"]);
  gate.resolve();
  await settle();
  assert.equal(seen.at(-1), "request third");
  await supply.link.stop();
});

test("the resume point moves only past what was handled, and a restarted link goes on from there", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const memory = new MemoryValues();
  const gate = Promise.withResolvers<void>();
  const first = await pair.side("supply", { memory });
  const seen: string[] = [];
  await first.link.start(async ({ subject }) => {
    seen.push(subject.step);
    if (subject.step === "b") {
      await gate.promise;
    }
  });
  const send = (step: string) =>
    bot.link.send(pair.message({}, { subject: { run: "run1", revision: 1, step, attempt: 1 } }));
  await send("a");
  await send("b");
  await send("c");
  await settle();
  await pair.time.advance(500);
  const [a] = pair.servers.notifications;
  assert.equal(memory.values.get("link:resume"), String(a?.epochMillis), "b is not done yet");

  // The first process dies here; another comes.
  const second = await pair.receiving("supply", { memory });
  assert.deepEqual(
    second.received.map((each) => each.subject.step),
    ["b", "c"],
  );
  await second.link.stop();
  assert.equal(memory.values.get("link:resume"), String(pair.servers.notifications[2]?.epochMillis));
  gate.resolve();
  await first.link.stop();
});

test("a handler that fails is logged and stops nothing", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.side("supply");
  let calls = 0;
  await supply.link.start(async () => {
    calls += 1;
    throw new AppError("database-busy", "busy", { retryable: true });
  });
  await bot.link.send(pair.message({}));
  await bot.link.send(pair.message({}));
  await settle();
  assert.equal(calls, 2);
  await supply.link.stop();
});

test("new grants are found when a message needs them; others go on", async () => {
  const pair = new LinkPair();
  const supply = await pair.receiving("supply");
  pair.world.grantInstance("bot", { serial: 2 });
  const bot = await pair.side("bot");
  await bot.link.send(pair.message({ n: 1 }));
  await settle();
  assert.deepEqual(supply.received[0]?.body, { n: 1 });
  pair.world.document({
    serial: 2,
    revocations: [{ kind: "agent", atSign: "@cs-bot", role: "bot", serial: 1 }],
  });
  const revoked = await pair.receiving("supply", { memory: supply.memory });
  await bot.link.send(pair.message({ n: 2 }));
  await settle();
  assert.ok(revoked.refused.includes("no-grant"));
  assert.ok(!revoked.received.some((each) => (each.body as { n: number }).n === 2));
  await supply.link.stop();
  await revoked.link.stop();
});

test("a revocation is seen within half a minute by whoever runs", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  pair.world.document({
    serial: 2,
    revocations: [{ kind: "instance", atSign: "@cs-bot", instance: "main", serial: 1 }],
  });
  await pair.time.advance(30_000);
  await bot.link.send(pair.message({}));
  await settle();
  assert.deepEqual(supply.refused, ["no-grant"]);
  assert.deepEqual(supply.received, []);
  await supply.link.stop();
});

test("a revocation is also seen by whoever's clock was a month ahead before", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  pair.time.setWrong(30 * 86_400_000);
  await pair.time.advance(30_000);
  pair.time.setWrong(0);
  pair.world.document({
    serial: 2,
    revocations: [{ kind: "instance", atSign: "@cs-bot", instance: "main", serial: 1 }],
  });
  await pair.time.advance(30_000);
  await bot.link.send(pair.message({}));
  await settle();
  assert.deepEqual(supply.refused, ["no-grant"]);
  await supply.link.stop();
});

test("failures to send are AppErrors that say whether to try again", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  await assert.rejects(bot.link.send(pair.message({}, { to: { atSign: "@cs-crm", instance: "main" } })), {
    code: "no-grant",
  });
  await assert.rejects(bot.link.send(pair.message({}, { expiresAt: pair.time.now() })), {
    code: "envelope-expired",
  });
  pair.servers.failure = Object.assign(new Error("down"), { code: "connect-failed", retryable: true });
  await assert.rejects(bot.link.send(pair.message({})), { code: "link-failed", retryable: true });
  pair.servers.failure = Object.assign(new Error("no"), { code: "AT0401", retryable: false });
  await assert.rejects(bot.link.send(pair.message({})), { code: "link-failed", retryable: false });
});

test("progress moves the resume point, but nothing is written for it until something else comes", async () => {
  const pair = new LinkPair();
  const bot = await pair.side("bot");
  const supply = await pair.receiving("supply");
  await bot.link.send(pair.message({}, { kind: "progress", sequence: 1 }));
  await settle();
  await pair.time.advance(5_000);
  assert.equal(supply.received.length, 1);
  assert.equal(supply.memory.values.get("link:resume"), undefined);
  await bot.link.send(pair.message({}));
  await settle();
  await pair.time.advance(500);
  assert.equal(supply.memory.values.get("link:resume"), String(pair.servers.notifications[1]?.epochMillis));
  await supply.link.stop();
});
