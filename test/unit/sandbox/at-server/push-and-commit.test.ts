import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AtDatabase, CommitError } from "../../../../src/sandbox/at-server/at-database.ts";
import { AtServer } from "../../../../src/sandbox/at-server/at-server.ts";
import type { OutgoingNotification } from "../../../../src/sandbox/at-server/outgoing-store.ts";
import type { AtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { askUntil } from "./two-sandboxes.ts";
import {
  activateBoth,
  guest,
  owner,
  type RawConnection,
  startSandbox,
  temporaryFolder,
} from "./with-sandbox.ts";

/** COUNTERSIGN_SEEDS gives the number of kills. */
const seeds = Number(process.env["COUNTERSIGN_SEEDS"] ?? 6);

/** Everything a monitor is written until its connection ends: the values under each id, in order. */
async function collect(monitor: RawConnection, seen: Map<string, string[]>): Promise<void> {
  let text = "";
  for (let chunk = await monitor.read(); chunk !== "<closed>"; chunk = await monitor.read()) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const each of lines) {
      const [, id, value] = /"id":"(n\d+)".*"value":"([^"]*)"/.exec(each) ?? [];
      if (id !== undefined && value !== undefined) seen.set(id, [...(seen.get(id) ?? []), value]);
    }
  }
}

async function startMortal(t: TestContext, dataDir: string, point: string, nth: number) {
  const program = join(import.meta.dirname, "mortal-sandbox-process.ts");
  const child = fork(program, [dataDir, point, String(nth)]);
  t.after(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const [sandbox] = (await once(child, "message")) as [AtSandbox];
  return { sandbox, exited };
}

test("kill -9 between push, commit and answer: what was acknowledged is kept, an id means one content", async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startSandbox(t, { dataDir });
  await activateBoth(first);
  await first.close();
  const seen = new Map<string, string[]>();
  const acknowledged: string[] = [];
  let [pushedOnly, keptUnanswered] = [0, 0];
  for (let seed = 0, next = 0; seed < seeds; seed++) {
    const point = seed % 2 === 0 ? "pushed" : "committed";
    const { sandbox, exited } = await startMortal(t, dataDir, point, 2 + ((seed * 7) % 11));
    const bob = await owner(t, sandbox, "@bob");
    bob.write("monitor .app@\n");
    bob.write("noop:0\n");
    assert.equal(await bob.read(), "data:ok\n");
    const collected = collect(bob, seen);
    const alice = await owner(t, sandbox, "@alice");
    const send = (n: number) => alice.ask(`notify:id:n${n}:ttln:9000000:@bob:m.app@alice:content of n${n}`);
    // What was not acknowledged is sent again first, under its id.
    for (let answer = await send(next); answer !== "<closed>"; answer = await send(next)) {
      assert.equal(answer, `data:n${next}\n@alice@`);
      acknowledged.push(`n${next}`);
      next += 1;
    }
    await Promise.all([exited, collected]);
    const isKept = await startSandbox(t, { dataDir });
    const list = await askUntil(await owner(t, isKept, "@bob"), "notify:list:m.app", /^data:/);
    const kept = new Set([...list.matchAll(/"id":"(n\d+)"/g)].map((match) => match[1]));
    assert.deepEqual(
      acknowledged.filter((id) => !kept.has(id)),
      [],
      `seed ${seed}: acknowledged and lost`,
    );
    assert.equal(kept.has(`n${next}`), point === "committed", `seed ${seed}: killed at the point`);
    if (point === "committed") keptUnanswered += 1;
    else if (seen.has(`n${next}`)) pushedOnly += 1;
    await isKept.close();
  }
  for (const [id, values] of seen) assert.deepEqual(new Set(values), new Set([`content of ${id}`]), id);
  for (const id of acknowledged) assert.ok(seen.has(id), `${id} was pushed`);
  assert.ok(pushedOnly > 0 && keptUnanswered > 0, "both points were hit");
});

test("a commit that fails keeps nothing and is told apart", (t) => {
  const schema =
    "create table a (id integer primary key); create table b (a integer references a deferrable initially deferred);";
  const db = new AtDatabase(join(temporaryFolder(t), "x.db"), `pragma foreign_keys = on; ${schema}`);
  t.after(() => db.close());
  const insert = db.prepare("insert into b values (1)");
  assert.throws(() => db.transaction(() => insert.run()), CommitError);
  assert.deepEqual(db.prepare("select * from b").all(), []);
  db.transaction(() => db.prepare("insert into a values (7)").run());
});

test("who sent what could not be committed is not answered, and the server goes on", async (t) => {
  let fails = true;
  class FailingServer extends AtServer {
    override receive(sender: string, n: OutgoingNotification, expiresAt: number): void {
      super.receive(sender, n, expiresAt);
      if (fails)
        this.store.beforeCommit(() => {
          throw new CommitError("disk full");
        });
    }
  }
  const warned = once(process, "warning");
  const sandbox = await startSandbox(t, { makeServer: (atSign, o) => new FailingServer(atSign, o) });
  await activateBoth(sandbox);
  const alice = await owner(t, sandbox, "@alice");
  assert.equal(await alice.ask("notify:id:n:ttln:90000:@bob:x@alice:v"), "<closed>");
  await warned;
  fails = false;
  const again = await owner(t, sandbox, "@alice");
  assert.equal(await again.ask("notify:id:n:ttln:90000:@bob:x@alice:v"), "data:n\n@alice@");
  assert.match(await (await guest(t, sandbox, "@alice")).ask("lookup:publickey@alice"), /^data:/);
});
