import assert from "node:assert/strict";
import { test } from "node:test";
import type { Card } from "../../src/card.ts";
import type { ChatAdapter, Store } from "../../src/ports.ts";
import { createPresenter, type Presenter } from "../../src/presenter.ts";
import type { CardRow } from "../../src/record-types.ts";
import { ManualTime, settle } from "../fakes/manual-time.ts";
import { silentLogger } from "../fakes/silent-logger.ts";

interface World {
  readonly time: ManualTime;
  readonly presenter: Presenter;
  readonly shown: string[];
  /** A commit that changes a card. */
  change(key: string): void;
}
function world(): World {
  const time = new ManualTime();
  const rows = new Map<string, CardRow>();
  const shown: string[] = [];
  const store = {
    async staleCards(limit: number) {
      return [...rows.values()].filter((row) => row.shownVersion < row.version).slice(0, limit);
    },
    async cardShown(key: string, version: number, message: string) {
      const row = rows.get(key);
      if (row !== undefined) {
        rows.set(key, { ...row, shownVersion: Math.max(row.shownVersion, version), message });
      }
    },
  } as Partial<Store> as Store;
  const adapter = {
    name: "test",
    find: async () => undefined,
    async post(_thread: string, card: Card, { key }: { key: string }) {
      shown.push(`post ${key} ${card.text}`);
      return `m-${key}`;
    },
    async update(message: string, card: Card) {
      shown.push(`update ${message.slice(2)} ${card.text}`);
      return "ok";
    },
  } as Partial<ChatAdapter> as ChatAdapter;
  const presenter = createPresenter({
    store,
    adapters: () => [adapter],
    render: async (row) => ({ text: String(row.version) }) as Card,
    clock: time,
    after: (ms, call) => time.after(ms, call),
    log: silentLogger,
  });
  return {
    time,
    presenter,
    shown,
    change(key) {
      const row = rows.get(key);
      const version = (row?.version ?? 0) + 1;
      rows.set(key, { key, run: "r1", thread: "test:1", shownVersion: 0, message: null, ...row, version });
      presenter.kick();
    },
  };
}

test("a card is drawn at once, then at most every 100 ms, always as it is last", async () => {
  const { time, shown, change } = world();
  change("progress-r1");
  await settle();
  assert.deepEqual(shown, ["post progress-r1 1"]);
  for (let count = 0; count < 5; count += 1) {
    change("progress-r1");
    await settle();
  }
  assert.equal(shown.length, 1);
  await time.advance(99);
  assert.equal(shown.length, 1);
  await time.advance(1);
  assert.deepEqual(shown.slice(1), ["update progress-r1 6"]);
});

test("a resting card holds no other one up", async () => {
  const { shown, change } = world();
  change("progress-r1");
  await settle();
  change("progress-r1");
  change("approval-a1");
  await settle();
  assert.deepEqual(shown, ["post progress-r1 1", "post approval-a1 1"]);
});

test("nothing is drawn after the stop", async () => {
  const { time, presenter, shown, change } = world();
  change("progress-r1");
  await settle();
  change("progress-r1");
  await presenter.stop();
  change("approval-a1");
  await time.advance(1_000);
  assert.deepEqual(shown, ["post progress-r1 1"]);
});
