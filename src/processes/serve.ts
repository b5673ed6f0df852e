import { toErrorInfo } from "../errors.ts";
import { startError } from "./start-error.ts";

export interface Running {
  /** Told to the launcher: addresses, never secrets. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Finishes what is under way and closes. */
  stop(): Promise<void>;
}

/**
 * The life of one process of the product: start, say `ready`, drain on SIGTERM or SIGINT, and end when the launcher
 * that forked it dies (its IPC channel closes), so that nothing outlives it.
 */
export async function serve(start: () => Promise<Running>): Promise<void> {
  let running: Running | undefined;
  let stopping = false;
  const stop = (): void => {
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
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.once("disconnect", stop);
  if (process.send !== undefined && !process.connected) {
    // The launcher died while this file was loading.
    process.exit(0);
  }
  try {
    running = await start();
  } catch (cause) {
    const error = startError(cause);
    const info = toErrorInfo(error);
    if (process.send === undefined) {
      throw error;
    }
    // The launcher says why.
    process.send({ type: "failed", code: info.code, message: info.message }, undefined, undefined, () =>
      process.exit(1),
    );
    return;
  }
  process.send?.({ type: "ready", info: running.info });
}
