const descriptions = {
  AT0003: "Invalid syntax",
  AT0005: "Buffer limit exceeded",
  AT0006: "Outbound connection limit exceeded",
  AT0007: "atServer not found",
  AT0008: "Handshake failure",
  AT0009: "UnAuthorized client in request",
  AT0011: "Internal server exception",
  AT0012: "Inbound connection limit exceeded",
  AT0013: "Blocked connection request",
  AT0015: "key not found",
  AT0016: "Invalid key",
  AT0021: "Unable to connect to atServer",
  AT0022: "Illegal arguments",
  AT0023: "Timeout",
  AT0025: "Enrollment denied",
  AT0026: "Enrollment pending",
  AT0027: "Enrollment revoked",
  AT0028: "Enrollment expired",
  AT0031: "Cannot revoke self enrollment",
  AT0032: "Illegal state",
  AT0401: "Client authentication failed",
} as const;

export type ServerErrorCode = keyof typeof descriptions;

export function isServerErrorCode(code: string): code is ServerErrorCode {
  return Object.hasOwn(descriptions, code);
}

/** Refusals that a client of good will does not run into: guessing, flooding, asking for what is not its own. */
const evidentCodes: ReadonlySet<ServerErrorCode> = new Set([
  "AT0005",
  "AT0009",
  "AT0012",
  "AT0013",
  "AT0022",
  "AT0401",
]);

/** A refusal by the sandbox atServer, written as `error:` in the form the connection expects. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: ServerErrorCode;
  /** Set on the response by a handler: `error:CODE:text`, in every state of the connection. */
  readonly plain: boolean;
  /** Set when the connection ends with it. */
  readonly closes: boolean;
  /** Set when the server's owner is told of it. */
  readonly isEvident: boolean;

  constructor(
    code: ServerErrorCode,
    message: string,
    options: { plain?: boolean; closes?: boolean; isEvident?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.plain = options.plain ?? false;
    this.closes = options.closes ?? false;
    this.isEvident = options.isEvident ?? (this.closes || evidentCodes.has(code));
  }

  /** What the code stands for, whatever happened in particular. */
  get description(): string {
    return descriptions[this.code];
  }

  /** The text after `error:` (specification 1.4). */
  format(connection: { isOwner: boolean; jsonErrors: boolean }): string {
    if (this.plain) return `${this.code}:${this.message}`;
    const text = connection.isOwner ? `${this.description} : ${this.message}` : `Exception: ${this.message}`;
    return connection.jsonErrors
      ? JSON.stringify({ errorCode: this.code, errorDescription: text })
      : `${this.code}-${text}`;
  }
}

/** The answer to everything that does not match its verb's grammar. */
export function syntaxError(message = "Invalid syntax. The arguments do not fit the verb"): ServerError {
  return new ServerError("AT0003", message);
}

export function keyNotFound(key: string): ServerError {
  return new ServerError("AT0015", `${key} does not exist in keystore`);
}
