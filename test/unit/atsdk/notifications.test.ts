import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { suite, test } from "node:test";
import { AtClient, AtError } from "@atsign/atsdk";
import { FakeNetwork } from "./fake-network.ts";
import {
  clock,
  frame,
  frameOfFixture,
  idOfFixture,
  iv,
  monitorLine,
  monitorOf,
  open,
  statsOfFixture,
  take,
  textOfFixture,
  until,
  wrappedKey,
} from "./monitor-bench.ts";
import { bobKeys } from "./vectors.ts";

suite("notifications", () => {
  test("are decrypted; statistics, malformed and foreign frames are left out", async (t) => {
    const { network, client } = await open(t);
    network.answer = (line) => (line.startsWith("lookup:") ? `data:${wrappedKey}\n@bob@` : undefined);
    const dropped: string[] = [];
    const taking = take(client, { onDropped: ({ id, code }) => dropped.push(`${id} ${code}`) }, 2);
    const stream = await until(() => monitorOf(network, 0));
    assert.equal(monitorLine(stream), "monitor:strict");
    stream.feed(statsOfFixture);
    stream.feed('notification: {broken\nnotification: []\nnotification: {"id":"x"}\n');
    stream.feed(frame("other", 5, "x", { to: "@carol" }));
    stream.feed(frame("tampered", 6, "x", { value: "AAAA" }));
    stream.feed(
      frame("old key", 6, "x", { metadata: { ivNonce: iv, sharedKeyEnc: wrappedKey, pubKeyCS: "00" } }),
    );
    stream.feed(`@bob@${frameOfFixture}`); // the prompt glued in front; no inline key: it is looked up
    stream.feed(frame("second", 1_714_900_000_001, "zwei"));
    const [first, second] = await taking;
    assert.deepEqual(first, {
      id: idOfFixture,
      from: "@alice",
      to: "@bob",
      key: "@bob:msg.myapp@alice",
      value: textOfFixture,
      operation: "update",
      messageType: "key",
      epochMillis: 1_714_900_000_000,
    });
    assert.equal(second?.value, "zwei");
    assert.deepEqual(dropped, ["tampered decrypt-failed", "old key decrypt-failed"]);
    assert.ok(stream.isClosed, "leaving the loop closes the monitor");
  });

  test("a lost connection is resumed from the last one seen, less an overlap, and ids are delivered once", async (t) => {
    const { network, client } = await open(t);
    const states: string[] = [];
    const taking = take(
      client,
      { regex: "\\.app@", since: 50_000, onState: (state) => states.push(state) },
      3,
    );
    const first = await until(() => monitorOf(network, 0));
    assert.equal(monitorLine(first), "monitor:45000 \\.app@");
    t.mock.timers.tick(15_000);
    first.feed("data:ok\n"); // the heartbeat is answered after the replay
    await turn();
    first.feed(frame("a", 60_000) + frame("a", 60_000) + frame("b", 59_000));
    first.end();
    await until(() => (states.length === 2 ? true : undefined));
    await turn();
    t.mock.timers.tick(5_000);
    const second = await until(() => monitorOf(network, 1));
    assert.equal(monitorLine(second), "monitor:55000 \\.app@");
    second.feed(frame("b", 59_000) + frame("a", 60_000) + frame("a", 60_000, "other", { from: "@carol" }));
    const taken = await taking;
    assert.deepEqual(
      taken.map(({ id, from }) => `${id} ${from}`),
      ["a @alice", "b @alice", "a @carol"],
    );
    assert.deepEqual(states, ["connected", "disconnected", "connected", "disconnected"]);
  });

  test("a replay that breaks off is asked for again from its beginning", async (t) => {
    const { network, client } = await open(t);
    const taking = take(client, { since: 50_000 }, 3);
    const first = await until(() => monitorOf(network, 0));
    first.feed(frame("kept 1", 51_000) + frame("live", 90_000)); // "kept 2" was to follow
    first.end();
    await turn();
    t.mock.timers.tick(5_000);
    const second = await until(() => monitorOf(network, 1));
    assert.equal(monitorLine(second), "monitor:45000");
    second.feed(frame("kept 1", 51_000) + frame("kept 2", 52_000) + frame("live", 90_000));
    assert.deepEqual(
      (await taking).map(({ id }) => id),
      ["kept 1", "live", "kept 2"],
    );
  });

  test("without a resume point a later connection asks from the time of the first", async (t) => {
    const { network, client } = await open(t);
    const taking = take(client, {}, 1);
    (await until(() => monitorOf(network, 0))).end();
    await turn();
    t.mock.timers.tick(5_000);
    const second = await until(() => monitorOf(network, 1));
    assert.equal(monitorLine(second), "monitor:995000");
    second.feed(frame("a", 1));
    await taking;
  });

  test("a monitor that does not answer the heartbeat is replaced", async (t) => {
    const { network, client } = await open(t);
    const taking = take(client, {}, 1);
    const first = await until(() => monitorOf(network, 0));
    t.mock.timers.tick(15_000);
    assert.equal(first.lines.at(-1), "noop:0");
    first.feed("data:ok\n");
    t.mock.timers.tick(15_000);
    assert.ok(!first.isClosed);
    t.mock.timers.tick(10_000);
    assert.ok(first.isClosed);
    await turn();
    t.mock.timers.tick(5_000);
    const second = await until(() => monitorOf(network, 1));
    second.feed(frame("a", 1));
    assert.equal((await taking).length, 1);
  });

  test("a new shared key of the sender replaces the known one", async (t) => {
    const { network, client } = await open(t);
    const lookUps: string[] = [];
    network.answer = (line) => {
      if (!line.startsWith("lookup:")) return undefined;
      lookUps.push(line);
      return `data:${wrappedKey}\n@bob@`;
    };
    const taking = take(client, {}, 3);
    const stream = await until(() => monitorOf(network, 0));
    const bare = { metadata: { ivNonce: iv } };
    stream.feed(frame("a", 1, "a", bare) + frame("b", 2, "b", bare));
    stream.feed(frame("k", 3, "k", { key: "@bob:shared_key@alice", isEncrypted: false, value: wrappedKey }));
    stream.feed(frame("c", 4, "c", bare));
    assert.deepEqual(
      (await taking).map((n) => n.value),
      ["a", "b", "c"],
    );
    assert.deepEqual(lookUps, Array(2).fill("lookup:bypassCache:true:shared_key@alice"));
  });

  test("a slow consumer slows the server down", async (t) => {
    const { network, client } = await open(t);
    const iterator = client.notifications({});
    const first = iterator.next();
    const stream = await until(() => monitorOf(network, 0));
    stream.feed(frame("first", 1));
    await first;
    for (let i = 0; i < 1_000; i++) stream.feed(frame(`n${i}`, 2));
    assert.ok(stream.isPaused);
    for (let i = 0; i < 500; i++) await iterator.next();
    assert.ok(!stream.isPaused);
    await iterator.return(undefined);
  });

  test("a monitor that is refused with the answer to its login is opened again", async (t) => {
    const { network, client } = await open(t);
    const login = network.pkamReply;
    network.pkamReply = `${login}error:AT0012-Inbound connection limit exceeded\n`;
    const states: string[] = [];
    const taking = take(client, { onState: (state) => states.push(state) }, 1);
    await until(() => (states.length === 2 ? true : undefined));
    network.pkamReply = login;
    await turn();
    t.mock.timers.tick(5_000);
    const stream = await until(() => monitorOf(network, 0));
    stream.feed(frame("a", 60_000));
    assert.deepEqual(
      (await taking).map(({ id }) => id),
      ["a"],
    );
    assert.deepEqual(states.slice(0, 2), ["connected", "disconnected"]);
  });

  test("end when asked to, when the client is closed, and when the server refuses us for good", async (t) => {
    const { network, client } = await open(t);
    const stopping = new AbortController();
    const stopped = take(client, { signal: stopping.signal }, 1);
    await until(() => monitorOf(network, 0));
    stopping.abort();
    assert.deepEqual(await stopped, []);

    const refused = take(client, { regex: "(" }, 1);
    (await until(() => monitorOf(network, 1))).feed("error:AT0022-bad filter\n");
    await assert.rejects(refused, (error) => error instanceof AtError && error.code === "AT0022");
    await assert.rejects(take(client, { regex: "a b" }, 1), (error) => error instanceof AtError);

    const closed = take(client, {}, 1);
    await until(() => monitorOf(network, 2));
    await client.close();
    assert.deepEqual(await closed, []);
  });
});

