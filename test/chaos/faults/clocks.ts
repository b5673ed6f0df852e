import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Names the folder of `Clocks` to the launcher. */
export const clocksVariable = "COUNTERSIGN_TEST_CLOCKS";
/** Whose clock may be wrong: the launcher's children, and what is started from a terminal (the launcher, commands). */
export const clockKinds = ["bot", "agent", "gateway", "sandbox", "terminal"] as const;
export type ClockKind = (typeof clockKinds)[number];

/** A process looks at its clock's file again after this long. */
const lookAgainS = 1;
const library = ["x86_64-linux-gnu", "aarch64-linux-gnu", "."]
  .map((machine) => path.join("/usr/lib", machine, "faketime", "libfaketimeMT.so.1"))
  .find((file) => existsSync(file));

/** Why no process can have a clock of its own here, or false. */
export function faketimeMissing(): string | false {
  return library === undefined ? "needs libfaketime (Debian: apt-get install faketime)" : false;
}

/** Gives a process the clock of its kind: wall-clock time only, so that timers and waits go on as they do. */
export function clockEnvironment(folder: string, kind: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library ?? "",
    FAKETIME_TIMESTAMP_FILE: path.join(folder, kind),
    FAKETIME_CACHE_DURATION: String(lookAgainS),
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    // The name it had before libfaketime 0.9.10.
    DONT_FAKE_MONOTONIC: "1",
    NO_FAKE_STAT: "1",
  };
}

/** The clocks of a system's processes, which may be set while they run. */
export class Clocks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.set(clockKinds, 0);
  }
  /** What the launcher, and each command, is started with. */
  get environment(): Readonly<Record<string, string>> {
    return { [clocksVariable]: this.#folder, ...clockEnvironment(this.#folder, "terminal") };
  }
  /** From now on, or a second later, these clocks are so many days ahead; negative: behind. */
  set(kinds: readonly ClockKind[], days: number): void {
    for (const kind of kinds) {
      const file = path.join(this.#folder, kind);
      // Whole at any moment: a process reads it whenever it likes.
      writeFileSync(`${file}.new`, `${days < 0 ? "-" : "+"}${Math.abs(days)}d\n`);
      renameSync(`${file}.new`, file);
    }
  }
}
