import { toErrorInfo } from "../errors.ts";
import { startError } from "./start-error.ts";

export interface Running {
  /** Told to the launcher: addresses, never secrets. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Finishes what is under way and closes. */
  stop(): Promise<void>;
}

/** A process that has begun to stop ends by then, whatever hangs. */
const stopDeadlineMs = 15_000;
/** With the launcher the private Redis is gone as well; the next start wants the folders, and kill -9 is survived. */
const orphanDeadlineMs = 2_000;

/** Ends this process: it cannot do its work any more, and whoever supervises it starts it again. */
export type Fatal = (error: unknown) => void;

/**
 * The life of one process of the product: start, say `ready`, drain on SIGTERM or SIGINT, and end when the launcher
 * that forked it dies (its IPC channel closes), so that nothing outlives it.
 */
export async function serve(start: (fatal: Fatal) => Promise<Running>): Promise<void> {
  let running: Running | undefined;
  let stopping = false;
  const stop = (deadlineMs: number): void => {
    setTimeout(() => process.exit(1), deadlineMs);
    if (stopping) {
      return;
    }
    stopping = true;
    const ended = running?.stop() ?? Promise.resolve();
    void ended.then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  let fatalWhileStarting: { readonly error: unknown } | undefined;
  const fatal: Fatal = (error) => {
    if (running === undefined) {
      // A start that fails closes what it opened: its own reason is the one to tell.
      fatalWhileStarting ??= { error };
    } else if (!stopping) {
      const { code, message } = toErrorInfo(error);
      process.stderr.write(`fatal (${code}): ${message}\n`);
      process.exit(1);
    }
  };
  process.once("SIGTERM", () => stop(stopDeadlineMs));
  process.once("SIGINT", () => stop(stopDeadlineMs));
  process.once("disconnect", () => stop(orphanDeadlineMs));
  if (process.send !== undefined && !process.connected) {
    // The launcher died while this file was loading.
    process.exit(0);
  }
  try {
    running = await start(fatal);
  } catch (cause) {
    const error = startError(cause);
    const info = toErrorInfo(error);
    if (process.send === undefined) {
      throw error;
    }
    // The launcher says why.
    const detail = info.code === "internal" && error instanceof Error ? { detail: error.message } : {};
    process.send(
      { type: "failed", code: info.code, message: info.message, ...detail },
      undefined,
      undefined,
      () => process.exit(1),
    );
    return;
  }
  if (fatalWhileStarting !== undefined) {
    fatal(fatalWhileStarting.error);
  }
  process.send?.({ type: "ready", info: running.info });
}
