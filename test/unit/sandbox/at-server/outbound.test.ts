import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { AtServer } from "../../../../src/sandbox/at-server/at-server.ts";
import type { AtSandboxOptions } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { startFakePeer } from "./fake-peer.ts";
import { askUntil } from "./two-sandboxes.ts";
import { activateBoth, data, owner, startSandbox, temporaryFolder } from "./with-sandbox.ts";

/** @alice's server with a clock the test moves, and @alice connected to it. */
async function startAlice(t: TestContext, options: Partial<AtSandboxOptions> = {}) {
  const dataDir = temporaryFolder(t);
  const time = { now: Date.now() };
  const made: AtServer[] = [];
  const sandbox = await startSandbox(t, {
    dataDir,
    atSigns: ["@alice"],
    clock: () => time.now,
    makeServer(atSign, o) {
      const server = new AtServer(atSign, o);
      made.push(server);
      return server;
    },
    ...options,
  });
  await activateBoth(sandbox);
  const server = made[0] ?? assert.fail();
  await server.federation.signingKeys.ready();
  return { dataDir, time, server, alice: await owner(t, sandbox, "@alice") };
}

const keyOf = (command: string) => /:(@bob:[^:]+)/.exec(command)?.[1];

suite("delivery to another server", () => {
  test("has several on their way, one for each key, and none is overtaken by another about its key", async (t) => {
    const { dataDir, alice } = await startAlice(t);
    const held: { key: string | undefined; reply: (text: string) => void }[] = [];
    let arrived = Promise.withResolvers<void>();
    const peer = await startFakePeer(t, dataDir, {
      atSigns: ["@bob"],
      onCommand(command, reply) {
        held.push({ key: keyOf(command), reply });
        arrived.resolve();
      },
    });
    const names = ["a", "b", "c", "a", "d", ...Array.from({ length: 20 }, (_, i) => `e${i}`)];
    const lines = names.map((name, i) => `notify:id:n${i}:ttln:600000:@bob:${name}@alice:v\n`);
    alice.write(lines.join(""));
    await askUntil(alice, `notify:status:n${names.length - 1}`, /^data:queued/);
    /** Waits until as many are held as can be, answers them and says which they were. */
    const answerAll = async (reply: (key: string) => string): Promise<string[]> => {
      const group: string[] = [];
      while (held.length === 0) {
        await arrived.promise;
        arrived = Promise.withResolvers<void>();
      }
      for (let i = 0; i < 10; i++) await data(alice, "noop:0"); // whatever else is on its way arrives meanwhile
      for (const { key = "", reply: send } of held.splice(0)) {
        group.push(key.slice("@bob:".length, -"@alice".length));
        send(reply(key));
      }
      return group;
    };
    let seen: string[] = [];
    const groups: string[][] = [];
    let refusals = 1;
    while (seen.length < names.length + 1) {
      // The first about `a` has to be tried again; `b` and `c` were on their way.
      const group = await answerAll((key) =>
        key === "@bob:a@alice" && refusals-- > 0 ? "error:AT0023-Exception: later" : "data:success",
      );
      groups.push(group);
      seen = [...seen, ...group];
      for (const [i, key] of group.entries()) assert.equal(group.indexOf(key), i, "once at a time");
      assert.ok(group.length <= 16);
    }
    assert.ok(
      Math.max(...groups.map((group) => group.length)) > 2,
      `several at once: ${JSON.stringify(groups)}`,
    );
    assert.deepEqual(
      seen.filter((key) => key === "a"),
      ["a", "a", "a"],
    );
    const ids = peer.commands
      .filter((line) => keyOf(line) === "@bob:a@alice")
      .map((line) => line.slice(10, 12));
    assert.deepEqual(ids, ["n0", "n0", "n3"], "in order");
    assert.deepEqual(
      [...new Set(seen.filter((key) => key.startsWith("e")))],
      names.filter((name) => name.startsWith("e")),
    );
  });

  test("fails for all that are on their way when the connection ends, and starts again in order", async (t) => {
    const { dataDir, alice } = await startAlice(t);
    let answersLeft = 2;
    const peer = await startFakePeer(t, dataDir, {
      atSigns: ["@bob"],
      onCommand(_command, reply) {
        if (answersLeft-- > 0) reply("data:success");
        else if (answersLeft === -1) for (const socket of peer.open) socket.destroy();
        else reply("data:success");
      },
    });
    for (let i = 0; i < 6; i++) await alice.ask(`notify:id:n${i}:ttln:600000:@bob:k${i}@alice:v`);
    for (let i = 0; i < 6; i++) await askUntil(alice, `notify:status:n${i}`, /^data:delivered/);
    const firsts = [...new Set(peer.commands.map((line) => line.slice(10, 12)))];
    assert.deepEqual(firsts, ["n0", "n1", "n2", "n3", "n4", "n5"]);
  });

  test("starts in order when the server can be reached again just after an attempt", async (t) => {
    const { dataDir, alice } = await startAlice(t);
    const peer = await startFakePeer(t, dataDir, {
      atSigns: ["@bob"],
      refuses: 2, // the first alone, then all of them together
      onCommand: (_command, reply) => reply("data:success"),
    });
    for (let i = 0; i < 6; i++) await alice.ask(`notify:id:n${i}:ttln:600000:@bob:k${i}@alice:v`);
    for (let i = 0; i < 6; i++) await askUntil(alice, `notify:status:n${i}`, /^data:delivered/);
    const ids = peer.commands.map((line) => line.slice(10, 12));
    assert.deepEqual(ids, ["n0", "n1", "n2", "n3", "n4", "n5"]);
  });
});

