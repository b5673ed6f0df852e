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
/** One that is to start again has more time: it ends by itself before that, unless it stands still. */
const restartMs = 20_000;
/** A first start that takes longer is worth a word. */
const slowMs = 30_000;
/** A first start that somebody killed is tried again, but not for ever. */
const mostStarts = 3;

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
  /** Resolves with what the child told when it was first ready; rejects when it was not, see `startChild`. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>;
  /** Told what the child tells each time it is ready after that. */
  onReadyAgain(listener: (info: Readonly<Record<string, unknown>>) => void): void;
  /**
   * Ends the process in order, or by force where it stands still; like any that ends it is started again, with the
   * environment as it is then.
   */
  restart(): void;
  /** SIGTERM, then SIGKILL for one that does not drain in time. */
  stop(): Promise<void>;
}

/**
 * Starts `countersign NAME …` as a child with an IPC channel and restarts it whenever it ends, until stopped.
 * A first start that fails by itself is not retried: its reason is given instead. One that was killed is.
 */
export function startChild(o: {
  readonly name: string;
  readonly args: readonly string[];
  /** All of it: nothing is inherited. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** Instead of `countersign`; for tests. */
  readonly program?: string;
  /** How far it stands back for this process and its other children where processors are short: 1 to 19. */
  readonly niceness?: number;
  /** How long one that ends again and again waits for its next start at most. Default 10 s. */
  readonly longestBackOffMs?: number;
  readonly onStart?: () => void;
  readonly onRestart?: (name: string, reason: string) => void;
  /** It is not ready yet, after a time in which others are. */
  readonly onSlow?: (name: string) => void;
}): Child {
  let current: ChildProcess | undefined;
  let stopping = false;
  let wasReady = false;
  let backOff = firstBackOffMs;
  let starts = 0;
  let timer: NodeJS.Timeout | undefined;
  let readyAgain: (info: Readonly<Record<string, unknown>>) => void = () => undefined;
  const { promise: ready, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();

  const fail = (reason: string): void => reject(new AppError("child-failed", `${o.name} ${reason}`));
  const start = (): void => {
    const startedAt = performance.now();
    let failure = "";
    starts += 1;
    const ended = (reason: string, again: boolean): void => {
      if (stopping || !again) {
        fail(reason);
        return;
      }
      o.onRestart?.(o.name, reason);
      backOff =
        performance.now() - startedAt > settledMs
          ? firstBackOffMs
          : Math.min(backOff * 2, o.longestBackOffMs ?? longestBackOffMs);
      timer = setTimeout(start, backOff);
    };
    let child: ChildProcess;
    try {
      child = fork(o.program ?? mainFile, [...o.args], {
        env: { ...o.environment() },
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        execArgv: [],
        // A terminal's Ctrl-C must reach the launcher only: it stops its children in order.
        detached: true,
      });
    } catch (error) {
      ended(`could not be started: ${String(error)}`, wasReady);
      return;
    }
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
      // Code 0 without being ready: it was told to end.
      const wasKilled = failure === "" && (signal !== null || code === 0);
      const reason = failure || `ended with ${signal ?? `code ${code ?? "?"}`}`;
      ended(reason, wasReady || (wasKilled && starts < mostStarts));
    });
    child.on("error", (error) => {
      // Also told of a message or signal that did not reach it; then its end is told by "exit".
      if (child.pid === undefined) {
        ended(`could not be started: ${error.message}`, wasReady);
      }
    });
  };
  start();
  const slow = setTimeout(() => o.onSlow?.(o.name), slowMs);
  ready.finally(() => clearTimeout(slow)).catch(() => undefined);
  return {
    name: o.name,
    pid: () => current?.pid,
    ready,
    onReadyAgain(listener) {
      readyAgain = listener;
    },
    restart() {
      if (current !== undefined && isAlive(current)) {
        void end(current, restartMs);
      }
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      fail("was stopped before it was ready");
      const child = current;
      if (child !== undefined && isAlive(child)) {
        await end(child, drainMs);
      }
    },
  };
}

function isAlive({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}
/** Resolves when it has ended, of which it is given so long. */
function end(child: ChildProcess, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const kill = setTimeout(() => child.kill("SIGKILL"), ms);
    child.once("exit", () => {
      clearTimeout(kill);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
