import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { environmentOf, launchedProcess } from "./our-processes.ts";
import type { TestSystem } from "./system.ts";

const mainFile = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const readyMs = 60_000;
const lookAgainMs = 200;

/** A further bot beside the one of a running system, on its record, queue and keys. */
export class ExtraBot {
  readonly #system: TestSystem;
  readonly #runtime: string;
  readonly #child: ChildProcess;

  private constructor(system: TestSystem, runtime: string, child: ChildProcess) {
    this.#system = system;
    this.#runtime = runtime;
    this.#child = child;
  }

  /** `change`: what its environment has beyond the first bot's. */
  static async start(
    system: TestSystem,
    name: string,
    change: Readonly<Record<string, string>> = {},
  ): Promise<ExtraBot> {
    const runtime = path.join(system.folder, name);
    mkdirSync(runtime, { mode: 0o700 });
    const own = { COUNTERSIGN_RUNTIME: runtime, COUNTERSIGN_CONSOLE_PORT: "0", ...change };
    const child = spawn(process.execPath, [mainFile, "bot"], {
      env: { ...environmentOf(firstBot(system)), ...own },
      stdio: "ignore",
    });
    const bot = new ExtraBot(system, runtime, child);
    const deadline = performance.now() + readyMs;
    while ((await bot.run("status", "--json")) === undefined) {
      assert.ok(performance.now() < deadline && child.exitCode === null, `bot ${name} does not start`);
      await pause(lookAgainMs);
    }
    return bot;
  }

  /** What a command that goes to this bot answers; undefined when it fails. */
  async run(...args: readonly string[]): Promise<string | undefined> {
    const { code, stdout } = await this.#system.runWith({ COUNTERSIGN_RUNTIME: this.#runtime }, ...args);
    return code === 0 ? stdout : undefined;
  }
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }
  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.kill(signal);
      await gone;
    }
  }
}

/** The process of the bot that the system's launcher started. */
export function firstBot(system: TestSystem): number {
  const found = launchedProcess(system, "bot");
  assert.ok(found !== undefined, "the system has no bot");
  return found.pid;
}
