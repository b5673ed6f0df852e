import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stringify } from "csv-stringify/sync";
import type { RunResult } from "../../src/run-result.ts";
import { fillFromStarted } from "./started-folder.ts";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const mainFile = path.join(root, "src", "main.ts");

export interface Ready {
  readonly console: string;
  readonly links: Readonly<Record<string, string>>;
  readonly pids: Readonly<Record<string, number>>;
  readonly data: string;
  readonly atDirectory: string;
  readonly ca: string;
}
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface EndedRun {
  readonly status: string;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly steps: readonly { readonly id: string; readonly status: string }[];
}
export interface Asked {
  readonly code: number;
  readonly lines: readonly { readonly type: string }[];
  readonly result: RunResult;
}

/** A whole system of its own in a temporary folder, driven through the real command line. */
export class TestSystem {
  readonly folder = mkdtempSync(path.join(tmpdir(), "cs-e2e-"));
  readonly #environment: NodeJS.ProcessEnv;
  readonly #special: readonly string[];
  #launcher: ChildProcess | undefined;
  readonly #commands = new Set<ChildProcess>();

  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.#special = Object.keys(environment);
    this.#environment = {
      ...process.env,
      COUNTERSIGN_DATA: path.join(this.folder, "data"),
      COUNTERSIGN_RUNTIME: path.join(this.folder, "run"),
      COUNTERSIGN_CONSOLE_PORT: "0",
      ...environment,
    };
  }
  get data(): string {
    return path.join(this.folder, "data");
  }
  get launcherPid(): number {
    return this.#launcher?.pid ?? 0;
  }
  /** `up`; resolves with its ready line. A first start without anything special begins with a copy of one. */
  async start(
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Ready> {
    fillFromStarted(this.data, [...this.#special, ...args, ...Object.keys(environment)]);
    const launcher = spawn(process.execPath, [mainFile, "up", "--json", ...args], {
      env: { ...this.#environment, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#launcher = launcher;
    let errors = "";
    launcher.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const lines = createInterface({ input: launcher.stdout });
    for await (const line of lines) {
      const value = JSON.parse(line) as { type: string };
      if (value.type === "ready") {
        launcher.stdout.resume();
        return value as unknown as Ready;
      }
    }
    throw new Error(`the system did not start: ${errors}`);
  }
  /** Ctrl-C, until it has ended. */
  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    const launcher = this.#launcher;
    if (launcher === undefined || launcher.exitCode !== null || launcher.signalCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => launcher.once("exit", resolve));
    launcher.kill(signal);
    await ended;
  }
  run(...args: readonly string[]): Promise<CommandResult> {
    return this.runWith({}, ...args);
  }
  /** One command of the command line. */
  runWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<CommandResult> {
    return this.#spawn({ env: { ...this.#environment, ...environment } }, args);
  }
  /** As another user of the operating system; needs root. */
  runAs(uid: number, ...args: readonly string[]): Promise<CommandResult> {
    return this.#spawn({ env: this.#environment, uid, gid: uid }, args);
  }
  #spawn(
    options: { readonly env: NodeJS.ProcessEnv; readonly uid?: number; readonly gid?: number },
    args: readonly string[],
    onLine?: (line: string) => void,
  ): Promise<CommandResult> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [mainFile, ...args], {
        ...options,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      if (onLine !== undefined) {
        createInterface({ input: child.stdout }).on("line", onLine);
      }
      this.#commands.add(child);
      child.on("exit", () => this.#commands.delete(child));
      child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
  }
  /** `ask --json`: its lines and the last one, the result. */
  ask(text: string, ...args: readonly string[]): Promise<Asked> {
    return this.askWatched(() => undefined, text, ...args);
  }
  /** The same; `onLine` gets each line of its answer as it comes. */
  async askWatched(onLine: (line: string) => void, text: string, ...args: readonly string[]): Promise<Asked> {
    const command = ["ask", text, "--json", ...args];
    const { code, stdout, stderr } = await this.#spawn({ env: this.#environment }, command, onLine);
    const lines = stdout
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { type: string });
    const last = lines.at(-1);
    if (last?.type !== "result") {
      throw new Error(`ask gave no result (exit ${code}): ${stdout}${stderr}`);
    }
    return { code, lines, result: last as unknown as RunResult };
  }
  /** The rows of a kind of the books. */
  async books<T>(kind: string): Promise<readonly T[]> {
    return JSON.parse((await this.run("books", kind, "--json")).stdout) as T[];
  }
  /** Adds or changes rows of the books, through `import`. */
  async load(kind: string, ...rows: readonly object[]): Promise<void> {
    const file = path.join(this.folder, `${kind}.csv`);
    writeFileSync(file, stringify([...rows], { header: true }));
    const { code, stderr } = await this.run("import", kind, file);
    if (code !== 0) {
      throw new Error(stderr);
    }
  }
  /** A run as `run ID --json` shows it once it has ended. */
  async ended(run: string): Promise<EndedRun> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const shown = JSON.parse((await this.run("run", run, "--json")).stdout) as EndedRun;
      if (["completed", "failed", "cancelled"].includes(shown.status) || performance.now() > deadline) {
        return shown;
      }
    }
  }
  /** Everything the processes logged, for messages of failed tests. */
  logs(): string {
    const folder = path.join(this.data, "log");
    return readdirSync(folder)
      .map((name) => `--- ${name}\n${readFileSync(path.join(folder, name), "utf8")}`)
      .join("\n");
  }
  async remove(): Promise<void> {
    // Only a test that failed leaves commands behind.
    this.#commands.forEach((child) => child.kill("SIGKILL"));
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
