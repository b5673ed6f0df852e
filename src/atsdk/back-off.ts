import { AtError } from "./at-error.ts";

const firstMs = 100;
const mostMs = 5_000;

/** Waits before try number `attempt` (from 0): doubling from 100 ms to 5 s, of which a random half is left out. */
export function backOff(attempt: number, signal?: AbortSignal): Promise<void> {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16));
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(new AtError("aborted", "The wait was given up."));
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      },
      full / 2 + (Math.random() * full) / 2,
    );
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
