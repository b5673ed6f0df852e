import { AsyncLocalStorage } from "node:async_hooks";
import type { OperationKind, Operations } from "./port-operations.ts";

/** "before:PORT.OPERATION#N" or "after:…": the n-th time that an operation of a port is used. */
export type FailpointName = `${"before" | "after"}:${string}#${number}`;

const inOperation = new AsyncLocalStorage<true>();

/** Whether this is called, however indirectly, by an operation of a port that has failpoints. */
export function isInOperation(): boolean {
  return inOperation.getStore() === true;
}

/**
 * The failpoints of one life. They stand around the ports, where a world is built, so that no code of the product knows
 * of them. Whoever passes the one that is armed dies there: nothing it has begun comes to an end, nothing new begins.
 */
export class Failpoints {
  readonly #counts = new Map<string, number>();
  readonly #o: {
    /** The two around an operation that has ended; not told of a look for work that found none. */
    readonly onPassed: (names: readonly FailpointName[]) => void;
    /** Kills: a process does not come back from it. */
    readonly onHit: () => void;
  };
  #armed: FailpointName | undefined;
  #over = false;
  #busy = 0;
  #turns = 0;

  constructor(o: {
    readonly onPassed: (names: readonly FailpointName[]) => void;
    readonly onHit: () => void;
  }) {
    this.#o = o;
  }

  /** Counts anew from here on. */
  arm(armed: FailpointName | undefined): void {
    this.#armed = armed;
    this.#counts.clear();
  }
  /** The life has ended, at its failpoint or because somebody ended it. */
  get over(): boolean {
    return this.#over;
  }
  end(): void {
    this.#over = true;
  }
  /** Operations under way, and how many have begun or ended so far. */
  get busy(): number {
    return this.#busy;
  }
  get turns(): number {
    return this.#turns;
  }

  /** One use of an operation. */
  async around<T>(operation: string, kind: OperationKind, call: () => Promise<T>): Promise<T> {
    if (kind === "read") {
      return this.#guarded(call);
    }
    const count = (this.#counts.get(operation) ?? 0) + 1;
    this.#counts.set(operation, count);
    const names = [`before:${operation}#${count}`, `after:${operation}#${count}`] as const;
    this.#reach(names[0]);
    let foundNothing = false;
    return this.#guarded(async () => {
      try {
        const result = await call();
        foundNothing = Array.isArray(result) && result.length === 0;
        return result;
      } finally {
        if (!this.#over && !foundNothing) {
          this.#o.onPassed(names);
        }
        this.#reach(names[1]);
      }
    });
  }

  #reach(name: FailpointName): void {
    if (!this.#over && name === this.#armed) {
      this.#over = true;
      this.#o.onHit();
    }
  }
  async #guarded<T>(call: () => Promise<T>): Promise<T> {
    await this.#unlessOver();
    this.#busy += 1;
    this.#turns += 1;
    try {
      return await inOperation.run(true, call);
    } finally {
      this.#busy -= 1;
      this.#turns += 1;
      await this.#unlessOver();
    }
  }
  /** Whoever died waits for ever. */
  async #unlessOver(): Promise<void> {
    if (this.#over) {
      await new Promise<never>(() => undefined);
    }
  }
}

/** A port with failpoints around its operations, under the name given. */
export function withFailpoints<P extends object>(
  port: P,
  name: string,
  operations: Operations,
  points: Failpoints,
): P {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      const kind = typeof key === "string" ? operations[key] : undefined;
      if (typeof kind === "object" && typeof value === "object" && value !== null) {
        return withFailpoints(value, `${name}.${String(key)}`, kind, points);
      }
      if (typeof value !== "function") {
        return value;
      }
      const call = (args: readonly unknown[]): unknown => Reflect.apply(value, target, args);
      return typeof kind === "string"
        ? (...args: unknown[]) =>
            points.around(`${name}.${String(key)}`, kind, () => call(args) as Promise<unknown>)
        : (...args: unknown[]) => call(args);
    },
  });
}
