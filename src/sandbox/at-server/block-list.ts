import type { AtStore } from "./at-store.ts";
import { blocklistKey } from "./reserved-keys.ts";

/** The atSigns that one atSign wants to hear nothing of. */
export class BlockList {
  readonly #store: AtStore;
  readonly #atSign: string;
  readonly #blocked: Set<string>;

  constructor(store: AtStore, atSign: string) {
    this.#store = store;
    this.#atSign = atSign;
    const record = store.records.get(atSign, blocklistKey(atSign));
    this.#blocked = new Set(record ? (JSON.parse(record.value) as string[]) : []);
  }

  has(atSign: string): boolean {
    return this.#blocked.has(atSign);
  }

  list(): string[] {
    return [...this.#blocked];
  }

  /** Replaces the list once `putRecord` has kept it. */
  replace(atSigns: ReadonlySet<string>, putRecord: (key: string, value: string) => void): void {
    this.#store.transaction(() => {
      putRecord(blocklistKey(this.#atSign), JSON.stringify([...atSigns]));
      this.#store.afterCommit(() => {
        this.#blocked.clear();
        for (const atSign of atSigns) this.#blocked.add(atSign);
      });
    });
  }
}
