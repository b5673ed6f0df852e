import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** A process that is killed with kill -9 and started again, with the same arguments unless told others. */
export class MortalProcess {
  readonly #file: string;
  readonly #args: () => readonly string[];
  readonly #onMessage: (message: unknown) => void;
  #child: ChildProcess | undefined;

  /** `args` is asked at each start. */
  constructor(file: string, args: () => readonly string[], onMessage: (message: unknown) => void) {
    this.#file = fileURLToPath(new URL(file, import.meta.url));
    this.#args = args;
    this.#onMessage = onMessage;
  }

  /** Resolves to what it says when it is ready; fails when it ends before, other than by `kill`. */
  start(): Promise<unknown> {
    // In a group of its own, so that Ctrl-C reaches only who judges.
    const child = fork(this.#file, [...this.#args()], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      detached: true,
    });
    this.#child = child;
    return new Promise((resolve, reject) => {
      child.on("message", (message) => {
        const said = readySchema.safeParse(message);
        if (said.success) {
          resolve(said.data.ready);
        } else {
          this.#onMessage(message);
        }
      });
      child.once("exit", (code, signal) => {
        if (signal === "SIGKILL") {
          resolve(undefined);
        } else {
          reject(new Error(`${this.#file} ended with code ${code}, signal ${signal}`));
        }
      });
    });
  }

  send(message: object): void {
    if (this.#child?.connected === true) {
      this.#child.send(message);
    }
  }

  /** Tells it to stop and resolves when it is gone; one that is gone is left alone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.connected === true) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.send({ stop: true });
      await gone;
    }
  }

  /** Makes it stand still, or go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name);
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }
}
const readySchema = z.object({ ready: z.unknown() }).refine((message) => "ready" in message);
