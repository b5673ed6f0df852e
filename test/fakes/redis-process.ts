import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";

const answerMs = 30_000;
const lookAgainMs = 20;

/** A Redis server on a port of 127.0.0.1 that keeps nothing on disk, and may be killed, stopped and started again. */
export class RedisProcess {
  readonly port: number;
  readonly #server: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(server: string, port: number, args: readonly string[]) {
    this.port = port;
    this.#server = server;
    this.#args = args;
  }

  /** A server with a folder of its own in `folder`. */
  static async start(server: string, folder: string, args: readonly string[] = []): Promise<RedisProcess> {
    const { port, dir } = await place(folder);
    const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""];
    return started(new RedisProcess(server, port, [...own, ...args]));
  }
  /** A sentinel. Its settings are in a file, because it writes there what it learns. */
  static async startSentinel(
    server: string,
    folder: string,
    settings: readonly string[],
  ): Promise<RedisProcess> {
    const { port, dir } = await place(folder);
    const file = path.join(dir, "sentinel.conf");
    const own = [`port ${port}`, "bind 127.0.0.1", `dir ${dir}`];
    writeFileSync(file, [...own, ...settings, ""].join("\n"));
    return started(new RedisProcess(server, port, [file, "--sentinel"]));
  }

  /** Also after it was killed: on the same port, empty. */
  async start(): Promise<void> {
    this.#child = spawn(this.#server, [...this.#args], { stdio: "ignore" });
    await this.until((client) => client.ping().then((answer) => answer === "PONG"), "answers");
  }

  /** Asks it something, by a connection of its own; fails when it does not answer within two seconds. */
  async ask<T>(what: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.port, "127.0.0.1", {
      lazyConnect: true,
      retryStrategy: () => null,
      commandTimeout: 2_000,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await what(client);
    } finally {
      client.disconnect();
    }
  }
  /** Asks again and again until it is so. */
  async until(isSo: (client: Redis) => Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + answerMs;
    while (!(await this.ask(isSo).catch(() => false))) {
      assert.ok(performance.now() < deadline, `Redis ${this.port}: ${what}: not within ${answerMs} ms`);
      await pause(lookAgainMs);
    }
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name);
  }
  /** With kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
  }
}

async function place(folder: string): Promise<{ readonly port: number; readonly dir: string }> {
  const port = await freePort();
  const dir = path.join(folder, `redis-${port}`);
  mkdirSync(dir);
  return { port, dir };
}
async function started(process: RedisProcess): Promise<RedisProcess> {
  await process.start();
  return process;
}
