import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

const schema = z.object({ launcher: z.int().positive(), children: z.array(z.int().positive()) });
const fileOf = (data: string) => path.join(data, "launcher.json");
const lookAgainMs = 50;

/** The processes of the system that has, or had, this data folder. An orderly end removes the file. */
type LauncherState = z.infer<typeof schema>;

export function writeLauncherState(data: string, state: LauncherState): void {
  const file = fileOf(data);
  writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
export function removeLauncherState(data: string): void {
  rmSync(fileOf(data), { force: true });
}
/** Undefined when no system runs here and the last one ended in order; a file that cannot be read counts as none. */
export function readLauncherState(data: string): LauncherState | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(fileOf(data), "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * Waits for what a launcher that was killed has left: its children drain on their own and hold databases, ports and
 * sockets until then. Call it with the data folder's lock. What is not gone by then is said by whoever needs its place.
 */
export async function waitForOrphans(data: string, ms: number, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + ms;
  const left = readLauncherState(data)?.children ?? [];
  while (left.some(isAlive) && performance.now() < deadline) {
    if (signal?.aborted === true) {
      return;
    }
    await pause(lookAgainMs);
  }
}

/** A process of somebody else's with that number is none of ours. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    return false;
  }
}
