import { chmodSync, mkdirSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { AppError } from "../errors.ts";

/** 0700 and ours: sockets in it are as safe as the folder. */
export function makeRuntimeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = statSync(folder);
  if (process.platform !== "win32" && uid !== os.userInfo().uid) {
    throw new AppError(
      "data-not-writable",
      `the runtime folder ${folder} belongs to another user; set COUNTERSIGN_RUNTIME`,
    );
  }
  chmodSync(folder, 0o700);
  const longest = path.join(folder, "gateway.sock");
  if (Buffer.byteLength(longest) > 100) {
    throw new AppError(
      "bad-setting",
      `COUNTERSIGN_RUNTIME "${folder}" is too long for unix sockets: use a shorter folder`,
    );
  }
}
