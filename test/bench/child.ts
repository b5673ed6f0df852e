import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** What one process did since it started; a difference of two says what something cost. */
export interface Usage {
  /** Milliseconds of CPU. */
  readonly cpu: number;
  /** SQLite commits by what they wait for. */
  readonly full: number;
  readonly normal: number;
  /** Milliseconds of CPU spent in commits. */
  readonly commitCpu: number;
}

const usageSchema = z.object({
  usage: z.object({ cpu: z.number(), full: z.number(), normal: z.number(), commitCpu: z.number() }),
});

/** One process of the benchmark. */
export class Child {
  /** Its first message. */
  readonly ready: unknown;
  readonly #process: ChildProcess;

  constructor(child: ChildProcess, ready: unknown) {
    this.#process = child;
    this.ready = ready;
  }

  /** Resident memory now, in megabytes. */
  async residentMb(): Promise<number> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
  }

  /** Sends a message and resolves to the next one that comes. */
  async ask(message: object): Promise<unknown> {
    const answer = once(this.#process, "message");
    this.#process.send(message);
    return (await answer)[0];
  }

  async usage(): Promise<Usage> {
    return usageSchema.parse(await this.ask({ usage: true })).usage;
  }

  /** Ends it by closing its channel. */
  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.disconnect();
      await ended;
    }
  }
}

/** Processes of the benchmark, which end together. */
export class Children {
  readonly #children: Child[] = [];

  /** Starts a TypeScript file beside this one (or `../../…`); resolves once it sent its first message. */
  async start(
    file: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Child> {
    const counter = new URL("count-usage.ts", import.meta.url).href;
    const tracer = new URL("trace-calls.ts", import.meta.url).href;
    const started = fork(fileURLToPath(new URL(file, import.meta.url)), [...args], {
      env: { ...process.env, ...environment },
      execArgv: [...process.execArgv, "--import", counter, "--import", tracer],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const ready = await new Promise<unknown>((resolve, reject) => {
      started.once("message", resolve);
      started.once("exit", (code) => reject(new Error(`${file} ended with code ${code}`)));
    });
    const child = new Child(started, ready);
    this.#children.push(child);
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.#children.splice(0).toReversed()) {
      await child.end();
    }
  }
}