suite("connections to other servers", () => {
  const value = 'data:{"key":"k","data":"v","metaData":{}}';

  test("end when they were not used for ten minutes, and are made again", async (t) => {
    const { dataDir, time, server, alice } = await startAlice(t);
    const peer = await startFakePeer(t, dataDir, {
      atSigns: ["@bob"],
      onCommand: (_command, reply) => reply(value),
    });
    await alice.ask("lookup:x@bob");
    await alice.ask("plookup:x@bob");
    assert.match(await alice.ask("stats:2"), /"name":"activeOutboundConnections","value":"2"/);
    time.now += 599_999;
    server.closeIdle();
    await alice.ask("lookup:y@bob");
    assert.equal(server.federation.outbound.size, 2);
    time.now += 1;
    server.closeIdle();
    await askUntil(alice, "stats:2", /"value":"1"/);
    time.now += 600_000;
    server.closeIdle();
    await askUntil(alice, "stats:2", /"value":"0"/);
    while (peer.open.size > 0) await alice.ask("noop:0");
    assert.equal(await alice.ask("lookup:z@bob"), "data:v\n@alice@");
    assert.equal(server.federation.outbound.size, 1);
  });

  test("one that is waited for is not idle", async (t) => {
    const { dataDir, time, server, alice } = await startAlice(t);
    const asked = Promise.withResolvers<(text: string) => void>();
    await startFakePeer(t, dataDir, {
      atSigns: ["@bob"],
      onCommand: (_command, reply) => asked.resolve(reply),
    });
    const answer = alice.ask("lookup:x@bob");
    const reply = await asked.promise;
    time.now += 600_000;
    server.closeIdle();
    reply(value);
    assert.equal(await answer, "data:v\n@alice@");
    assert.equal(server.federation.outbound.size, 1);
  });

  test("are 200 at most, or as many as is set", async (t) => {
    const { dataDir, server, alice } = await startAlice(t, { limits: { maxOutbound: 3 } });
    const atSigns = Array.from({ length: 4 }, (_, i) => `@peer${i}`);
    const peer = await startFakePeer(t, dataDir, { atSigns, onCommand: (_command, reply) => reply(value) });
    for (const atSign of atSigns.slice(0, 3))
      assert.match(await alice.ask(`plookup:x${atSign}`), /^data:v\n/);
    assert.match(await alice.ask("plookup:x@peer3"), /^error:AT0006-/);
    assert.equal(peer.open.size, 3);
    assert.match(await alice.ask("plookup:y@peer0"), /^data:v\n/, "those that are there are used");
    server.federation.outbound.closeIdle(Number.MAX_SAFE_INTEGER);
    await askUntil(alice, "stats:2", /"value":"0"/);
    assert.match(await alice.ask("plookup:x@peer3"), /^data:v\n/);
    const usual = await startAlice(t);
    assert.equal(usual.server.limits.maxOutbound, 200);
  });
});
