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
  readonly #host: string;
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, command: readonly string[], host = "127.0.0.1") {
    this.port = port;
    this.#command = command;
    this.#host = host;
  }

  /** A server with a folder of its own in `folder`. */
  static async start(server: string, folder: string, args: readonly string[] = []): Promise<RedisProcess> {
    const { port, dir } = await place(folder);
    const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""];
    return started(new RedisProcess(port, [server, ...own, ...args]));
  }
  /** A server in the network namespace `space`, at its address `host`. */
  static async startIn(space: string, host: string, server: string, folder: string): Promise<RedisProcess> {
    const { port, dir } = await place(folder);
    const own = [
      "--port",
      String(port),
      "--bind",
      host,
      "--protected-mode",
      "no",
      "--dir",
      dir,
      "--save",
      "",
    ];
    return started(new RedisProcess(port, ["ip", "netns", "exec", space, server, ...own], host));
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
    return started(new RedisProcess(port, [server, file, "--sentinel"]));
  }

  /** Also after it was killed: on the same port, empty. */
  async start(): Promise<void> {
    const [program = "", ...args] = this.#command;
    this.#child = spawn(program, args, { stdio: "ignore" });
    await this.until((client) => client.ping().then((answer) => answer === "PONG"), "answers");
  }

  /** Asks it something, by a connection of its own; fails when it does not answer within two seconds. */
  async ask<T>(what: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.port, this.#host, {
      connectTimeout: 2_000,
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
