import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Redis } from "ioredis";
import { RedisProcess } from "./redis-process.ts";

/** A Redis master, its replica, and three sentinels that make the replica master when the master is away. */
export interface TestSentinels {
  readonly url: string;
  /** The one that was the master at first, and the one that was its replica. */
  readonly first: RedisProcess;
  readonly second: RedisProcess;
  /** From now on the replica gets nothing of what the master takes. */
  cutReplication(): Promise<void>;
  /** Resolves when the sentinels say that the second one is the master, and the second one says so too. */
  takenOver(): Promise<void>;
  stop(): Promise<void>;
}

const name = "steps";
/** How long a master may not answer before the sentinels speak about it. */
const downMs = 1_000;

export async function startRedisSentinels(server: string): Promise<TestSentinels> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-sentinel-"));
  const running: RedisProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((each) => each.kill()));
    rmSync(folder, { recursive: true, force: true });
  };
  const keep = async (starting: Promise<RedisProcess>): Promise<RedisProcess> => {
    const process = await starting;
    running.push(process);
    return process;
  };
  try {
    const first = await keep(RedisProcess.start(server, folder, ["--repl-diskless-sync-delay", "0"]));
    const second = await keep(
      RedisProcess.start(server, folder, ["--replicaof", "127.0.0.1", String(first.port)]),
    );
    await second.until(
      async (client) => (await client.info()).includes("master_link_status:up"),
      "replicates",
    );
    const settings = [
      `sentinel monitor ${name} 127.0.0.1 ${first.port} 2`,
      `sentinel down-after-milliseconds ${name} ${downMs}`,
      `sentinel failover-timeout ${name} 5000`,
    ];
    const sentinels: RedisProcess[] = [];
    for (let count = 0; count < 3; count += 1) {
      sentinels.push(await keep(RedisProcess.startSentinel(server, folder, settings)));
    }
    for (const sentinel of sentinels) {
      await sentinel.until(async (client) => {
        const master = await masterFacts(client);
        return master["num-slaves"] === "1" && master["num-other-sentinels"] === "2";
      }, "knows the replica and the other sentinels");
    }
    return {
      url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${name}`,
      first,
      second,
      async cutReplication() {
        await first.ask(async (client) => {
          await client.acl("SETUSER", "default", "-psync", "-sync");
          await client.call("client", "kill", "type", "replica");
        });
      },
      async takenOver() {
        await Promise.all(
          sentinels.map((each) =>
            each.until(
              async (client) => (await masterFacts(client))["port"] === String(second.port),
              "names the replica as the master",
            ),
          ),
        );
        await second.until(async (client) => (await client.role())[0] === "master", "is the master");
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a sentinel knows of the master. */
async function masterFacts(client: Redis): Promise<Readonly<Record<string, string>>> {
  const answer = (await client.call("sentinel", "master", name)) as readonly string[];
  return Object.fromEntries(
    answer.flatMap((each, at) => (at % 2 === 0 ? [[each, answer[at + 1] ?? ""]] : [])),
  );
}
