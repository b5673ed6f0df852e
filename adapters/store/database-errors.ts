import { dirname } from "node:path";
import { AppError } from "../../src/errors.ts";

/** What SQLite says about a failure, as it crosses the thread boundary. */
export interface SqliteFailure {
  /** Extended result code, see https://sqlite.org/rescode.html; 0 when it was not SQLite that failed. */
  readonly errcode: number;
  readonly message: string;
}

// Primary result codes (the low byte of an extended one).
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;

/** `file` is the database's; values never appear in these messages. */
export function sqliteError(failure: SqliteFailure, file: string): AppError {
  const { errcode, message } = failure;
  const place = dirname(file);
  switch (errcode & 0xff) {
    case SQLITE_BUSY:
      return inUse(place);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return notWritable(place, message, false);
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return notWritable(place, message, true);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(file, message);
    case SQLITE_CONSTRAINT:
      return new AppError("data-constraint", message);
    default:
      return new AppError("data-error", `database ${file}: ${message}`);
  }
}
function inUse(place: string): AppError {
  return new AppError(
    "data-in-use",
    `data folder ${place} is in use by another running process; stop it first`,
  );
}
export function notWritable(place: string, why: string, retryable: boolean): AppError {
  return new AppError(
    "data-not-writable",
    `data folder ${place} cannot be written (${why}); check free space, permissions and mount`,
    { retryable },
  );
}
function corrupt(file: string, why: string): AppError {
  return new AppError(
    "data-corrupt",
    `the database ${file} is damaged (${why}); restore a backup or move its folder away`,
  );
}
export function closed(place: string): AppError {
  return new AppError("data-unavailable", `the database in ${place} is closed`, { retryable: true });
}
export function readOnly(): AppError {
  return new AppError("read-only", "this is a reading access to the database: writes need a unit of work");
}

/** The server undid a unit that stood still, or that waited too long for another one. */
const undoneCodes: ReadonlySet<string> = new Set(["25P03", "55P03"]);

/** PostgreSQL: https://www.postgresql.org/docs/15/errcodes-appendix.html. The detail, which has values, is left out. */
export function postgresError(error: unknown, place: string): AppError {
  if (error instanceof AppError) {
    return error;
  }
  const code = postgresCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === "25006") {
    return readOnly();
  }
  if (code.startsWith("23")) {
    return new AppError("data-constraint", message);
  }
  if (code.startsWith("53") || code === "58030") {
    return new AppError("data-not-writable", `PostgreSQL (${place}) cannot write: ${message}`, {
      retryable: true,
    });
  }
  if (code.startsWith("XX")) {
    return new AppError("data-corrupt", `PostgreSQL (${place}) reports damaged data: ${message}`);
  }
  if (code === "40001" || code === "40P01") {
    // Deadlock or serialization failure: the transaction is undone and may be tried again.
    return new AppError("data-busy", `PostgreSQL (${place}): ${message}`, { retryable: true });
  }
  if (
    code.startsWith("08") ||
    code.startsWith("57") ||
    code.startsWith("28") ||
    undoneCodes.has(code) ||
    !/^[0-9A-Z]{5}$/.test(code)
  ) {
    return new AppError("data-unavailable", `PostgreSQL (${place}) cannot be used: ${message}`, {
      retryable: !code.startsWith("28"),
    });
  }
  // Class 22 (bad data) quotes values in its text.
  const text = code.startsWith("22") ? "bad data" : message;
  return new AppError("data-error", `PostgreSQL (${place}), error ${code}: ${text}`);
}
/** Empty where it was not the server that spoke: the operating system's "EPIPE" looks like one of its codes. */
function postgresCode(error: unknown): string {
  if (error instanceof Error && "syscall" in error) {
    return "";
  }
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  return typeof code === "string" ? code : "";
}

/** What a failure to open a SQLite file in this process means; `file` is named. */
export function openingError(error: unknown, file: string): AppError {
  if (error instanceof Error && "errcode" in error && typeof error.errcode === "number") {
    return sqliteError({ errcode: error.errcode, message: error.message }, file);
  }
  return notWritable(dirname(file), error instanceof Error ? error.message : String(error), false);
}
