/** Codes this SDK raises itself; replies of an atServer keep the server's own code (`AT0015`, …). */
export type AtErrorCode =
  | `AT${number}`
  | "aborted"
  | "bad-challenge"
  | "bad-reply"
  | "bad-time"
  | "busy"
  | "closed"
  | "connect-failed"
  | "decrypt-failed"
  | "fingerprint-mismatch"
  | "invalid-at-sign"
  | "invalid-key"
  | "invalid-key-file"
  | "invalid-value"
  | "misaddressed"
  | "no-argon2"
  | "no-ml-dsa"
  | "not-in-directory"
  | "passphrase-needed"
  | "peer-key-changed"
  | "registrar-refused"
  | "timeout"
  | "unsupported-encryption"
  | "wrong-passphrase";

const retryableCodes: ReadonlySet<string> = new Set([
  "busy",
  "closed",
  "connect-failed",
  "timeout",
  "AT0006",
  "AT0007",
  "AT0012",
  "AT0021",
  "AT0023",
  "AT0024",
]);

/** The one error class of the SDK. Branch on `code`, never on the message. Messages carry no secrets. */
export class AtError extends Error {
  override readonly name = "AtError";
  readonly code: AtErrorCode;
  /** True when the same command may succeed later (connection, time-out, server busy). */
  readonly retryable: boolean;

  constructor(code: AtErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = retryableCodes.has(code);
  }
}

/** Turns anything thrown into an `AtError`; foreign errors get `code`. */
export function toAtError(error: unknown, code: AtErrorCode, message: string): AtError {
  return error instanceof AtError ? error : new AtError(code, message, { cause: error });
}
