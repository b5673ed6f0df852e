import type { Timers } from "../../../src/link/timers.ts";

/** Timers of one owner, who can drop all that still wait. */
export class OwnTimers implements Timers {
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  after(ms: number, call: () => void): () => void {
    const cancel = this.#timers.after(ms, () => {
      this.#waiting.delete(cancel);
      call();
    });
    this.#waiting.add(cancel);
    return () => {
      this.#waiting.delete(cancel);
      cancel();
    };
  }

  cancelAll(): void {
    for (const cancel of this.#waiting) {
      cancel();
    }
    this.#waiting.clear();
  }
}
