import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import {
  findRedisServer,
  type PrivateRedis,
  startPrivateRedis,
} from "../../adapters/bullmq/private-redis.ts";
import { redisAnswers } from "../../adapters/bullmq/redis-connection.ts";
import { parseRedisUrl } from "../../adapters/bullmq/redis-url.ts";
import { openRedisQueue } from "../../adapters/bullmq/step-queue.ts";
import type { StepJob } from "../../src/ports.ts";
import { noProcFolder, ourProcesses } from "../e2e/our-processes.ts";
import { CutProxy } from "../fakes/cut-proxy.ts";
import { RedisProcess } from "../fakes/redis-process.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { stepQueueContract } from "./step-queue.ts";

const server = findRedisServer(process.env.PATH ?? "");
if (server === undefined) {
  test(
    "StepQueue on Redis",
    { skip: process.env.REQUIRE_SERVERS === "1" ? false : "no redis-server found" },
    () => {
      assert.fail("REQUIRE_SERVERS=1, but there is no redis-server on the PATH");
    },
  );
} else {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-redis-"));
  let redis: PrivateRedis;
  let restarted: () => void = () => undefined;
  before(async () => {
    // Where a test stops it, it is not to be replaced.
    redis = await startPrivateRedis(server, folder, () => restarted(), 3_600_000);
  });
  after(async () => {
    await redis.stop();
    assert.equal(await serverPid(), undefined, "the private Redis outlives its stop");
    rmSync(folder, { recursive: true, force: true });
  });
  const job = (run: string): StepJob => ({
    run,
    revision: 1,
    step: "route",
    attempt: 1,
    dispatch: 1,
    ready: true,
  });
  /** Undefined when none answers. */
  async function serverPid(place = folder): Promise<number | undefined> {
    const client = new Redis(path.join(place, "redis.sock"), {
      lazyConnect: true,
      retryStrategy: () => null,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return Number(/process_id:(\d+)/.exec(await client.info("server"))?.[1]);
    } catch {
      return undefined;
    } finally {
      client.disconnect();
    }
  }

  const childrenOf = (pid: number): readonly number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

  stepQueueContract("Redis", () => openRedisQueue(redis.url, silentLogger));

  test("a private Redis that already answers is adopted, and ended with its adopter", async () => {
    const own = mkdtempSync(path.join(tmpdir(), "cs-redis-"));
    const orphan = spawn(
      server,
      ["--port", "0", "--unixsocket", path.join(own, "redis.sock"), "--save", ""],
      {
        stdio: "ignore",
      },
    );
    const ended = once(orphan, "exit");
    while ((await serverPid(own)) === undefined) {
      await pause(20);
    }
    const second = await startPrivateRedis(server, own);
    assert.equal(second.pid(), null);
    await second.stop();
    await ended;
    rmSync(own, { recursive: true, force: true });
  });

  for (const [what, victim] of [
    ["wrapper", (wrapper: number) => wrapper],
    ["wrapper's reader", (wrapper: number) => childrenOf(wrapper).at(-1)],
  ] as const) {
    test(
      `a killed ${what} neither keeps the server alive nor the stop waiting`,
      { skip: noProcFolder },
      async () => {
        const own = mkdtempSync(path.join(tmpdir(), "cs-redis-"));
        const started = await startPrivateRedis(server, own);
        const pid = victim(started.pid() ?? 0);
        assert.ok(pid);
        process.kill(pid, "SIGKILL");
        await started.stop();
        assert.equal(await serverPid(own), undefined);
        rmSync(own, { recursive: true, force: true });
      },
    );
  }

  test("a Redis that hangs blocks nobody: adding fails, and works again when it goes on", async () => {
    const queue = await openRedisQueue(redis.url, silentLogger);
    const { promise: seen, resolve } = Promise.withResolvers<string>();
    await queue.work((each) => {
      resolve(each.run);
      return Promise.resolve();
    });
    const pid = await serverPid();
    assert.ok(pid);
    process.kill(pid, "SIGSTOP");
    try {
      await assert.rejects(queue.add(job("hung")), { code: "queue-failed", retryable: true });
      const other = await openRedisQueue(redis.url, silentLogger);
      await other.close();
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await queue.add(job("hung"));
    assert.equal(await seen, "hung");
    await queue.close();
  });

  test("connections that hang for good while Redis is there are made anew", async (t) => {
    const own = mkdtempSync(path.join(tmpdir(), "cs-redis-"));
    const far = await RedisProcess.start(server, own);
    const proxy = await CutProxy.open(far.port);
    const queue = await openRedisQueue(`redis://127.0.0.1:${proxy.port}`, silentLogger);
    t.after(async () => {
      await queue.close();
      await proxy.close();
      await far.kill();
      rmSync(own, { recursive: true, force: true });
    });
    const seen = new Set<string>();
    await queue.work(async ({ run }) => {
      seen.add(run);
    });
    await queue.add(job("near"));
    proxy.abandon();
    const deadline = performance.now() + 60_000;
    while (!seen.has("far")) {
      assert.ok(performance.now() < deadline, "the queue does not come back");
      await queue.add(job("far")).catch(() => undefined);
      await pause(100);
    }
  });

  test("a Redis that hangs when it is told to end is killed", { skip: noProcFolder }, async () => {
    const own = mkdtempSync(path.join(tmpdir(), "cs-redis-"));
    const started = await startPrivateRedis(server, own);
    const pid = await serverPid(own);
    assert.ok(pid !== undefined);
    process.kill(pid, "SIGSTOP");
    await started.stop();
    while (ourProcesses(own).length > 0) {
      await pause(20);
    }
    rmSync(own, { recursive: true, force: true });
  });

  test("a private Redis that is killed is started again, and the queue goes on", async () => {
    const queue = await openRedisQueue(redis.url, silentLogger);
    const { promise: seen, resolve } = Promise.withResolvers<string>();
    await queue.work((each) => {
      resolve(each.run);
      return Promise.resolve();
    });
    const { promise: noticed, resolve: notice } = Promise.withResolvers<void>();
    restarted = notice;
    const pid = await serverPid();
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    await noticed;
    let next: number | undefined;
    while (next === undefined) {
      await pause(20);
      next = await serverPid();
    }
    assert.notEqual(next, pid);
    let added = false;
    while (!added) {
      added = await queue.add(job("after")).then(
        () => true,
        () => false,
      );
    }
    assert.equal(await seen, "after");
    await queue.close();
  });

  test("a private Redis that stands still is replaced by another one, and that is said", async () => {
    const own = mkdtempSync(path.join(tmpdir(), "cs-redis-"));
    const { promise: said, resolve: say } = Promise.withResolvers<string>();
    const started = await startPrivateRedis(server, own, say, 50);
    const pid = await serverPid(own);
    assert.ok(pid !== undefined);
    process.kill(pid, "SIGSTOP");
    assert.equal(await redisAnswers(parseRedisUrl(started.url), 100), false);
    assert.match(await said, /^the private (redis|valkey)-server stood still$/);
    let next: number | undefined;
    while (next === undefined) {
      await pause(20);
      next = await serverPid(own);
    }
    assert.notEqual(next, pid);
    assert.equal(await redisAnswers(parseRedisUrl(started.url), 60_000), true);
    await started.stop();
    assert.equal(await serverPid(own), undefined);
    rmSync(own, { recursive: true, force: true });
  });
}
