import { ZodError } from "zod";
import type { ErrorInfo } from "./domain.ts";

/**
 * The one error of the product. `code` is kebab-case and stable: callers branch on it, never on the text.
 * `retryable` says whether the same call may succeed later without a change. Survives JSON by `toErrorInfo`.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: string;
  readonly retryable: boolean;
  /** How long whoever refused asks to be left alone, in milliseconds; with "rate-limited". Stays in this process. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

const internal: ErrorInfo = Object.freeze({ code: "internal", message: "internal error", retryable: false });
const longestTrace = 8;

/**
 * Any thrown value as plain data; what is not an AppError becomes `internal`, without its text: that may hold anything.
 */
export function toErrorInfo(error: unknown): ErrorInfo {
  return error instanceof AppError
    ? { code: error.code, message: error.message, retryable: error.retryable }
    : internal;
}

/**
 * The same where a request is parsed: what it holds that is not as expected becomes `bad-request`, naming the field.
 */
export function toRequestError(error: unknown): ErrorInfo {
  if (error instanceof ZodError) {
    const issue = error.issues[0];
    const field = issue?.path.join(".") ?? "";
    const where = field === "" ? "the request" : `field "${field}"`;
    return { code: "bad-request", message: `${where}: ${issue?.message ?? "not valid"}`, retryable: false };
  }
  return error instanceof SyntaxError
    ? { code: "bad-request", message: "the request is not JSON", retryable: false }
    : toErrorInfo(error);
}

/** Where an error was thrown, for logs: its kind and its stack's places, never its text. */
export function traceOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) {
    return [typeof error];
  }
  const text = `${error.name}: ${error.message}`;
  const places = (error.stack ?? "").startsWith(text) ? (error.stack ?? "").slice(text.length) : "";
  const lines = places.split("\n").map((line) => line.trim());
  return [error.name, ...lines.filter((line) => line.startsWith("at ")).slice(0, longestTrace)];
}

/** The inverse of `toErrorInfo`, for errors that came over a wire. */
export function fromErrorInfo(info: ErrorInfo): AppError {
  return new AppError(info.code, info.message, { retryable: info.retryable });
}
