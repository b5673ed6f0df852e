import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Processes of the benchmark; each ends when its channel to this one closes. */
export class Children {
  readonly #children: ChildProcess[] = [];

  /** Starts a TypeScript file beside this one (or `../../…`) and resolves to its first message. */
  start(
    file: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), [...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#children.push(child);
    return new Promise((resolve, reject) => {
      child.once("message", resolve);
      child.once("exit", (code) => reject(new Error(`${file} ended with code ${code}`)));
    });
  }
  async stop(): Promise<void> {
    for (const child of this.#children.splice(0).toReversed()) {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.disconnect();
        await ended;
      }
    }
  }
}
