import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { suite, test } from "node:test";
import { AtClient, AtError, type NotificationGap } from "@atsign/atsdk";
import { encryptAes } from "../../../src/atsdk/aes.ts";
import { activateBoth, openClient, startSandbox } from "../sandbox/at-server/with-sandbox.ts";
import { FakeNetwork } from "./fake-network.ts";
import { frame, iv, monitorLine, monitorOf, open, take, until, wrappedKey } from "./monitor-bench.ts";
import { aliceKeys, bobKeys, vectors } from "./vectors.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

suite("notifications of other kinds", () => {
  test("events, deletions and statuses", async (t) => {
    const sandbox = await startSandbox(t);
    await activateBoth(sandbox);
    const [alice, bob] = [await openClient(t, sandbox, "@alice"), await openClient(t, sandbox, "@bob")];
    const to = { to: "@bob", name: "x", namespace: "app", ttlMs: 60_000 };
    const taking = take(bob, { since: 0, regex: "x\\.app" }, 3);
    const id = await alice.notify({ ...to, value: "v", notifier: "tests" });
    await alice.notify(to);
    await alice.notify({ ...to, operation: "delete" });
    assert.deepEqual(
      (await taking).map(({ operation, value }) => [operation, value]),
      [
        ["update", "v"],
        ["update", undefined],
        ["delete", undefined],
      ],
    );
    assert.equal(await alice.notifyStatus(id), "delivered");
    assert.equal(await alice.notifyStatus("unknown"), undefined);
    // @ts-expect-error: a deletion carries no value
    await assert.rejects(alice.notify({ ...to, operation: "delete", value: "v" }), hasCode("invalid-value"));
    await assert.rejects(alice.notify({ ...to, notifier: "a:b" }), hasCode("invalid-value"));
    await assert.rejects(alice.notifyStatus("a\nb"), hasCode("invalid-value"));
  });

  test("text messages are taken as they come, encrypted or not; other ciphers are named", async (t) => {
    const { network, client } = await open(t);
    const dropped: string[] = [];
    const taking = take(client, { onDropped: ({ code }) => dropped.push(code) }, 2);
    const stream = await until(() => monitorOf(network, 0));
    const sealed = encryptAes("Secret: 7", vectors.keys.aliceToBobSharedKeyB64, iv);
    const text = { messageType: "MessageType.text", value: null };
    stream.feed(frame("a", 1, "", { ...text, key: "@bob:hello: there", isEncrypted: false }));
    const foreign = { ivNonce: iv, sharedKeyEnc: wrappedKey, appMetadata: { providerId: "other" } };
    stream.feed(frame("x", 2, "x", { metadata: foreign }));
    stream.feed(frame("b", 3, "", { ...text, key: `@bob:${sealed}` }));
    assert.deepEqual(
      (await taking).map(({ messageType, value }) => [messageType, value]),
      [
        ["text", "hello: there"],
        ["text", "Secret: 7"],
      ],
    );
    assert.deepEqual(dropped, ["unsupported-encryption"]);
  });

  test("own events are asked for with the filter as it is", async (t) => {
    const { network, client } = await open(t);
    const stopping = new AbortController();
    const taking = take(client, { selfNotifications: true, regex: "\\S", signal: stopping.signal }, 1);
    const stream = await until(() => monitorOf(network, 0));
    assert.equal(monitorLine(stream), "monitor:selfNotifications \\S");
    stopping.abort();
    await taking;
  });
});

