import type { MessageId, RunId, ThreadId } from "../../src/domain.ts";
import type { CardRow } from "../../src/record-types.ts";

/** The cards of a record in memory. */
export class MemoryCards {
  private readonly rows = new Map<string, { readonly card: CardRow; readonly retryAt: number }>();

  /** The card shows something else from now on. */
  change(key: string, run: RunId, thread: ThreadId): void {
    const first = { key, run, thread, version: 0, shownVersion: 0, message: null };
    const { card, retryAt } = this.rows.get(key) ?? { card: first, retryAt: 0 };
    this.rows.set(key, { card: { ...card, version: card.version + 1 }, retryAt });
  }

  stale(now: number, limit: number): readonly CardRow[] {
    return [...this.rows.values()]
      .filter(({ card, retryAt }) => card.shownVersion < card.version && retryAt <= now)
      .toSorted((a, b) => a.retryAt - b.retryAt)
      .slice(0, limit)
      .map(({ card }) => card);
  }

  card(key: string): CardRow | undefined {
    return this.rows.get(key)?.card;
  }

  shown({ key, version }: CardRow, message: MessageId | null): void {
    const card = this.card(key);
    if (card !== undefined) {
      const shownVersion = Math.max(card.shownVersion, version);
      this.rows.set(key, { card: { ...card, message, shownVersion }, retryAt: 0 });
    }
  }

  postpone(key: string, retryAt: number): void {
    const card = this.card(key);
    if (card !== undefined) {
      this.rows.set(key, { card, retryAt });
    }
  }
}
