import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { standBack } from "./stand-back.ts";

const mainFile = fileURLToPath(new URL("../main.ts", import.meta.url));
const firstBackOffMs = 200;
const longestBackOffMs = 10_000;
/** A child that ran this long before it ended is restarted without delay. */
const settledMs = 30_000;
const drainMs = 5_000;

/** What a child says to the launcher over its IPC channel. */
const message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), info: z.record(z.string(), z.unknown()) }),
  z.object({
    type: z.literal("failed"),
    code: z.string(),
    message: z.string(),
    /** What an unexpected error said; for the terminal of who starts it. */
    detail: z.string().optional(),
  }),
]);

export interface Child {
  readonly name: string;
  readonly pid: () => number | undefined;
  /** Resolves with what the child told when it was first ready; rejects when its first start failed. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>;
  /** Told what the child tells each time it is ready after that. */
  onReadyAgain(listener: (info: Readonly<Record<string, unknown>>) => void): void;
  /** Ends the process in order; like any that ends it is started again, with the environment as it is then. */
  restart(): void;
  /** SIGTERM, then SIGKILL for one that does not drain in time. */
  stop(): Promise<void>;
}

/**
 * Starts `countersign NAME …` as a child with an IPC channel and restarts it whenever it ends, until stopped.
 * A first start that fails is not retried: its reason is given instead.
 */
export function startChild(o: {
  readonly name: string;
  readonly args: readonly string[];
  /** All of it: nothing is inherited. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** How far it stands back for this process and its other children where processors are short: 1 to 19. */
  readonly niceness?: number;
  readonly onStart?: () => void;
  readonly onRestart?: (name: string, reason: string) => void;
}): Child {
  let current: ChildProcess | undefined;
  let stopping = false;
  let wasReady = false;
  let backOff = firstBackOffMs;
  let timer: NodeJS.Timeout | undefined;
  let readyAgain: (info: Readonly<Record<string, unknown>>) => void = () => undefined;
  const { promise: ready, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();

  const start = (): void => {
    const startedAt = performance.now();
    let failure = "";
    const child = fork(mainFile, [...o.args], {
      env: { ...o.environment() },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      execArgv: [],
      // A terminal's Ctrl-C must reach the launcher only: it stops its children in order.
      detached: true,
    });
    current = child;
    if (child.pid !== undefined && o.niceness !== undefined) {
      void standBack(child.pid, o.niceness);
    }
    o.onStart?.();
    child.on("message", (raw) => {
      const parsed = message.safeParse(raw);
      if (parsed.success && parsed.data.type === "ready") {
        if (wasReady) {
          readyAgain(parsed.data.info);
        }
        wasReady = true;
        resolve(parsed.data.info);
      } else if (parsed.success && parsed.data.type === "failed") {
        const { code, message: text, detail } = parsed.data;
        failure = text;
        if (!wasReady) {
          reject(new AppError(code, text, detail === undefined ? {} : { cause: new Error(detail) }));
        }
      }
    });
    child.on("exit", (code, signal) => {
      const reason = failure || `ended with ${signal ?? `code ${code ?? "?"}`}`;
      if (stopping || !wasReady) {
        reject(new AppError("child-failed", `${o.name} ${reason}`));
        return;
      }
      o.onRestart?.(o.name, reason);
      backOff =
        performance.now() - startedAt > settledMs ? firstBackOffMs : Math.min(backOff * 2, longestBackOffMs);
      timer = setTimeout(start, backOff);
    });
  };
  start();
  ready.catch(() => undefined);
  return {
    name: o.name,
    pid: () => current?.pid,
    ready,
    onReadyAgain(listener) {
      readyAgain = listener;
    },
    restart() {
      current?.kill("SIGTERM");
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      const child = current;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        return;
      }
      await new Promise<void>((done) => {
        const kill = setTimeout(() => child.kill("SIGKILL"), drainMs);
        child.once("exit", () => {
          clearTimeout(kill);
          done();
        });
        child.kill("SIGTERM");
      });
    },
  };
}