suite("gaps", () => {
  const world = async (t: Parameters<typeof open>[0], since?: number) => {
    let now = 10_000_000;
    const { network, client } = await open(t, () => now);
    const gaps: NotificationGap[] = [];
    const stopping = new AbortController();
    const taking = take(
      client,
      {
        ...(since === undefined ? {} : { since }),
        retentionMs: 60_000,
        onGap: (gap) => gaps.push(gap),
        signal: stopping.signal,
      },
      1_000,
    );
    t.after(async () => {
      stopping.abort();
      await taking;
    });
    const reconnected = async (n: number) => {
      await turn();
      t.mock.timers.tick(5_000);
      return until(() => monitorOf(network, n));
    };
    return {
      network,
      gaps,
      reconnected,
      pass: (ms: number) => (now += ms),
      first: await until(() => monitorOf(network, 0)),
    };
  };

  test("an old resume point is reported, a fresh one is not", async (t) => {
    const { gaps } = await world(t, 9_000_000);
    assert.deepEqual(gaps, [{ from: 9_000_000, until: 9_940_000 }]);
  });

  test("what came in while we were away longer than it is kept is reported once", async (t) => {
    const { gaps, first, pass, reconnected } = await world(t, 9_950_000);
    t.mock.timers.tick(15_000);
    first.feed("data:ok\n");
    await turn();
    first.feed(frame("a", 10_000_000));
    pass(59_000);
    first.end();
    const second = await reconnected(1);
    assert.deepEqual(gaps, []);
    second.end();
    pass(61_000);
    const third = await reconnected(2);
    assert.deepEqual(gaps, [{ from: 10_000_000, until: 10_060_000 }]);
    third.end();
    await reconnected(3);
    assert.equal(gaps.length, 1);
  });

  test("an answered heartbeat proves that nothing is missing until then", async (t) => {
    const { gaps, first, pass, reconnected } = await world(t);
    pass(100_000);
    t.mock.timers.tick(15_000);
    first.feed("data:ok\n");
    await turn();
    pass(60_000);
    first.end();
    const second = await reconnected(1);
    assert.deepEqual(gaps, [], "away for just as long as everything is kept");
    second.end();
    pass(1);
    await reconnected(2);
    assert.deepEqual(gaps, [{ from: 10_100_000, until: 10_100_001 }]);
  });
});

suite("what the hot path costs", () => {
  const answers = (lines: string[], version: string | undefined) => (line: string) => {
    lines.push(line.split(/[: ]/, 1)[0] ?? "");
    if (line === "info")
      return version === undefined ? "error:AT0003-x\n@" : `data:${JSON.stringify({ version })}\n@bob@`;
    if (line.startsWith("plookup:")) return `data:${aliceKeys.encryptionPublicKey}\n@bob@`;
    if (line.startsWith("llookup:")) return "error:AT0015-key not found : x\n@bob@";
    return `data:${line.startsWith("notify:") ? "id" : "1"}\n@bob@`;
  };
  const options = { atSign: "@bob", keys: bobKeys, directory: { host: "127.0.0.1", port: 1 } };
  const message = { to: "@alice", name: "x", namespace: "app", value: "v", ttlMs: 1_000 };

  for (const [version, withHash] of [
    ["3.17.0", true],
    ["3.1.0", false],
    [undefined, false],
  ] as const)
    test(`one round trip for each notification once the key is shared (atServer ${version})`, async (t) => {
      const network = new FakeNetwork();
      const lines: string[] = [];
      network.answer = answers(lines, version);
      const client = await AtClient.open({ ...options, transport: network.transport });
      t.after(() => client.close());
      await client.notify(message);
      assert.deepEqual(lines, ["plookup", "llookup", "update", "update", "llookup", "info", "notify"]);
      lines.length = 0;
      for (let i = 0; i < 3; i++) await client.notify(message);
      assert.deepEqual(lines, ["notify", "notify", "notify"]);
      const sent = network.atServers[0]?.lines.at(-1) ?? "";
      assert.match(sent, /:pubKeyCS:[0-9a-f]{32}:/);
      assert.equal(/:pubKeyHash:[0-9a-f]{128}:hashingAlgo:sha512:ivNonce:/.test(sent), withHash);
      const info = await client.info();
      assert.equal(info.version, version);
      assert.deepEqual(lines, ["notify", "notify", "notify"], "info is asked once per connection");
    });

  test("commands that wait are limited: one is answered, 10,000 wait", async () => {
    const network = new FakeNetwork();
    const client = await AtClient.open({ ...options, transport: network.transport });
    const waiting = Array.from({ length: 10_002 }, () => client.scan());
    const outcomes = Promise.allSettled(waiting);
    await assert.rejects(
      Promise.race(waiting),
      (error) => error instanceof AtError && error.code === "busy" && error.retryable,
    );
    await client.close();
    const codes = (await outcomes).map((each) =>
      each.status === "rejected" ? (each.reason as AtError).code : "",
    );
    assert.deepEqual([codes.filter((code) => code === "busy").length, codes.at(-1)], [1, "busy"]);
  });
});
