import type { Clock } from "../ports.ts";
import type { Timers } from "./timers.ts";

/** What survives a process: where to go on receiving. */
export interface ResumeMemory {
  getValue(key: string): Promise<string | undefined>;
  setValue(key: string, value: string): Promise<void>;
}

const key = "link:resume";
const saveDelayMs = 500;
/** An atServer's clock may be ahead by this; a time beyond it would hide all messages until then. */
const skewMs = 60_000;

/**
 * The time (of our atServer's clock) up to which every message was handled. Messages finish in any order; the point
 * moves past one only when all before it are done. Saved at most twice a second: after a crash a few messages come
 * again, and are known by their inbox keys.
 */
export class ResumePoint {
  readonly #memory: ResumeMemory;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #pending: { readonly epochMillis: number; done: boolean }[] = [];
  #reached = 0;
  #saved = 0;
  #saving: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;

  constructor(o: {
    readonly memory: ResumeMemory;
    readonly timers: Timers;
    readonly clock: Clock;
    readonly onError: (error: unknown) => void;
  }) {
    this.#memory = o.memory;
    this.#timers = o.timers;
    this.#clock = o.clock;
    this.#onError = o.onError;
  }

  /** The saved point; 0, everything the atServer still holds, when nothing was ever received. */
  async load(): Promise<number> {
    const text = await this.#memory.getValue(key);
    this.#reached = this.#saved =
      text !== undefined && /^\d{1,15}$/.test(text) ? this.#believable(Number(text)) : 0;
    return this.#saved;
  }

  /**
   * Notes a message in order of arrival; the function returned says that it is handled. For one that is worthless when
   * it comes again (`passing`) nothing is written: the point is saved with the next other one.
   */
  arrived(epochMillis: number): (o: { readonly passing: boolean }) => void {
    const entry = { epochMillis: this.#believable(epochMillis), done: false };
    this.#pending.push(entry);
    return ({ passing }) => {
      entry.done = true;
      while (this.#pending[0]?.done === true) {
        this.#reached = Math.max(this.#reached, this.#pending.shift()?.epochMillis ?? 0);
      }
      if (!passing && this.#reached > this.#saved) {
        this.#cancelTimer ??= this.#timers.after(saveDelayMs, () => void this.save());
      }
    };
  }

  /** Writes the point now. */
  async save(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const before = this.#saving;
    this.#saving = this.#write(this.#reached, before);
    return this.#saving;
  }

  #believable(epochMillis: number): number {
    return Math.min(epochMillis, this.#clock.now() + skewMs);
  }

  async #write(point: number, before: Promise<void>): Promise<void> {
    await before;
    if (point <= this.#saved) {
      return;
    }
    try {
      await this.#memory.setValue(key, String(point));
      this.#saved = point;
    } catch (error) {
      this.#onError(error);
    }
  }
}
