import { BoundedMap } from "../../src/bounded-map.ts";

export interface Once {
  /** Whoever comes while the key's work is done, or later, shares the first one's end. */
  do(key: string, work: () => Promise<void>): Promise<void>;
  /** Resolves when nothing is under way for this key. */
  settled(key: string): Promise<void>;
}

/**
 * Does the work of a key once in this process; what failed may be tried again. The record knows the keys for good: this
 * spares it, and people, the repetitions.
 */
export function createOnce(most: number): Once {
  const done = new BoundedMap<string, Promise<void>>(most);
  return {
    do(key, work) {
      const known = done.get(key);
      if (known !== undefined) {
        return known;
      }
      const doing = work();
      done.set(key, doing);
      doing.catch(() => done.delete(key));
      return doing;
    },
    async settled(key) {
      await done.get(key)?.catch(() => undefined);
    },
  };
}
