import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import type { Limits } from "../../../../src/sandbox/at-server/limits.ts";
import type { AtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { activateBoth, guest, owner, RawConnection, startSandbox } from "./with-sandbox.ts";

/** A sandbox with small limits, and an owner that works on while others attack its server. */
async function attacked(t: TestContext, limits: Partial<Limits> = {}) {
  const time = { now: 1_800_000_000_000 };
  const sandbox = await startSandbox(t, { clock: () => time.now, limits });
  await activateBoth(sandbox);
  const alice = await owner(t, sandbox, "@alice");
  await alice.ask("update:kept@alice as it was");
  const works = async () => {
    for (let i = 0; i < 20; i++)
      assert.equal(await alice.ask("llookup:kept@alice"), "data:as it was\n@alice@");
  };
  /** How many connections the server has. */
  const connections = async () => Number(/"value":"(\d+)"/.exec(await alice.ask("stats:1"))?.[1]);
  return { sandbox, time, alice, works, connections };
}

function socketTo(t: TestContext, sandbox: AtSandbox): TLSSocket {
  const { host, port } = sandbox.addresses["@alice"] ?? assert.fail();
  const socket = connect({ host, port, ca: sandbox.ca });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  return socket;
}

/** Everything the server says until it closes. */
async function lastWords(socket: TLSSocket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("utf8")));
  await once(socket, "close");
  return text;
}

