import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./free-port.ts";

/** Three Redis servers of this process that are one Cluster, on loopback; gone afterwards. */
export interface TestCluster {
  readonly url: string;
  stop(): Promise<void>;
}

/** The tool beside the server that makes a Cluster of servers, if it is there. */
export function findRedisCli(server: string): string | undefined {
  const file = path.join(path.dirname(server), "redis-cli");
  return existsSync(file) ? file : undefined;
}

export async function startRedisCluster(server: string, cli: string): Promise<TestCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-cluster-"));
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  const servers: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    const running = servers.filter((each) => each.exitCode === null && each.signalCode === null);
    const ended = Promise.all(running.map((each) => once(each, "exit")));
    running.forEach((each) => each.kill("SIGKILL"));
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const port of ports) {
      const dir = path.join(folder, String(port));
      mkdirSync(dir);
      const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""];
      // Its own choice for talk among nodes is its port and 10,000, which may be no port at all.
      const bus = ["--cluster-enabled", "yes", "--cluster-port", String(await freePort())];
      servers.push(spawn(server, [...own, ...bus], { stdio: "ignore" }));
    }
    const asked = (args: readonly string[]) => execFileSync(cli, args, { encoding: "utf8", stdio: "pipe" });
    const until = async (isDone: () => boolean): Promise<void> => {
      for (let tries = 0; tries < 200; tries += 1) {
        try {
          if (isDone()) {
            return;
          }
        } catch {
          // not up yet
        }
        await pause(50);
      }
      throw new Error("the Redis Cluster did not come up");
    };
    for (const port of ports) {
      await until(() => asked(["-p", String(port), "ping"]).includes("PONG"));
    }
    asked(["--cluster", "create", ...nodes, "--cluster-yes"]);
    for (const port of ports) {
      await until(() => asked(["-p", String(port), "cluster", "info"]).includes("cluster_state:ok"));
    }
    return { url: `redis+cluster://${nodes.join(",")}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
