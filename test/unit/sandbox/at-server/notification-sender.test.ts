import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import type { AtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { askUntil, startTwo } from "./two-sandboxes.ts";
import { activateBoth, owner, startSandbox, temporaryFolder } from "./with-sandbox.ts";

suite("what waits for a server that is away", () => {
  test("is kept in order, the newest only where the sender says so, and is delivered when it is back", async (t) => {
    const { home, away, homeDir, awayDir } = await startTwo(t);
    await away.close();
    const alice = await owner(t, home, "@alice");
    for (const id of ["a", "b", "c"]) await alice.ask(`notify:id:${id}:ttln:600000:@bob:${id}@alice:v`);
    for (const id of ["l1", "l2", "l3", "l4"])
      await alice.ask(`notify:id:${id}:strategy:latest:latestN:2:notifier:n:ttln:600000:@bob:${id}@alice:v`);
    assert.equal(await alice.ask("notify:status:a"), "data:queued\n@alice@");
    assert.equal(await alice.ask("notify:remove:b"), "data:success\n@alice@");
    assert.match(await alice.ask("notify:fetch:a"), /"type":"NotificationType.sent".*Status.queued"/);
    const back = await startSandbox(t, { dataDir: awayDir, atSigns: ["@bob"], join: homeDir });
    await askUntil(alice, "notify:status:l4", /^data:delivered/);
    const bob = await owner(t, back, "@bob");
    const list = await bob.ask("notify:list");
    const ids = [...list.matchAll(/"id":"([^"]+)"/g)].map((match) => match[1]);
    assert.deepEqual(
      ids.filter((id) => id !== "l1"),
      ["a", "c", "l3", "l4"],
    );
  });

  test("is given up when it has expired, or when the atDirectory does not know the atSign", async (t) => {
    const time = { now: Date.now() };
    const { home, away, homeDir, awayDir } = await startTwo(t, { clock: () => time.now });
    await away.close();
    const alice = await owner(t, home, "@alice");
    await alice.ask("notify:id:old:ttln:1000:@bob:old@alice:v");
    await alice.ask("notify:id:new:ttln:600000:@bob:new@alice:v");
    await alice.ask("notify:id:lost:ttln:600000:@nobody:x@alice:v");
    await askUntil(alice, "notify:status:lost", /^data:errored/);
    time.now += 1_000;
    const options = { dataDir: awayDir, atSigns: ["@bob"], join: homeDir, clock: () => time.now };
    const back = await startSandbox(t, options);
    await askUntil(alice, "notify:status:new", /^data:delivered/);
    assert.equal(await alice.ask("notify:status:old"), "data:expired\n@alice@");
    const bob = await owner(t, back, "@bob");
    assert.doesNotMatch(await bob.ask("notify:list"), /"id":"old"/);
  });
});

test("kill -9 of either server loses nothing that was acknowledged, and nothing comes twice", async (t) => {
  const [homeDir, awayDir] = [temporaryFolder(t), temporaryFolder(t)];
  let home = await startChild(t, homeDir, "@alice");
  let away = await startChild(t, awayDir, "@bob", homeDir);
  await activateBoth(home.sandbox);
  await activateBoth(away.sandbox);
  const acknowledged: string[] = [];
  const send = async (count: number, kill: ChildProcess, killAt: number) => {
    const alice = await owner(t, home.sandbox, "@alice");
    for (let i = 0; i < count; i++) {
      const id = `n${acknowledged.length}`;
      const answer = await alice.ask(`notify:id:${id}:ttln:600000:@bob:${id}.app@alice:v`);
      if (answer === "<closed>") return;
      assert.equal(answer, `data:${id}\n@alice@`);
      acknowledged.push(id);
      if (i === killAt) kill.kill("SIGKILL");
    }
  };
  await send(60, away.child, 30); // the receiver dies while it is being served,
  await send(1_000_000, home.child, 30); // then the sender, with a queue
  assert.ok(acknowledged.length > 90);
  home = await startChild(t, homeDir, "@alice");
  away = await startChild(t, awayDir, "@bob", homeDir);
  const bob = await owner(t, away.sandbox, "@bob");
  const list = await askUntil(bob, "notify:list:app", new RegExp(`"id":"${acknowledged.at(-1)}"`));
  const ids = [...list.matchAll(/"id":"([^"]+)"/g)].map((match) => match[1]);
  assert.deepEqual(ids.slice(0, acknowledged.length), acknowledged, "all of them, in order");
  assert.ok(ids.length <= acknowledged.length + 1, "the one that was being answered at most");
});

async function startChild(
  t: TestContext,
  dataDir: string,
  atSign: string,
  joined = "",
): Promise<{ child: ChildProcess; sandbox: AtSandbox }> {
  const child = fork(join(import.meta.dirname, "sandbox-process.ts"), [dataDir, atSign, joined]);
  t.after(() => child.kill("SIGKILL"));
  const [sandbox] = (await once(child, "message")) as [AtSandbox];
  return { child, sandbox };
}
