import { setTimeout as pause } from "node:timers/promises";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { type OurProcess, ourProcesses } from "../e2e/our-processes.ts";
import type { TestSystem } from "../e2e/system.ts";
import { caseText, type ChaosCase, type Target } from "./chaos-case.ts";
import type { Progress } from "./progress.ts";

const kinds: Readonly<Record<Exclude<Target, "everything">, RegExp>> = {
  launcher: /main\.ts up\b/,
  bot: /main\.ts bot\b/,
  agents: /main\.ts agent\b/,
  gateway: /main\.ts gateway\b/,
  sandbox: /main\.ts sandbox\b/,
  redis: /^\S*(redis|valkey)-server/,
};
const hasRedis = findRedisServer(process.env.PATH ?? "") !== undefined;
const patienceMs = 60_000;
const lookAgainMs = 20;
const mostStarts = 5;

/** Kills a system's processes, and starts the launcher again where that was killed, as a supervisor or person would. */
export class Killer {
  readonly #system: TestSystem;
  #starting: Promise<void> | undefined;

  constructor(system: TestSystem) {
    this.#system = system;
  }

  /** Does a case's kills; resolves when the system has been started again. */
  async kill(chaos: ChaosCase, progress: Progress): Promise<void> {
    await progress.at(chaos.moment);
    for (const { target, afterMs } of chaos.kills) {
      await pause(afterMs);
      await this.#killOne(target, caseText(chaos));
    }
    await this.#starting;
  }
  async #killOne(target: Target, what: string): Promise<void> {
    const victims = target === "everything" ? this.#all() : await this.#one(target);
    // The launcher first: it must not see its children end.
    victims
      .toSorted((a, b) => Number(isKind("launcher", b)) - Number(isKind("launcher", a)))
      .forEach(({ pid }) => kill(pid));
    // A start that is under way notices by itself.
    if (victims.some((each) => isKind("launcher", each)) && this.#starting === undefined) {
      const starting = this.#startAgain(what).finally(() => {
        this.#starting = undefined;
      });
      starting.catch(() => undefined);
      this.#starting = starting;
    }
  }
  /** A launcher that was killed while it started, or whose child was, is started once more. */
  async #startAgain(what: string): Promise<void> {
    for (let starts = 1; ; starts += 1) {
      try {
        await this.#system.start();
        return;
      } catch (error) {
        if (starts === mostStarts) {
          throw new Error(`${what}: not started again: ${String(error)}`, { cause: error });
        }
      }
    }
  }
  #all(): readonly OurProcess[] {
    return this.#ours().filter((each) => Object.values(kinds).some((kind) => kind.test(each.command)));
  }
  async #one(target: Exclude<Target, "everything">): Promise<readonly OurProcess[]> {
    // Without Redis the queue is in the bot's memory: there is nothing to kill.
    const deadline = performance.now() + (target === "redis" && !hasRedis ? 0 : patienceMs);
    while (performance.now() < deadline) {
      const found = this.#ours().find((each) => isKind(target, each));
      if (found !== undefined) {
        return [found];
      }
      await pause(lookAgainMs);
    }
    return [];
  }
  #ours(): readonly OurProcess[] {
    return ourProcesses(this.#system.folder);
  }

  /** What is not there exactly once, some time after the last kill. */
  async census(): Promise<readonly string[]> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const all = this.#ours();
      const faults = Object.entries(kinds).flatMap(([name, kind]) => {
        const count = all.filter((each) => kind.test(each.command)).length;
        const wanted = name === "redis" && !hasRedis ? 0 : 1;
        return count === wanted ? [] : [`${count} processes "${name}"`];
      });
      if (faults.length === 0 || performance.now() > deadline) {
        return faults;
      }
      await pause(lookAgainMs);
    }
  }
  leftOver(): readonly string[] {
    return this.#ours().map(({ pid, command }) => `left over: ${pid} ${command}`);
  }
  killAll(): void {
    this.#ours().forEach(({ pid }) => kill(pid));
  }
}

function isKind(target: Exclude<Target, "everything">, { command }: OurProcess): boolean {
  return kinds[target].test(command);
}
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
