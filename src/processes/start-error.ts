import { AppError } from "../errors.ts";

const diskCodes = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOTDIR", "EISDIR"]);

// Primary result codes of SQLite: read-only, input or output, full, cannot open.
const sqliteDiskCodes = new Set([8, 10, 13, 14]);

/** A start's failure as people should read it: what the disk refused is said as that, with the file. */
export function startError(error: unknown): unknown {
  if (error instanceof Error && "code" in error && diskCodes.has(String(error.code))) {
    const place =
      "path" in error ? error.path : "address" in error ? error.address : "a file of the data folder";
    return new AppError(
      "data-not-writable",
      `${String(place)} cannot be used (${String(error.code)}): check free space, permissions and mount`,
      { cause: error },
    );
  }
  if (error instanceof Error && "errcode" in error && sqliteDiskCodes.has(Number(error.errcode) & 0xff)) {
    return new AppError(
      "data-not-writable",
      `a database of the data folder cannot be written (${error.message}): check free space, permissions and mount`,
      { cause: error },
    );
  }
  return error;
}
