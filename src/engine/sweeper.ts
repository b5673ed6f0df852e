import type { RunId } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { Clock, Logger, Store } from "../ports.ts";
import type { Engine } from "./engine.ts";

const sweepMs = 2000;
const batch = 1000;
const allOpen = 100_000;

export interface SweeperOptions {
  readonly store: Pick<Store, "dueRuns" | "listRuns">;
  readonly engine: Pick<Engine, "due">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Calls back once after `ms`; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
}
export interface Sweeper {
  /** Sweeps all open runs at once, as if the queue were lost, then every 2 s those that are due. */
  start(): Promise<void>;
  /** Resolves when the sweep under way is over. */
  stop(): Promise<void>;
}

/** Derives again what the queue may have lost, and notices what time has brought about. */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { store, engine, clock, log } = options;
  let cancel: (() => void) | undefined;
  let stopped = false;
  let sweeping: Promise<void> = Promise.resolve();

  async function sweep(find: () => Promise<readonly RunId[]>, requeue: boolean): Promise<void> {
    try {
      for (const run of await find()) {
        if (stopped) {
          return;
        }
        await engine.due(run, { requeue }).catch((error: unknown) => {
          log.error({ run, code: toErrorInfo(error).code }, "run-not-swept");
        });
      }
    } catch (error) {
      log.error({ code: toErrorInfo(error).code }, "sweep-failed");
    }
  }

  async function sweepDue(): Promise<void> {
    await sweep(() => store.dueRuns(clock.now(), batch), false);
    next();
  }

  function next(): void {
    if (stopped) {
      return;
    }
    cancel = options.after(sweepMs, () => {
      sweeping = sweepDue();
    });
  }

  return {
    async start() {
      const open = async () => (await store.listRuns({ limit: allOpen, open: true })).map((run) => run.id);
      sweeping = sweep(open, true);
      await sweeping;
      next();
    },
    async stop() {
      stopped = true;
      cancel?.();
      await sweeping;
    },
  };
}
