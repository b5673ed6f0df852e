import { AppError } from "./errors.ts";

/** What the call gives; fails with what `late` makes when it takes longer than `ms`. The call itself goes on. */
export async function inTime<T>(
  call: Promise<T>,
  o: {
    readonly ms: number;
    readonly after: (ms: number, call: () => void) => () => void;
    readonly late: () => AppError;
  },
): Promise<T> {
  const over = Promise.withResolvers<never>();
  const cancel = o.after(o.ms, () => over.reject(o.late()));
  try {
    return await Promise.race([call, over.promise]);
  } finally {
    cancel();
  }
}

/**
 * Runs a call with a deadline of its own inside an outer signal's: resolves or fails by then even if the call ignores
 * its signal. Fails with "supplier-timeout", retryable.
 */
export async function withDeadline<T>(
  outer: AbortSignal,
  ms: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const signal = AbortSignal.any([outer, controller.signal]);
  const timer = setTimeout(() => controller.abort(), ms);
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      const why = outer.aborted ? "the request ended" : `no answer within ${ms} ms`;
      reject(new AppError("supplier-timeout", why, { retryable: true }));
    };
  });
  try {
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
    }
    return await Promise.race([aborted, call(signal)]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
