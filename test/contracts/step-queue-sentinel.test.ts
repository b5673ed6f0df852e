import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { openRedisQueue } from "../../adapters/bullmq/step-queue.ts";
import type { StepJob, StepQueue } from "../../src/ports.ts";
import { startRedisSentinels, type TestSentinels } from "../fakes/redis-sentinel.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { stepQueueContract } from "./step-queue.ts";

const server = findRedisServer(process.env.PATH ?? "");
if (server === undefined) {
  test(
    "StepQueue on a Redis with Sentinels",
    { skip: process.env.REQUIRE_SERVERS === "1" ? false : "no redis-server found" },
    () => assert.fail("REQUIRE_SERVERS=1, but there is no redis-server on the PATH"),
  );
} else {
  suite("Redis with three Sentinels", () => {
    let sentinels: TestSentinels;
    before(async () => {
      sentinels = await startRedisSentinels(server);
    });
    after(() => sentinels.stop());
    stepQueueContract("a master that Sentinels know", () => openRedisQueue(sentinels.url, silentLogger));
  });

  suite("a master goes, and its replica takes over", () => {
    let sentinels: TestSentinels;
    let queue: StepQueue;
    let seen: string[];
    const job = (run: string): StepJob => ({
      run,
      revision: 1,
      step: "route",
      attempt: 1,
      dispatch: 1,
      ready: false,
    });
    /** As the sweeper does: hands a job over again until it has come. */
    const comes = async (run: string): Promise<void> => {
      const deadline = performance.now() + 60_000;
      while (!seen.includes(run)) {
        assert.ok(performance.now() < deadline, `${run} never came`);
        await queue.add(job(run)).catch(() => undefined);
        await pause(100);
      }
    };
    beforeEach(async () => {
      sentinels = await startRedisSentinels(server);
      queue = await openRedisQueue(sentinels.url, silentLogger);
      seen = [];
      await queue.work(async ({ run }) => {
        seen.push(run);
      });
      await comes("before");
    });
    afterEach(async () => {
      await queue.close();
      await sentinels.stop();
    });

    test("killed: the queue goes on at the replica; what was not replicated is lost until it is added again", async () => {
      await sentinels.cutReplication();
      await queue.add(job("lost"), { delayMs: 3_600_000 });
      await sentinels.first.kill();
      await sentinels.takenOver();
      await comes("after");
      const keys = await sentinels.second.ask((client) => client.keys("*lost*"));
      assert.deepEqual(keys, []);
      await comes("lost");
    });

    test("stopped, so that its connections stay open: the queue goes on at the replica", async () => {
      sentinels.first.signal("SIGSTOP");
      await sentinels.takenOver();
      await comes("after");
    });
  });
}