suite("opening a client", () => {
  const options = { atSign: "@bob", keys: bobKeys, directory: { host: "127.0.0.1", port: 1 }, clock };

  test("nothing is signed for a challenge of another form or atSign", async () => {
    const network = new FakeNetwork();
    const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    for (const challenge of [
      `_${uuid}@alice:${uuid}`,
      "anything",
      `proof:_${uuid}@bob:${uuid}`,
      `_${uuid}@bob:x${uuid}`,
    ]) {
      network.challenge = challenge;
      await assert.rejects(
        AtClient.open({ ...options, transport: network.transport }),
        (error) => error instanceof AtError && error.code === "bad-challenge",
      );
    }
    assert.ok(network.atServers.every((stream) => stream.lines.every((line) => !line.startsWith("pkam"))));
  });

  test("with retry it waits for the server, without it does not", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    const network = new FakeNetwork();
    network.isDown = true;
    const open = { ...options, transport: network.transport };
    await assert.rejects(
      AtClient.open(open),
      (error) => error instanceof AtError && error.code === "connect-failed",
    );
    const opening = AtClient.open({ ...open, retry: true });
    await until(() => (network.connects === 4 ? true : undefined)); // each try asks the directory twice
    network.isDown = false;
    await turn();
    t.mock.timers.tick(5_000);
    await (await opening).close();

    network.isDown = true;
    const giveUp = new AbortController();
    const waiting = AtClient.open({ ...open, retry: true, signal: giveUp.signal });
    giveUp.abort();
    await assert.rejects(waiting, (error) => error instanceof AtError && error.code === "aborted");
  });

  test("a command is sent again over a new connection", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    const network = new FakeNetwork();
    const client = await AtClient.open({ ...options, transport: network.transport });
    t.after(() => client.close());
    network.answer = (line, stream) => {
      if (network.atServers.length > 1) return "data:[]\n@bob@";
      stream.end();
      return undefined;
    };
    const names = client.scan();
    await turn();
    t.mock.timers.tick(5_000);
    assert.deepEqual(await names, []);
    assert.equal(network.atServers.length, 2);
  });
});
