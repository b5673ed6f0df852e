import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { RunResult } from "../../src/run-result.ts";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { TestSystem } from "../e2e/system.ts";

/** Fixed-seed sample of kill -9 at moments of the main job; real processes, real clock. */

const request = "Order the parts needed for 5 widgets for Customer XYZ";
const patience = 60_000;

interface OrderRow {
  readonly id: string;
  readonly run: string;
  readonly status: string;
}

/** A small, fixed sequence of numbers in [0, 1). */
function* sequence(seed: number): Generator<number> {
  let state = seed;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

suite("kill -9 during the main job", () => {
  const system = new TestSystem();
  const random = sequence(20_260_101);
  const next = () => random.next().value ?? 0;
  let pids: Readonly<Record<string, number>> = {};
  before(async () => {
    ({ pids } = await system.start());
  });
  after(() => system.remove());

  /** The run's outcome once it has ended, waiting for restarts. */
  async function outcome(asked: Promise<{ readonly result: RunResult }>): Promise<RunResult> {
    const { result } = await asked;
    assert.equal(result.status, "completed", JSON.stringify(result.error ?? result.status));
    return result;
  }
  /** Every order of the run is placed once, nothing else is. */
  async function assertOnce(result: RunResult): Promise<void> {
    const orders = await system.books<OrderRow>("orders");
    const own = orders.filter((order) => order.run === result.run);
    assert.equal(own.length, result.plan?.orders.length);
    assert.ok(
      own.every((order) => order.status === "confirmed"),
      JSON.stringify(own),
    );
  }
  /** The pid of a child now: children are started again under new ones. */
  async function pidOf(name: string): Promise<number> {
    const deadline = performance.now() + patience;
    while (performance.now() < deadline) {
      const children = await childrenOf(system.launcherPid);
      const found = children.find(({ command }) => command.includes(`main.ts ${name}`));
      if (found !== undefined) {
        return found.pid;
      }
      await pause(100);
    }
    throw new Error(`${name} did not come back`);
  }

  /** The private Redis is the child of a shell that is the launcher's. */
  async function redisPid(): Promise<number> {
    const deadline = performance.now() + patience;
    while (performance.now() < deadline) {
      const shells = (await childrenOf(system.launcherPid)).filter(({ command }) =>
        command.includes("redis.sock"),
      );
      const below = await Promise.all(shells.map(({ pid }) => childrenOf(pid)));
      const found = below.flat().find(({ command }) => /^\S*(redis|valkey)-server/.test(command));
      if (found !== undefined) {
        return found.pid;
      }
      await pause(100);
    }
    throw new Error("the private Redis did not come back");
  }

  for (const [name, processName] of [
    ["the bot", "bot"],
    ["the agents", "agent"],
    ["the sandbox", "sandbox"],
    ["the gateway", "gateway"],
    ["the bot again", "bot"],
    ["the agents again", "agent"],
  ] as const) {
    test(`of ${name}: the run ends exactly once`, { timeout: 150_000 }, async () => {
      assert.ok(Object.keys(pids).length >= 5);
      const asked = system.ask(request, "--yes");
      await pause(300 + next() * 2_500);
      process.kill(await pidOf(processName), "SIGKILL");
      await assertOnce(await outcome(asked));
    });
  }

  const noRedis =
    findRedisServer(process.env.PATH ?? "") === undefined &&
    "no redis-server: the queue is in the bot's memory";
  test("of the private Redis: the run ends exactly once", { timeout: 150_000, skip: noRedis }, async () => {
    const asked = system.ask(request, "--yes");
    await pause(300 + next() * 2_500);
    const before = await redisPid();
    process.kill(before, "SIGKILL");
    await assertOnce(await outcome(asked));
    assert.notEqual(await redisPid(), before);
  });

  test(
    "of the launcher: an immediate next start goes on, and nothing is left behind",
    { timeout: 150_000 },
    async () => {
      const asked = system.run("ask", request, "--json");
      await pause(500 + next() * 1_000);
      const children = await childrenOf(system.launcherPid);
      process.kill(system.launcherPid, "SIGKILL");
      // At once: what the old children still hold is waited for.
      await system.start();
      assert.deepEqual(
        children.filter(({ pid }) => isAlive(pid)),
        [],
      );
      const waiting = JSON.parse((await asked).stdout.trim().split("\n").at(-1) ?? "{}") as RunResult;
      assert.equal(waiting.status, "waiting", JSON.stringify(waiting));
      const list = JSON.parse((await system.run("approvals", "--json")).stdout) as {
        approval: { id: string; run: string; status: string };
      }[];
      const open = list.find((each) => each.approval.run === waiting.run && each.approval.status === "open");
      assert.equal((await system.run("approve", open?.approval.id ?? "")).code, 0);
      const end = performance.now() + patience;
      let status = "";
      while (status !== "completed" && performance.now() < end) {
        status = (
          JSON.parse((await system.run("run", waiting.run ?? "", "--json")).stdout) as { status: string }
        ).status;
        await pause(200);
      }
      assert.equal(status, "completed");
      await assertOnce(waiting);
    },
  );
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Direct children of a process, from /proc. */
async function childrenOf(
  parent: number,
): Promise<readonly { readonly pid: number; readonly command: string }[]> {
  const names = await readdir("/proc");
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        try {
          const stat = await readFile(`/proc/${name}/stat`, "utf8");
          const ppid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
          const command = (await readFile(`/proc/${name}/cmdline`, "utf8")).replaceAll("\u0000", " ");
          return ppid === parent ? [{ pid: Number(name), command }] : [];
        } catch {
          return []; // ended meanwhile
        }
      }),
  );
  return found.flat();
}
