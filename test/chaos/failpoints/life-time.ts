import type { Timers } from "../../../src/link/timers.ts";
import type { Clock } from "../../../src/ports.ts";

/** The clock and timers of one life. Time goes on, from timer to timer, only when it is told to. */
export class LifeTime implements Clock, Timers {
  #now: number;
  #due: { readonly at: number; readonly call: () => void }[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#due.push(timer);
    return () => {
      this.#due = this.#due.filter((each) => each !== timer);
    };
  }

  /** Goes to the next timer and calls it. */
  next(): void {
    const next = this.#due.toSorted((a, b) => a.at - b.at)[0];
    if (next !== undefined) {
      this.#due = this.#due.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
  }
}
