import { AppError } from "../../src/errors.ts";

/** Not reached, or failing by its own account: the same call may succeed later. */
export function supplierDown(supplier: string, what: string, cause?: unknown): AppError {
  return new AppError("supplier-down", `${supplier} cannot be reached: ${what}`, { retryable: true, cause });
}

const neverConnected = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

/** A failed connection: "supplier-unreachable" when none was made, so that surely nothing was sent. */
export function connectionFailed(supplier: string, error: TypeError): AppError {
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return neverConnected.has(code)
    ? new AppError("supplier-unreachable", `${supplier} cannot be reached: no connection (${code})`, {
        retryable: true,
        cause: error,
      })
    : supplierDown(supplier, "the connection failed", error);
}

/** No complete answer before the caller's deadline. Whether an order was booked is unknown. */
export function supplierSlow(supplier: string): AppError {
  return new AppError("supplier-slow", `${supplier} did not answer before the deadline`, { retryable: true });
}

/** An answer that is not what the protocol says. Whether an order was booked is unknown. */
export function supplierGarbage(supplier: string, what: string, cause?: unknown): AppError {
  return new AppError("supplier-garbage", `the answer of ${supplier} cannot be used: ${what}`, { cause });
}

/** A clear no, in the supplier's own words, which are data and already checked to be plain text. */
export function supplierRefused(supplier: string, code: string, words: string): AppError {
  return new AppError("supplier-refused", `${supplier} refused (${code}): ${words}`);
}
