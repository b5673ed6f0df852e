import assert from "node:assert/strict";
import type { Card } from "../../src/card.ts";
import type { ThreadId } from "../../src/domain.ts";
import type { ChatAdapter } from "../../src/ports.ts";
import { createPresenter, type Presenter } from "../../src/presenter.ts";
import type { CardRow } from "../../src/record-types.ts";
import { ManualTime } from "./manual-time.ts";
import { MemoryLeases } from "./memory-leases.ts";
import { MemoryCards } from "./memory-cards.ts";
import { sampleCommit, sampleRun } from "./sample-run.ts";
import { silentLogger } from "./silent-logger.ts";

export interface PresenterWorld {
  readonly time: ManualTime;
  readonly presenter: Presenter;
  readonly shown: string[];
  readonly cards: MemoryCards;
  /** How the platform takes a card's posting; at once where a key has no entry. */
  readonly fates: Map<string, () => Promise<string>>;
  /** How often the record was looked through. */
  readonly looks: () => number;
  /** A commit that changes a card. */
  readonly change: (key: string, threads?: readonly ThreadId[]) => void;
  /** The only copy of a card. */
  readonly row: (key: string) => CardRow;
  /** Whether the card is put aside until that long from now, and then comes back. */
  readonly isPutAsideFor: (key: string, ms: number) => boolean;
}
/** A presenter over cards in memory and one platform "test", which writes down what it is asked to show. */
export function presenterWorld(
  o: {
    readonly render?: (row: CardRow) => Promise<Card | null>;
    readonly adapter?: Partial<ChatAdapter>;
  } = {},
): PresenterWorld {
  const time = new ManualTime();
  const cards = new MemoryCards();
  const shown: string[] = [];
  const fates: PresenterWorld["fates"] = new Map();
  let looks = 0;
  const adapter = {
    name: "test",
    async post(_thread: string, card: Card, { key }: { key: string }) {
      shown.push(`post ${key} ${card.text}`);
      return (await fates.get(key)?.()) ?? `m-${key}`;
    },
    async update(message: string, card: Card) {
      shown.push(`update ${message.slice(2)} ${card.text}`);
      return "ok";
    },
    ...o.adapter,
  } as Partial<ChatAdapter> as ChatAdapter;
  const presenter = createPresenter({
    store: {
      leases: new MemoryLeases(),
      async staleCards(now, limit) {
        looks += 1;
        return cards.stale(now, limit);
      },
      beginPost: async (row, now, leaseMs) => cards.beginPost(row, now, leaseMs),
      cardShown: async (row, message) => cards.shown(row, message),
      postponeCard: async (row, at, options) => cards.postpone(row, at, options?.unposted === true),
    },
    adapters: () => [adapter],
    render: o.render ?? (async (row) => ({ text: String(row.version) }) as Card),
    clock: time,
    after: (ms, call) => time.after(ms, call),
    log: silentLogger,
  });
  const row = (key: string): CardRow => {
    const [found] = cards.of(key);
    assert.ok(found !== undefined, key);
    return found;
  };
  const isStale = (key: string, at: number) => cards.stale(at, 1_000).some((each) => each.key === key);
  return {
    time,
    presenter,
    shown,
    cards,
    fates,
    looks: () => looks,
    row,
    change(key, threads) {
      const run = sampleRun("r1", { thread: "test:1" });
      cards.change(sampleCommit(run, { cards: [threads === undefined ? { key } : { key, threads }] }));
      presenter.kick([key]);
    },
    isPutAsideFor: (key, ms) => !isStale(key, time.now() + ms - 1) && isStale(key, time.now() + ms),
  };
}
