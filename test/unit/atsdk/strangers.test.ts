import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import type { AtNotification, ReceiveOptions } from "@atsign/atsdk";
import { frame, iv, monitorLine, monitorOf, open, take, until } from "./monitor-bench.ts";

test("who is not accepted is left out before anything is decrypted or looked up", async (t) => {
  const { network, client } = await open(t);
  const dropped: string[] = [];
  const asked: string[] = [];
  const options: ReceiveOptions = {
    onDropped: ({ id }) => dropped.push(id),
    accept: async (from) => {
      asked.push(from);
      await turn();
      return from === "@alice";
    },
  };
  const taking = take(client, options, 2);
  const stream = await until(() => monitorOf(network, 0));
  const lines = () =>
    network.atServers.flatMap((each) => each.lines).filter((line) => !/^(from|pkam|mon)/.test(line));
  const bare = { metadata: { ivNonce: iv } };
  for (let n = 0; n < 50; n++) stream.feed(frame(`s${n}`, 1, "x", { from: "@stranger", ...bare }));
  stream.feed(frame("broken", 1, "x", { from: "@stranger", value: "AAAA" }));
  stream.feed(frame("self", 1, "x", { from: "@bob", isEncrypted: false, value: "own", metadata: {} }));
  stream.feed(frame("a", 2));
  const taken = await taking;
  assert.deepEqual(
    taken.map(({ id, value }) => [id, value]),
    [
      ["self", "own"],
      ["a", "a"],
    ],
  );
  assert.deepEqual([...new Set(asked)], ["@stranger", "@alice"]);
  assert.deepEqual([dropped, lines()], [[], []], "nothing was opened, nothing asked of the server");
});

test("a sender's key that cannot be looked up holds the others up for a few tries only", async (t) => {
  let now = 1_000_000;
  // Each look at the clock is later than a command's deadline: one connection per try.
  const { network, client } = await open(t, () => (now += 40_000));
  let lookUps = 0;
  network.answer = (line, stream) => {
    if (line.startsWith("lookup:")) {
      lookUps++;
      stream.end();
    }
    return line.startsWith("noop") ? "data:ok\n" : undefined;
  };
  const dropped: string[] = [];
  const taking = take(client, { onDropped: ({ id, code }) => dropped.push(`${id} ${code}`) }, 1);
  const stream = await until(() => monitorOf(network, 0));
  stream.feed(frame("a", 1, "a", { metadata: { ivNonce: iv } }) + frame("b", 2));
  let taken: AtNotification[] | undefined;
  void taking.then((found) => (taken = found));
  await until(() => {
    t.mock.timers.tick(5_000);
    return taken;
  });
  assert.deepEqual(
    taken?.map(({ id }) => id),
    ["b"],
  );
  assert.deepEqual([dropped, lookUps], [["a closed"], 3]);
});

test("a time far in the future does not hide what comes until then", async (t) => {
  const { network, client } = await open(t);
  const taking = take(client, {}, 2);
  const first = await until(() => monitorOf(network, 0));
  first.feed(frame("a", 9_000_000_000_000));
  first.end();
  await turn();
  t.mock.timers.tick(5_000);
  const second = await until(() => monitorOf(network, 1));
  assert.equal(monitorLine(second), "monitor:1055000", "our time, a minute of skew, less the overlap");
  second.feed(frame("b", 1));
  await taking;
});
