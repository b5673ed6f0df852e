/** Waiting, injected so that tests own time. */
export interface Timers {
  /** Calls once after `ms`; the function returned cancels it. */
  after(ms: number, call: () => void): () => void;
}

/** A longer wait would overflow and end at once; no wait of ours is as long. */
const maxTimeoutMs = 2_147_483_647;

/** Real time. */
export const systemTimers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, maxTimeoutMs));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    return Promise.resolve();
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = timers.after(ms, resolve);
  signal.addEventListener(
    "abort",
    () => {
      cancel();
      resolve();
    },
    { once: true },
  );
  return promise;
}