suite("hostile clients", () => {
  test("a line without end is cut off, before login early, after it at the limit", async (t) => {
    const { sandbox, works } = await attacked(t, { maxCommandBytes: 200_000 });
    const stranger = socketTo(t, sandbox);
    stranger.write(`lookup:${"x".repeat(1_000_000)}`);
    assert.match(await lastWords(stranger), /^@error:AT0005-/);
    const bob = await owner(t, sandbox, "@bob");
    bob.write("update:x@bob ");
    for (let i = 0; i < 10; i++) bob.write("v".repeat(30_000));
    assert.match(await bob.read(), /^error:AT0005-/);
    assert.equal(await bob.read(), "<closed>");
    await works();
  });

  test("a verb longer than 64 characters ends its connection before the command is complete", async (t) => {
    const { sandbox, works, connections } = await attacked(t);
    for (const login of [guest, owner]) {
      const raw = await login(t, sandbox, "@alice");
      assert.match(await raw.ask("v".repeat(64)), /^error:AT0003-.*invalid command\n/);
      assert.match(await raw.ask(`scan ${"a".repeat(200)}`), /^data:/, "a blank ends the verb");
      for (let i = 0; i < 65; i++) raw.write("v");
      assert.match(await raw.read(), /^error:AT0003-.*invalid command\n$/);
      assert.equal(await raw.read(), "<closed>");
    }
    const whole = await guest(t, sandbox, "@alice");
    assert.match(await whole.ask(`${"v".repeat(65)}:x`), /^error:AT0003-.*invalid command\n$/);
    assert.equal(await whole.read(), "<closed>");
    while ((await connections()) > 1);
    await works();
  });

  test("unfinished lines of many connections share one budget", async (t) => {
    const { sandbox, alice, works } = await attacked(t, { maxBufferedBytes: 1_000_000 });
    const hoarders = await Promise.all(Array.from({ length: 12 }, () => owner(t, sandbox, "@alice")));
    for (const hoarder of hoarders) hoarder.write(`update:x@alice ${"v".repeat(60_000)}`);
    await works();
    const held = hoarders.map((hoarder) => hoarder.ask(""));
    const replies = await Promise.all(held);
    assert.ok(replies.some((reply) => reply.startsWith("error:AT0005-")));
    assert.ok(replies.some((reply) => reply.startsWith("data:")));
    // What was cut off and what was finished is free again.
    assert.match(await alice.ask(`update:y@alice ${"v".repeat(300_000)}`), /^data:\d+\n/);
  });

  test("one byte after the other costs little, and ends when there is a crowd", async (t) => {
    const { sandbox, time, works, connections } = await attacked(t, { maxConnections: 8 });
    const slow = Array.from({ length: 7 }, () => socketTo(t, sandbox));
    await Promise.all(slow.map((socket) => once(socket, "data")));
    for (const byte of "lookup:publickey") for (const socket of slow) socket.write(byte);
    assert.equal(await connections(), 8);
    const refused = socketTo(t, sandbox);
    assert.equal(await lastWords(refused), "error:AT0012-Inbound connection limit exceeded\n");
    time.now += 5_000;
    const closed = slow.map((socket) => once(socket, "close"));
    const stranger = await guest(t, sandbox, "@alice");
    await Promise.all(closed);
    assert.match(await stranger.ask("lookup:publickey@alice"), /^data:/);
    await works();
  });

  test("guests that keep talking give way as well when it is full", async (t) => {
    const { sandbox, time, works } = await attacked(t, { maxConnections: 4 });
    const talkers = await Promise.all([1, 2, 3].map(() => guest(t, sandbox, "@alice")));
    for (let i = 0; i < 15; i++) {
      time.now += 4_000;
      for (const talker of talkers) assert.equal(await talker.ask("noop:0"), "data:ok\n@");
      await works();
    }
    await guest(t, sandbox, "@alice");
    for (const talker of talkers) assert.equal(await talker.read(), "<closed>");
    await works();
  });

  test("hundreds of connections that never shake hands are cut off", async (t) => {
    const { sandbox, works, connections } = await attacked(t, { maxConnections: 20 });
    const { host, port } = sandbox.addresses["@alice"] ?? assert.fail();
    const flood: Socket[] = [];
    const cut = Promise.withResolvers<undefined>();
    for (let i = 0; i < 300; i++) {
      const socket = connectPlain({ host, port });
      socket.on("error", () => {});
      socket.once("close", () => cut.resolve(undefined));
      t.after(() => socket.destroy());
      flood.push(socket);
    }
    await cut.promise;
    await works();
    assert.equal(await connections(), 1);
    for (const socket of flood) socket.destroy();
    let stranger = "";
    while (stranger !== "@") stranger = await (await RawConnection.open(t, sandbox, "@alice")).read();
  });

  test("binary is answered as nonsense, and blank lines are not counted", async (t) => {
    const { sandbox, works } = await attacked(t);
    const stranger = await guest(t, sandbox, "@alice");
    const noise = Buffer.from(randomBytes(4_000).map((byte) => (byte === 0x0a ? 0 : byte)));
    assert.match(await stranger.ask(`\0:${noise.toString("latin1")}`), /^error:AT0003-/);
    stranger.write("\n".repeat(10_000));
    assert.equal(await stranger.read(), "error:AT0003-Exception: invalid command\n@");
    assert.equal(await stranger.ask("noop:0"), "data:ok\n@");
    const bob = await owner(t, sandbox, "@bob");
    assert.match(await bob.ask(`update:x@bob ${noise.toString("latin1")}`), /^data:\d+\n/);
    await works();
  });

  test("who hangs up halfway leaves nothing behind", async (t) => {
    const { sandbox, works, connections } = await attacked(t);
    const gone = Array.from({ length: 10 }, () => socketTo(t, sandbox));
    await Promise.all(gone.map((socket) => once(socket, "data")));
    assert.equal(await connections(), 11);
    for (const [i, socket] of gone.entries()) {
      socket.write("lookup:publickey@al");
      if (i % 2 === 0) socket.end();
      else socket.destroy();
    }
    while ((await connections()) > 1);
    await works();
  });

  test("who asks without reading gets no more than fits, and the rest when it reads", async (t) => {
    const { sandbox, alice, works } = await attacked(t);
    const big = "v".repeat(100_000);
    await alice.ask(`update:public:big@alice ${big}`);
    const greedy = socketTo(t, sandbox);
    await once(greedy, "data");
    greedy.pause();
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    const asked = 90;
    greedy.write("lookup:big@alice\n".repeat(asked));
    await works();
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before;
    assert.ok(grown < 5_000_000, `${grown} bytes are waiting`);
    let received = 0;
    greedy.on("data", (chunk) => (received += chunk.length)).resume();
    while (received < asked * (big.length + "data:\n@".length)) await once(greedy, "data");
    await works();
  });

  test("thousands of commands at once are answered in order, a guest's with pauses", async (t) => {
    const { sandbox, works } = await attacked(t, { guestBurst: 20, guestCommandsPerSecond: 1_000 });
    const bob = await owner(t, sandbox, "@bob");
    const keys = Array.from({ length: 3_000 }, (_, i) => `k${i}`);
    bob.write(keys.map((key) => `llookup:${key}@bob\n`).join(""));
    let text = "";
    while ((text.match(/keystore\n@bob@/g) ?? []).length < keys.length) text += await bob.read();
    assert.deepEqual(
      [...text.matchAll(/: (k\d+)@bob does/g)].map(([, key]) => key),
      keys,
    );
    const stranger = await guest(t, sandbox, "@alice");
    stranger.write("noop:0\n".repeat(100));
    await works();
    let answers = "";
    while (answers.length < 100 * "data:ok\n@".length) answers += await stranger.read();
    assert.equal(answers, "data:ok\n@".repeat(100));
  });

  test("patterns that explode end in time", async (t) => {
    const { sandbox, alice, works } = await attacked(t);
    for (let i = 0; i < 5; i++) await alice.ask(`update:public:${"a".repeat(200)}${i}@alice v`);
    const stranger = await guest(t, sandbox, "@alice");
    for (const evil of ["(a+)+$", "(a|a)*$", "a*a*a*a*a*a*!", "(.*a){20}"])
      assert.match(await stranger.ask(`scan ${evil}`), /^error:AT0022-/, evil);
    assert.match(await stranger.ask("scan .*a0@.*"), /^data:\["a+0@alice"\]\n@$/);
    assert.match(await alice.ask("sync:from:-1:limit:10:(a+)+$"), /^error:AT0022-/);
    await works();
  });

  test("the atDirectory is not filled or held up either", async (t) => {
    const { sandbox, works } = await attacked(t);
    const long = await RawConnection.open(t, sandbox, "directory");
    assert.equal(await long.read(), "@");
    long.write("x".repeat(5_000));
    assert.equal(await long.read(), "<closed>");
    const many = await RawConnection.open(t, sandbox, "directory");
    assert.equal(await many.read(), "@");
    many.write("nobody\n".repeat(1_000));
    assert.equal(await many.read(), "<closed>");
    const other = await RawConnection.open(t, sandbox, "directory");
    assert.equal(await other.read(), "@");
    assert.match(await other.ask("alice"), /^127\.0\.0\.1:\d+\r\n@$/);
    await works();
  });
});
