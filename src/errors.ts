import type { ErrorInfo } from "./domain.ts";

/**
 * The one error of the product. `code` is kebab-case and stable: callers branch on it, never on the text.
 * `retryable` says whether the same call may succeed later without a change. Survives JSON by `toErrorInfo`.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: string;
  readonly retryable: boolean;

  constructor(
    code: string,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** Any thrown value as plain data; what is not an AppError becomes `internal`, without its text's details. */
export function toErrorInfo(error: unknown): ErrorInfo {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message: `internal error: ${message}`, retryable: false };
}

/** The inverse of `toErrorInfo`, for errors that came over a wire. */
export function fromErrorInfo(info: ErrorInfo): AppError {
  return new AppError(info.code, info.message, { retryable: info.retryable });
}
