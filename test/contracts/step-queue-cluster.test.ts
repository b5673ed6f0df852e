import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { openRedisQueue } from "../../adapters/bullmq/step-queue.ts";
import { findRedisCli, startRedisCluster, type TestCluster } from "../fakes/redis-cluster.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { stepQueueContract } from "./step-queue.ts";

const server = findRedisServer(process.env.PATH ?? "");
const cli = server === undefined ? undefined : findRedisCli(server);
if (server === undefined || cli === undefined) {
  test(
    "StepQueue on a Redis Cluster",
    { skip: process.env.REQUIRE_SERVERS === "1" ? false : "no redis-server with redis-cli found" },
    () => assert.fail("REQUIRE_SERVERS=1, but there is no redis-server with redis-cli on the PATH"),
  );
} else {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startRedisCluster(server, cli);
  });
  after(() => cluster.stop());
  stepQueueContract("a three-node Redis Cluster", () => openRedisQueue(cluster.url, silentLogger));
}
