import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { findRedisServer, startPrivateRedis } from "../../adapters/bullmq/private-redis.ts";
import { openRedisQueue } from "../../adapters/bullmq/step-queue.ts";
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
  let redis: Awaited<ReturnType<typeof startPrivateRedis>>;
  before(async () => {
    redis = await startPrivateRedis(server, folder);
  });
  after(async () => {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  stepQueueContract("Redis", () => openRedisQueue(redis.url, silentLogger));
  test("a private Redis that already answers is adopted", async () => {
    const second = await startPrivateRedis(server, folder);
    assert.equal(second.pid, null);
    assert.equal(second.url, redis.url);
  });
}
