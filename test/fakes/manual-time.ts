import type { Timers } from "../../src/link/timers.ts";
import type { Clock } from "../../src/ports.ts";

/** Time that moves only when a test says so: a clock and the timers that go by it. */
export class ManualTime implements Clock, Timers {
  #now: number;
  #wrongBy = 0;
  #due: { readonly at: number; readonly call: () => void }[] = [];

  constructor(start: number = Date.parse("2026-01-05T10:00:00.000Z")) {
    this.#now = start;
  }

  now(): number {
    return this.#now + this.#wrongBy;
  }
  /** From now on the clock is wrong by so much, 0: right again; timers go on as they were. */
  setWrong(byMs: number): void {
    this.#wrongBy = byMs;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#due.push(timer);
    return () => {
      this.#due = this.#due.filter((each) => each !== timer);
    };
  }

  /** Moves time on, calling each timer at its moment and letting what it started settle. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#due.filter((each) => each.at <= until).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) {
        break;
      }
      this.#due = this.#due.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  /** Moves time on at once, as for a machine that slept: each timer that fell due is called once, late. */
  async jump(ms: number): Promise<void> {
    this.#now += ms;
    const late = this.#due.filter((each) => each.at <= this.#now);
    this.#due = this.#due.filter((each) => each.at > this.#now);
    late.forEach((each) => each.call());
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Waits for what other threads or sockets do; fails when it does not come about. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) {
      throw new Error(`never came about: ${what}`);
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
