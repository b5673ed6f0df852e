import type { MessageId, ThreadId } from "../../src/domain.ts";
import type { CardRow, RunCommit } from "../../src/record-types.ts";

interface Stored {
  readonly card: CardRow;
  readonly retryAt: number;
  /** Undefined = never begun. */
  readonly postingUntil: number | undefined;
}
const nameOf = ({ key, copy }: Pick<CardRow, "key" | "copy">): string => `${key} ${copy}`;
const urgency = ({ key }: CardRow): number => (key.startsWith("approval-") ? 0 : 1);

/** The cards of a record in memory. */
export class MemoryCards {
  private readonly rows = new Map<string, Stored>();

  /** The cards of the commit show something else from now on. */
  change({ run, cards = [] }: RunCommit): void {
    for (const [key, change] of new Map(cards.map((each) => [each.key, each]))) {
      const known = this.of(key);
      const threads = known.length > 0 ? [] : (change.threads ?? [run.thread]);
      threads.forEach((thread) => this.add(key, run.id, thread, thread === run.thread));
      this.of(key).forEach((card) => this.set({ ...card, version: card.version + 1 }, {}));
    }
  }

  private add(key: string, run: string, thread: ThreadId, own: boolean): void {
    const others = this.of(key).filter((card) => card.copy > 0);
    if (!others.some((card) => card.thread === thread)) {
      const copy = own ? 0 : others.length + 1;
      const card = { key, copy, run, thread, version: 0, shownVersion: 0, message: null, barred: false };
      this.rows.set(nameOf(card), { card, retryAt: 0, postingUntil: undefined });
    }
  }

  private set(card: CardRow, change: Partial<Stored>): void {
    const row = this.rows.get(nameOf(card));
    if (row !== undefined) {
      this.rows.set(nameOf(card), { ...row, card, ...change });
    }
  }

  place(key: string, o: { add: readonly ThreadId[]; barred: ReadonlyMap<number, boolean> }): void {
    const known = this.of(key);
    for (const card of known) {
      const barred = o.barred.get(card.copy) ?? card.barred;
      if (barred !== card.barred) {
        this.set({ ...card, barred, version: card.version + 1 }, {});
      }
    }
    const [first] = known;
    if (first !== undefined) {
      o.add.forEach((thread) => this.add(key, first.run, thread, false));
      this.of(key)
        .filter(({ version }) => version === 0)
        .forEach((card) => this.set({ ...card, version: 1 }, {}));
    }
  }

  of(key: string): readonly CardRow[] {
    const found = [...this.rows.values()].filter(({ card }) => card.key === key);
    return found.map(({ card }) => card).toSorted((a, b) => a.copy - b.copy);
  }

  stale(now: number, limit: number): readonly CardRow[] {
    return [...this.rows.values()]
      .filter(({ card, retryAt }) => card.shownVersion < card.version && retryAt <= now)
      .toSorted((a, b) => urgency(a.card) - urgency(b.card) || a.retryAt - b.retryAt)
      .slice(0, limit)
      .map(({ card }) => card);
  }

  beginPost(row: CardRow, now: number, leaseMs: number): "first" | "again" | "taken" {
    const { card, postingUntil } = this.rows.get(nameOf(row)) ?? { card: row, postingUntil: Infinity };
    if (postingUntil !== undefined && postingUntil > now) {
      return "taken";
    }
    this.set(card, { postingUntil: now + leaseMs });
    return postingUntil === undefined ? "first" : "again";
  }

  /** The process that posted is dead. */
  endPosts(now: number): void {
    for (const { card, postingUntil } of this.rows.values()) {
      if (postingUntil !== undefined && postingUntil > now) {
        this.set(card, { postingUntil: now });
      }
    }
  }

  shown(row: CardRow, message: MessageId | null): void {
    const stored = this.rows.get(nameOf(row));
    if (stored !== undefined) {
      const postingUntil = message === null ? stored.postingUntil : 0;
      this.set({ ...stored.card, message, shownVersion: row.version }, { retryAt: 0, postingUntil });
    }
  }

  postpone(row: CardRow, retryAt: number, unposted: boolean): void {
    const stored = this.rows.get(nameOf(row));
    if (stored !== undefined) {
      const { card, postingUntil } = stored;
      const until = unposted || postingUntil === undefined ? undefined : Math.min(postingUntil, retryAt);
      this.set(card, { retryAt, postingUntil: until });
    }
  }
}
