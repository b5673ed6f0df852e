import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { defaultBehaviour } from "../../../../src/sandbox/at-server/behaviour.ts";
import { defaultLimits } from "../../../../src/sandbox/at-server/limits.ts";
import { startFakePeer } from "./fake-peer.ts";
import { askUntil, startTwo } from "./two-sandboxes.ts";
import {
  activateBoth,
  owner,
  type RawConnection,
  startActivated,
  startSandbox,
  temporaryFolder,
} from "./with-sandbox.ts";

/** True when a text is in any file of the folder. */
function isIn(folder: string, text: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text));
}

const idsIn = (text: string) => [...text.matchAll(/"id":"([^"]+)","from":"@/g)].map(([, id]) => id);
const listed = async (raw: RawConnection) => idsIn(await raw.ask("notify:list"));
const canary = "canary-of-what-is-only-held";

suite("ephemeral notifications", () => {
  test("are in no file, and seen in all ways until they end", async (t) => {
    const dataDir = temporaryFolder(t);
    const time = { now: 1_800_000_000_000 };
    const sandbox = await startSandbox(t, { dataDir, clock: () => time.now });
    await activateBoth(sandbox);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    const monitor = await owner(t, sandbox, "@bob");
    monitor.write("monitor:strict \\.app@\nnoop:0\n");
    assert.equal(await monitor.read(), "data:ok\n");
    const line = (id: string, more: string, value = canary) =>
      `notify:id:${id}:update:${more}isEncrypted:false:@bob:x.app@alice:${value}`;
    for (let i = 0; i < 2; i++)
      assert.equal(await alice.ask(line("e1", "ttln:600000:eph:true:")), "data:e1\n@alice@");
    await alice.ask(line("e2", "ttln:5000:eph:"));
    await alice.ask(line("k1", "ttln:600000:", "kept-value"));
    await alice.ask(line("e1", "ttln:600000:"));
    await alice.ask(line("k1", "eph:true:"));
    const [e1, e2, k1] = [await monitor.read(), await monitor.read(), await monitor.read()];
    assert.deepEqual(
      [e1, e2, k1].flatMap(idsIn),
      ["e1", "e2", "k1"],
      "each once, whichever way it comes again",
    );
    assert.ok(e1.includes(canary));
    assert.ok(isIn(dataDir, "kept-value"));
    assert.ok(!isIn(dataDir, canary), "neither here nor there, nor in a log");

    assert.deepEqual(await listed(bob), ["k1", "e1", "e2"]);
    const again = await owner(t, sandbox, "@bob");
    again.write("monitor:0\nnoop:0\n");
    let text = "";
    while (!text.includes("data:ok\n")) text += await again.read();
    assert.deepEqual(idsIn(text).sort(), ["e1", "e2", "k1"]);
    assert.equal(await alice.ask("notify:status:e1"), "data:delivered\n@alice@");
    assert.match(
      await bob.ask("notify:fetch:e1"),
      new RegExp(`"type":"NotificationType.received".*${canary}.*"ttl":"120000"`),
    );
    assert.match(await alice.ask("notify:fetch:e1"), /"type":"NotificationType.sent"/);
    assert.equal(await bob.ask("notify:remove:e2"), "data:success\n@bob@");
    assert.deepEqual(await listed(bob), ["k1", "e1"]);
    time.now += 119_999;
    assert.deepEqual(await listed(bob), ["k1", "e1"]);
    time.now += 1;
    assert.deepEqual(await listed(bob), ["k1"], "two minutes at most, whatever was asked for");
    await alice.ask(line("e3", "eph:true:"));
    assert.equal(await alice.ask("notify:status:e3"), "data:delivered\n@alice@");
    time.now += 120_000;
    assert.equal(await alice.ask("notify:status:e3"), "data:expired\n@alice@");
    await alice.ask(line("e4", "eph:true:"));
    assert.deepEqual(await listed(bob), ["k1", "e4"]);
    await sandbox.close();
    const restarted = await startSandbox(t, { dataDir, clock: () => time.now });
    assert.deepEqual(await listed(await owner(t, restarted, "@bob")), ["k1"]);
    assert.ok(!isIn(dataDir, canary));
  });

  test("stand after ttln and eAtn, and go with nothing that writes", async (t) => {
    const behaviour = { ...defaultBehaviour, metadataOrder: "times-first" as const };
    const sandbox = await startSandbox(t, { behaviour });
    await activateBoth(sandbox);
    const alice = await owner(t, sandbox, "@alice");
    const soon = new Date(Date.now() + 60_000).toISOString();
    const given: [options: string, expected: RegExp][] = [
      ["id:a:update:messageType:key:notifier:n:ttln:9000:eph:true:ttl:5:isEncrypted:false", /^data:a\n/],
      [`id:b:eAtn:${soon}:eph:true:ttl:5`, /^data:b\n/],
      ["eph:TRUE:sharedKeyEnc:x", /^data:[0-9a-f-]{36}\n/],
      ["eph", /^data:[0-9a-f-]{36}\n/],
      ["messageType:text:eph:true", /^data:[0-9a-f-]{36}\n/],
      ["eph:true:ttln:9000:ttl:5", /^error:AT0003-/],
      ["ttl:5:eph:true", /^error:AT0003-/],
      [`eph:true:eAtn:${soon}`, /^error:AT0003-/],
      [`eAtn:${soon}:ttln:9000:eph:true`, /^error:AT0003-/],
      [`ttln:9000:eAtn:${soon}`, /^error:AT0003-.*exclude/],
      ["eph:false", /^error:AT0003-/],
      ["eph:1", /^error:AT0003-/],
      ["delete:eph:true", /^error:AT0003-.*delete/],
      ["eph:true:ttr:60", /^error:AT0003-.*ttr/],
      ["eph:true:ttr:60:ccd:true", /^error:AT0003-/],
      ["eph:true:ccd:false", /^error:AT0003-/],
    ];
    for (const [options, expected] of given)
      assert.match(await alice.ask(`notify:${options}:@bob:x.app@alice:v`), expected, options);
  });

  test("are held up to a size, of all atSigns together, and make room when they end", async (t) => {
    const time = { now: 1_800_000_000_000 };
    const limits = { ...defaultLimits, maxHeldBytes: 1_000_000 };
    const sandbox = await startSandbox(t, { clock: () => time.now, limits });
    await activateBoth(sandbox);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    const value = "x".repeat(100_000);
    const send = (raw: RawConnection, id: string) =>
      raw.ask(`notify:id:${id}:ttln:1000:eph:true:@bob:x.app@${raw === alice ? "alice" : "bob"}:${value}`);
    const answers: string[] = [];
    for (let i = 0; i < 12; i++) answers.push(await send(i % 2 === 0 ? alice : bob, `i${i}`));
    const taken = answers.filter((answer) => answer.startsWith("data:")).length;
    assert.ok(taken >= 5 && taken <= 10, String(taken));
    assert.match(answers.at(-1) ?? "", /^error:AT0011-.*Too many ephemeral notifications/);
    assert.match(await alice.ask("notify:@bob:x.app@alice:v"), /^data:/, "others go on");
    time.now += 1_000;
    assert.match(await send(alice, "later"), /^data:later/);
  });

  test("a time of end is kept to, at most eight days off; one in the past brings nothing", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    const at = (ms: number) => new Date(time.now + ms).toISOString();
    assert.equal(await alice.ask(`notify:id:past:eAtn:${at(0)}:@bob:x.app@alice:v`), "data:past\n@alice@");
    assert.equal(await alice.ask("notify:status:past"), "data:null\n@alice@");
    assert.equal(await bob.ask("notify:list"), "data:null\n@bob@");
    await alice.ask("notify:id:micro:eAtn:2099-01-01T00:00:00.123456Z:@bob:x.app@alice:v");
    await alice.ask("notify:id:long:ttln:999999999999:@bob:x.app@alice:v");
    assert.match(await alice.ask("notify:eAtn:2099-13-01T00:00:00Z:@bob:x.app@alice:v"), /^error:AT0003-/);
    time.now += 691_199_999;
    assert.deepEqual(await listed(bob), ["micro", "long"]);
    time.now += 1;
    assert.equal(await bob.ask("notify:list"), "data:null\n@bob@");
  });

  test("between processes neither server writes them, and a queue of them ends with its process", async (t) => {
    const { home, away, homeDir, awayDir } = await startTwo(t);
    const [alice, bob] = [await owner(t, home, "@alice"), await owner(t, away, "@bob")];
    await alice.ask(`notify:id:e1:ttln:100000:eph:true:@bob:x.app@alice:${canary}`);
    await askUntil(alice, "notify:status:e1", /^data:delivered/);
    assert.deepEqual(await listed(bob), ["e1"]);
    assert.match(await alice.ask("notify:fetch:e1"), /"type":"NotificationType.sent".*Status.delivered/);
    await away.close();
    await alice.ask(`notify:id:e2:ttln:100000:eph:true:@bob:x.app@alice:${canary}`);
    assert.equal(await alice.ask("notify:status:e2"), "data:queued\n@alice@");
    const back = await startSandbox(t, { dataDir: awayDir, atSigns: ["@bob"], join: homeDir });
    await askUntil(alice, "notify:status:e2", /^data:delivered/);
    assert.deepEqual(await listed(await owner(t, back, "@bob")), ["e2"], "e1 ended with its server");
    await back.close();
    await alice.ask(`notify:id:e3:ttln:100000:eph:true:@bob:x.app@alice:${canary}`);
    await home.close();
    for (const folder of [homeDir, awayDir]) assert.ok(!isIn(folder, canary));
    const again = await startSandbox(t, { dataDir: homeDir, atSigns: ["@alice"] });
    assert.equal(await (await owner(t, again, "@alice")).ask("notify:status:e3"), "data:null\n@alice@");
  });

  test("go as ordinary ones to another atSign's server that does not know them", async (t) => {
    for (const [info, expected] of [
      [
        'data:{"version":"3.17.0","features":[{"name":"notify.eph","status":"GA"}]}',
        /:ttln:\d+:eph:true:isEncrypted/,
      ],
      [
        'data:{"version":"3.17.0","features":[{"name":"notify.eph","status":"Retired"}]}',
        /:ttln:\d+:isEncrypted/,
      ],
      ['data:{"version":"3.0.52","uptimeAsWords":"1 seconds"}', /:ttln:\d+:isEncrypted/],
      ["error:AT0003-Exception: invalid command", /:ttln:\d+:isEncrypted/],
      ["data:nonsense", /:ttln:\d+:isEncrypted/],
    ] as const) {
      const dataDir = temporaryFolder(t);
      const home = await startSandbox(t, { dataDir, atSigns: ["@alice"] });
      await activateBoth(home);
      const peer = await startFakePeer(t, dataDir, {
        atSigns: ["@other"],
        onCommand: (command, reply) => reply(command === "info" ? info : "data:success"),
      });
      const alice = await owner(t, home, "@alice");
      await alice.ask("notify:id:plain:ttln:9000:@other:x.app@alice:v");
      await askUntil(alice, "notify:status:plain", /^data:delivered/);
      await alice.ask("notify:id:e1:ttln:9000:eph:true:@other:x.app@alice:v");
      await askUntil(alice, "notify:status:e1", /^data:delivered/);
      const [plain = "", asked = "", sent = ""] = peer.commands;
      assert.match(plain, /^notify:id:plain:/);
      assert.equal(asked, "info", "asked only where it matters");
      assert.match(sent, expected, info);
    }
  });
});
