import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { RedisProcess } from "../../fakes/redis-process.ts";
import { startRedisSentinels } from "../../fakes/redis-sentinel.ts";
import { ChaosSystem } from "../chaos-system.ts";
import { type Place, type PlaceKind, redisMissing, redisServer } from "./place.ts";

/** A system on a Redis that is elsewhere; `strike` and `end` are the Redis'. */
async function openOn(
  url: string,
  o: { readonly strike: (ms: number) => Promise<void>; readonly end: () => Promise<void> },
): Promise<Place> {
  const chaos = new ChaosSystem({ REDIS_URL: url });
  const close = async (): Promise<readonly string[]> => {
    try {
      return await chaos.stop();
    } finally {
      await chaos.remove();
      await o.end();
    }
  };
  try {
    await chaos.start();
    return { chaos, strike: (_fault, ms) => o.strike(ms), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Replication is cut, so that what comes meanwhile is lost; then the master is killed, and its replica takes over. */
export const sentinelPlace: PlaceKind = {
  faults: ["redis-failover"],
  once: true,
  missing: redisMissing,
  async open() {
    const sentinels = await startRedisSentinels(redisServer());
    return openOn(sentinels.url, {
      async strike(ms) {
        await sentinels.cutReplication();
        await pause(ms);
        await sentinels.first.kill();
        await sentinels.takenOver();
      },
      end: () => sentinels.stop(),
    });
  },
};

const link = ["cs-outside", "cs-inside"] as const;
const space = "cs-faults";
const address = { outside: "10.231.77.1", inside: "10.231.77.2" };
const ip = (...args: readonly string[]) => execFileSync("ip", [...args], { stdio: "ignore" });

/** The Redis is in a network namespace of its own, and the cable to it is pulled out. */
export const namespacePlace: PlaceKind = {
  faults: ["network-cut"],
  missing: () => redisMissing() || namespaceMissing(),
  async open() {
    ip("netns", "add", space);
    ip("link", "add", link[0], "type", "veth", "peer", "name", link[1], "netns", space);
    ip("addr", "add", `${address.outside}/30`, "dev", link[0]);
    ip("link", "set", link[0], "up");
    ip("-n", space, "addr", "add", `${address.inside}/30`, "dev", link[1]);
    ip("-n", space, "link", "set", link[1], "up");
    const folder = mkdtempSync(path.join(tmpdir(), "cs-faults-"));
    const redis = await RedisProcess.startIn(space, address.inside, redisServer(), folder);
    return openOn(`redis://${address.inside}:${redis.port}`, {
      async strike(ms) {
        ip("-n", space, "link", "set", link[1], "down");
        await pause(ms);
        ip("-n", space, "link", "set", link[1], "up");
      },
      async end() {
        await redis.kill();
        ip("netns", "del", space);
        rmSync(folder, { recursive: true, force: true });
      },
    });
  },
};

function namespaceMissing(): string | false {
  try {
    ip("netns", "add", space);
    ip("netns", "del", space);
    return false;
  } catch {
    return "needs network namespaces (ip netns, root)";
  }
}
