import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { demoWholesalers } from "../../src/sandbox/company/catalogues.ts";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { environmentOf, launchedProcess, noProcFolder } from "./our-processes.ts";
import { TestSystem } from "./system.ts";
import { wholesalerControl } from "./wholesaler-control.ts";

/** Three bots on one PostgreSQL and one Redis; any of them dies at any line, and nothing is lost or doubled. */

const mainFile = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "src", "main.ts");
// Few, because several requests at a time buy from the same shelves.
const request = "Order the parts needed for 1 widget for Customer XYZ";
const seed = Number(process.env["CHAOS_SEED"] ?? 20_261_123);
const redisMissing =
  findRedisServer(process.env.PATH ?? "") === undefined ? "no redis-server found" : (false as const);

interface Bot {
  readonly runtime: string;
  process: ChildProcess;
}
interface Shown {
  readonly id: string;
  readonly status: string;
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function random(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

suite("three bots", { skip: noProcFolder || postgresMissing() || redisMissing, timeout: 380_000 }, () => {
  after(async () => (await startPostgres()).stop());

  test("requests go on while bots are killed, one after the other, in a seeded order", async (t) => {
    const url = await (await startPostgres()).createDatabase();
    const system = new TestSystem({ DATABASE_URL: url });
    const bots: Bot[] = [];
    t.after(async () => {
      bots.forEach((bot) => bot.process.kill("SIGKILL"));
      await system.remove();
    });
    await system.start();
    const first = launchedProcess(system, "bot");
    assert.ok(first !== undefined);
    const shared = environmentOf(first.pid);
    const start = (runtime: string, change: Readonly<Record<string, string>> = {}): ChildProcess =>
      spawn(process.execPath, [mainFile, "bot"], {
        env: { ...shared, COUNTERSIGN_RUNTIME: runtime, COUNTERSIGN_CONSOLE_PORT: "0", ...change },
        stdio: ["ignore", "ignore", "pipe"],
      });
    const answers = async (runtime: string): Promise<boolean> =>
      (await system.runWith({ COUNTERSIGN_RUNTIME: runtime }, "status", "--json")).code === 0;
    const ready = async (runtime: string): Promise<void> => {
      while (!(await answers(runtime))) {
        await pause(200);
      }
    };
    for (const name of ["run-2", "run-3"]) {
      const runtime = path.join(system.folder, name);
      mkdirSync(runtime, { mode: 0o700 });
      bots.push({ runtime, process: start(runtime) });
    }
    await Promise.all(bots.map(({ runtime }) => ready(runtime)));

    // One that brings a queue of its own would work beside them, not with them.
    const apart = path.join(system.folder, "run-4");
    mkdirSync(apart, { mode: 0o700 });
    const refused = await system.runWith(
      { ...shared, COUNTERSIGN_RUNTIME: apart, COUNTERSIGN_CONSOLE_PORT: "0", REDIS_URL: "" },
      "bot",
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /REDIS_URL: .* several bots, which share a Redis/);

    const next = random(seed);
    const own = path.join(system.folder, "run");
    const runtimes = [own, ...bots.map(({ runtime }) => runtime)];
    // A client whose bot dies is told so; the request, once taken, is not lost.
    const asked = Array.from({ length: 6 }, (_, index) =>
      system.runWith({ COUNTERSIGN_RUNTIME: runtimes[index % 3] ?? own }, "ask", request, "--yes", "--json"),
    );
    for (const bot of [...bots, ...(next() < 0.5 ? bots : bots.toReversed())]) {
      await pause(500 + next() * 2_500);
      bot.process.kill("SIGKILL");
      bot.process = start(bot.runtime);
    }
    await Promise.all(asked);
    const run = async (...args: readonly string[]) => system.run(...args, "--json");
    const open = async (): Promise<readonly Shown[]> =>
      (JSON.parse((await run("runs")).stdout) as Shown[]).filter(
        ({ status }) => !["completed", "failed", "cancelled"].includes(status),
      );
    const deadline = performance.now() + 120_000;
    while ((await open()).length > 0 && performance.now() < deadline) {
      const approvals = JSON.parse((await run("approvals")).stdout) as {
        approval: { id: string; status: string };
      }[];
      for (const { approval } of approvals.filter((each) => each.approval.status === "open")) {
        await system.run("approve", approval.id);
      }
      await pause(500);
    }

    const runs = JSON.parse((await run("runs")).stdout) as Shown[];
    assert.ok(runs.length >= 4, "requests taken before their bot died are there");
    for (const each of runs) {
      assert.equal(each.status, "completed", JSON.stringify(each));
    }
    const booked = await system.books<{ id: string; run: string; status: string }>("orders");
    assert.ok(booked.every(({ status }) => status === "confirmed"));
    assert.deepEqual(new Set(booked.map((order) => order.run)), new Set(runs.map(({ id }) => id)));
    let sold = 0;
    for (const { id } of demoWholesalers) {
      const list = (await (await wholesalerControl(system, id, "orders")).json()) as { orders: object[] };
      sold += list.orders.length;
    }
    assert.equal(sold, booked.length, "every order is at its wholesaler, once");
    const verified = await run("journal", "verify");
    assert.equal(verified.code, 0, verified.stdout);
    process.stdout.write(
      `# three bots, seed ${seed}: ${runs.length} runs, 4 kills, 0 lost, ${sold - booked.length} doubled\n`,
    );
  });
});
