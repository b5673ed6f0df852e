import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A disk of its own in an empty folder, in memory. */
export class SmallDisk {
  readonly folder: string;
  readonly #ballast: string;

  constructor(folder: string, megabytes: number) {
    this.folder = folder;
    this.#ballast = path.join(folder, "ballast");
    const settings = `size=${megabytes}m,mode=0700`;
    execFileSync("mount", ["-t", "tmpfs", "-o", settings, "tmpfs", folder], { stdio: "ignore" });
  }
  /** Takes all the room that is left. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.folder);
    try {
      writeFileSync(this.#ballast, new Uint8Array(bavail * bsize), { flag: "a" });
    } catch (error) {
      // Somebody else took some of it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") {
        throw error;
      }
    }
  }
  empty(): void {
    rmSync(this.#ballast, { force: true });
  }
  /** The folder stays. */
  remove(): void {
    // Lazily: a process that is just being killed may still have a file open.
    execFileSync("umount", ["-l", this.folder]);
  }
}

/** Why no small disk can be made here, or false. */
export function smallDiskMissing(): string | false {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-disk-"));
  try {
    new SmallDisk(folder, 1).remove();
    return false;
  } catch {
    return "needs the right to mount a tmpfs (Linux, root)";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
