import type { RunId } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { Clock, Logger, Store } from "../ports.ts";
import type { Engine } from "./engine.ts";

const sweepMs = 2000;
const batch = 1000;
/** A run that could not be swept rests this long, so that many such runs leave room for the others. */
const restMs = 30_000;

export interface SweeperOptions {
  readonly store: Pick<Store, "dueRuns" | "postponeRun">;
  readonly engine: Pick<Engine, "due" | "admit">;
  /** While it is true no run is looked at: what has become due meanwhile waits. Default: never. */
  readonly frozen?: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Calls back once after `ms`; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
}
export interface Sweeper {
  /** Sweeps at once, in the background, and then every 2 s, the runs that are due. */
  start(): void;
  /** Resolves when the sweep under way is over. */
  stop(): Promise<void>;
}

/**
 * Does what the queue has not had done in time, and notices what time has brought about. Each queued step is due a
 * moment after its time, so a queue that lost everything is made up for without looking at any other run.
 */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { store, engine, clock, log } = options;
  let cancel: (() => void) | undefined;
  let stopped = false;
  let sweeping: Promise<void> = Promise.resolve();

  async function sweep(): Promise<void> {
    if (options.frozen?.() === true) {
      return;
    }
    await engine.admit().catch((error: unknown) => {
      log.error({ code: toErrorInfo(error).code }, "waiting-runs-not-begun");
    });
    try {
      for (const run of await store.dueRuns(clock.now(), batch)) {
        if (stopped) {
          return;
        }
        await sweepRun(run);
      }
    } catch (error) {
      log.error({ code: toErrorInfo(error).code }, "sweep-failed");
    }
  }

  async function sweepRun(run: RunId): Promise<void> {
    try {
      await engine.due(run);
    } catch (error) {
      log.error({ run, code: toErrorInfo(error).code }, "run-not-swept");
      await store.postponeRun(run, clock.now() + restMs);
    }
  }

  async function sweepAndGoOn(): Promise<void> {
    await sweep();
    if (!stopped) {
      cancel = options.after(sweepMs, sweepOn);
    }
  }
  function sweepOn(): void {
    sweeping = sweepAndGoOn();
  }

  return {
    start: sweepOn,
    async stop() {
      stopped = true;
      cancel?.();
      await sweeping;
    },
  };
}
