/** Does something again and again, each time after the one before is over, until it is stopped. */
export interface Repeated {
  start(): void;
  /** Resolves when what is under way is over. */
  stop(): Promise<void>;
}

/** `task` must not fail. Times in milliseconds; `firstMs` from the start on. */
export function repeat(
  task: () => Promise<void>,
  o: {
    readonly firstMs: number;
    readonly everyMs: number;
    /** Calls back once after `ms`; the result cancels. */
    readonly after: (ms: number, call: () => void) => () => void;
  },
): Repeated {
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;

  function next(ms: number): void {
    if (!stopped) {
      cancel = o.after(ms, () => {
        running = turn();
      });
    }
  }
  async function turn(): Promise<void> {
    await task();
    next(o.everyMs);
  }
  return {
    start: () => next(o.firstMs),
    async stop() {
      stopped = true;
      cancel?.();
      await running;
    },
  };
}
