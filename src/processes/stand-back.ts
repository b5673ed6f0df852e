import { writeFile } from "node:fs/promises";
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";

const nicest = os.constants.priority.PRIORITY_LOW;
/** Linux takes one change in a tenth of a second from all who are not root. */
const againMs = 150;
const mostTries = 10;

/**
 * Makes a process that has just been started in a session of its own stand back `niceness` (1 to 19) behind this one
 * where processors are short. Where the operating system does not allow it, nothing changes; never fails.
 */
export async function standBack(pid: number, niceness: number): Promise<void> {
  const nice = Math.min(os.getPriority() + niceness, nicest);
  try {
    // At once: the threads that a process starts later are as nice as it is then.
    os.setPriority(pid, nice);
  } catch {
    return;
  }
  if (process.platform === "linux") {
    await weighSession(pid, nice);
  }
}

/** Where Linux shares processors among sessions first, niceness counts only within one (see `man 7 sched`, autogroup). */
async function weighSession(pid: number, nice: number): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    try {
      await writeFile(`/proc/${pid}/autogroup`, String(nice));
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) {
        // No such thing here, or the process has ended.
        return;
      }
    }
    await delay(againMs);
  }
}
