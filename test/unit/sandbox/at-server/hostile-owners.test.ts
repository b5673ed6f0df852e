import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test, type TestContext } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { rsaPrivateKey, signRsa } from "../../../../src/atsdk/rsa.ts";
import type { Limits } from "../../../../src/sandbox/at-server/limits.ts";
import { takePage } from "../../../../src/sandbox/at-server/page.ts";
import type { AtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { aliceKeys } from "../../atsdk/vectors.ts";
import { activateBoth, all, owner, startSandbox } from "./with-sandbox.ts";

const memory = () => process.memoryUsage().arrayBuffers + process.memoryUsage().external;

/** A connection logged in as @alice, which from then on reads nothing until it is resumed. */
async function silentOwner(t: TestContext, sandbox: AtSandbox): Promise<TLSSocket> {
  const { host, port } = sandbox.addresses["@alice"] ?? assert.fail();
  const socket = connect({ host, port, ca: sandbox.ca });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  const reply = async () => String((await once(socket, "data"))[0]);
  await reply();
  socket.write("from:@alice\n");
  const challenge = (await reply()).slice("data:".length, -2);
  socket.write(`pkam:${signRsa(challenge, rsaPrivateKey(aliceKeys.pkamPrivateKey))}\n`);
  assert.match(await reply(), /^data:success/);
  socket.pause();
  return socket;
}

async function start(t: TestContext, limits: Partial<Limits> = {}) {
  const sandbox = await startSandbox(t, { limits });
  await activateBoth(sandbox);
  const alice = await owner(t, sandbox, "@alice");
  const connections = async () => Number(/"value":"(\d+)"/.exec(await alice.ask("stats:1"))?.[1]);
  return { sandbox, alice, connections };
}

suite("clients that have logged in", () => {
  test("monitors that do not read are cut off, each at its limit and all at theirs; others lose nothing", async (t) => {
    const budget = 3_000_000;
    const { sandbox, alice, connections } = await start(t, {
      maxUnsentBytes: 1_500_000,
      maxUnsentTotalBytes: budget,
    });
    const reader = await owner(t, sandbox, "@alice");
    reader.write("monitor:0 .big\nnoop:0\n");
    assert.equal(await reader.read(), "data:ok\n");
    const silent = await Promise.all(Array.from({ length: 12 }, () => silentOwner(t, sandbox)));
    for (const socket of silent) socket.write("monitor .big\n");
    const before = memory();
    const count = 60;
    let most = 0;
    let text = "";
    const received = (async () => {
      while ((text.match(/"id":"n\d+"/g) ?? []).length < count) text += await reader.read();
    })();
    for (let i = 0; i < count; i++) {
      const value = "v".repeat(100_000);
      assert.match(await alice.ask(`notify:id:n${i}:ttln:600000:@alice:x.big@alice:${value}`), /^data:n/);
      most = Math.max(most, memory() - before);
    }
    await received;
    assert.ok(most < 12 * budget, `${most} bytes for 12 × 6 MB`);
    while ((await connections()) > 2);
  });

  test("a long log asked for without reading waits in the log", async (t) => {
    const budget = 8_000_000;
    const { sandbox, alice, connections } = await start(t, { maxUnsentTotalBytes: budget });
    for (let i = 0; i < 30; i++) await alice.ask(`update:k${i}.app@alice ${"v".repeat(300_000)}`);
    const before = memory();
    const silent = await Promise.all(Array.from({ length: 12 }, () => silentOwner(t, sandbox)));
    for (const socket of silent) socket.write("sync:from:-1:limit:100\n".repeat(50));
    for (let i = 0; i < 200; i++) assert.match(await alice.ask("llookup:none@alice"), /^error:AT0015/);
    const grown = memory() - before;
    assert.ok(grown < 6 * budget, `${grown} bytes are waiting of 12 × 50 × 5 MB`);
    // Who was not cut off gets its answers when it reads.
    const left = (await connections()) - 1;
    assert.ok(left >= 1 && left <= 3, `${left} are left`);
    assert.match(await all(alice, "sync:from:-1:limit:1"), /^\[\{"atKey":"public:publickey@alice"/);
  });

  test("a batch does not answer more than fits, and does no more than it answers", async (t) => {
    const { alice } = await start(t);
    await alice.ask(`update:big@alice ${"v".repeat(3_000_000)}`);
    const commands = [1, 2, 3, 4, 5].map((id) => ({ id, command: "llookup:big@alice" }));
    const last = { id: 6, command: "update:after@alice v" };
    const replies = JSON.parse(await all(alice, `batch:${JSON.stringify([...commands, last])}`)) as {
      response: { error_code?: string };
    }[];
    assert.deepEqual(
      replies.map(({ response }) => response.error_code),
      [undefined, undefined, undefined, undefined, "AT0005", "AT0005"],
    );
    assert.match(await alice.ask("llookup:after@alice"), /^error:AT0015-/);
  });
});

test("large rows are read a few at a time, small ones all", () => {
  const sizes = (rows: readonly number[]) => takePage(rows, (size) => size);
  assert.deepEqual(sizes([1, 2, 3]), [1, 2, 3]);
  assert.deepEqual(sizes([3_000_000, 999_999, 1, 5]), [3_000_000, 999_999, 1]);
  assert.deepEqual(sizes([9_000_000, 1]), [9_000_000], "but at least one");
  assert.deepEqual(sizes([]), []);
});
