import assert from "node:assert/strict";
import { test } from "node:test";
import type { Card } from "../../src/card.ts";
import type { ChatAdapter, Store } from "../../src/ports.ts";
import { createPresenter, type Presenter } from "../../src/presenter.ts";
import type { CardRow } from "../../src/record-types.ts";
import { ManualTime, settle } from "../fakes/manual-time.ts";
import { silentLogger } from "../fakes/silent-logger.ts";

type Stored = CardRow & { readonly retryAt: number };
interface World {
  readonly time: ManualTime;
  readonly presenter: Presenter;
  readonly shown: string[];
  readonly rows: ReadonlyMap<string, Stored>;
  /** How the platform takes a card's posting; at once where a key has no entry. */
  readonly fates: Map<string, () => Promise<string>>;
  /** How often the record was looked through. */
  readonly looks: () => number;
  /** A commit that changes a card. */
  readonly change: (key: string, thread?: CardRow["thread"]) => void;
}
function world(render?: (row: CardRow) => Promise<Card | null>): World {
  const time = new ManualTime();
  const rows = new Map<string, Stored>();
  const shown: string[] = [];
  const fates: World["fates"] = new Map();
  let looks = 0;
  const store = {
    async staleCards(now: number, limit: number) {
      looks += 1;
      return [...rows.values()]
        .filter((row) => row.shownVersion < row.version && row.retryAt <= now)
        .toSorted((a, b) => a.retryAt - b.retryAt)
        .slice(0, limit);
    },
    async cardShown({ key, version }: CardRow, message: string | null) {
      const row = rows.get(key);
      if (row !== undefined) {
        const shownVersion = Math.max(row.shownVersion, version);
        rows.set(key, { ...row, shownVersion, message, retryAt: 0 });
      }
    },
    async postponeCard(key: string, retryAt: number) {
      const row = rows.get(key);
      if (row !== undefined) {
        rows.set(key, { ...row, retryAt });
      }
    },
  } as Partial<Store> as Store;
  const adapter = {
    name: "test",
    find: async () => undefined,
    async post(_thread: string, card: Card, { key }: { key: string }) {
      shown.push(`post ${key} ${card.text}`);
      return (await fates.get(key)?.()) ?? `m-${key}`;
    },
    async update(message: string, card: Card) {
      shown.push(`update ${message.slice(2)} ${card.text}`);
      return "ok";
    },
  } as Partial<ChatAdapter> as ChatAdapter;
  const presenter = createPresenter({
    store,
    adapters: () => [adapter],
    render: render ?? (async (row) => ({ text: String(row.version) }) as Card),
    clock: time,
    after: (ms, call) => time.after(ms, call),
    log: silentLogger,
  });
  return {
    time,
    presenter,
    shown,
    rows,
    fates,
    looks: () => looks,
    change(key, thread = "test:1") {
      const row = rows.get(key);
      const version = (row?.version ?? 0) + 1;
      const first = { key, run: "r1", thread, shownVersion: 0, message: null, retryAt: 0 };
      rows.set(key, { ...first, ...row, version });
      presenter.kick([key]);
    },
  };
}

test("a card is drawn at once, then at most every 100 ms, always as it is last", async () => {
  const { time, shown, looks, change } = world();
  change("progress-r1");
  await settle();
  assert.deepEqual(shown, ["post progress-r1 1"]);
  const before = looks();
  for (let count = 0; count < 5; count += 1) {
    change("progress-r1");
    await settle();
  }
  assert.deepEqual([shown.length, looks()], [1, before], "while it rests there is nothing to look for");
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

test("a card that fails is put aside, longer each time, and the others go on", async () => {
  const { time, presenter, shown, fates, rows, change } = world();
  let tries = 0;
  fates.set("progress-bad", async () => {
    tries += 1;
    throw new Error("on purpose");
  });
  change("progress-bad");
  change("progress-good");
  await settle();
  assert.deepEqual(shown, ["post progress-bad 1", "post progress-good 1"]);
  const kickAfter = async (ms: number) => {
    await time.advance(ms);
    presenter.kick();
    await settle();
    return tries;
  };
  assert.equal(await kickAfter(4_999), 1);
  assert.equal(await kickAfter(1), 2);
  assert.equal(await kickAfter(9_999), 2);
  assert.equal(await kickAfter(1), 3);
  fates.delete("progress-bad");
  await kickAfter(20_000);
  assert.equal(rows.get("progress-bad")?.message, "m-progress-bad");
});

test("more failing cards than are drawn at a time hide no other one", async () => {
  const { presenter, shown, fates, change } = world();
  for (let index = 0; index < 450; index += 1) {
    const key = `bad-${String(index).padStart(3, "0")}`;
    fates.set(key, () => Promise.reject(new Error("on purpose")));
    change(key);
  }
  change("progress-good");
  await settle();
  presenter.kick();
  await settle();
  assert.ok(shown.includes("post progress-good 1"), `${shown.length}`);
});

test("an adapter that does not answer holds nothing up, and is given 10 s", async () => {
  const { time, shown, fates, rows, change } = world();
  fates.set("progress-slow", () => new Promise<never>(() => undefined));
  change("progress-slow");
  await settle();
  change("progress-good");
  await settle();
  assert.deepEqual(shown, ["post progress-slow 1", "post progress-good 1"]);
  await time.advance(9_999);
  assert.equal(rows.get("progress-slow")?.retryAt, 0);
  await time.advance(1);
  assert.equal(rows.get("progress-slow")?.retryAt, time.now() + 5_000);
});

test("a change that comes while the card is being drawn is drawn afterwards", async () => {
  const { time, shown, fates, change } = world();
  const answer = Promise.withResolvers<string>();
  fates.set("progress-r1", () => answer.promise);
  change("progress-r1");
  await settle();
  await time.advance(500);
  change("progress-r1");
  await settle();
  assert.deepEqual(shown, ["post progress-r1 1"]);
  answer.resolve("m-progress-r1");
  await settle();
  assert.deepEqual(shown, ["post progress-r1 1", "update progress-r1 2"]);
});

test("where there is nothing to show no message is made up, and the card is posted when there is", async () => {
  const { time, shown, rows, change } = world(async (row) =>
    row.version === 1 ? null : ({ text: String(row.version) } as Card),
  );
  change("result-r1");
  await settle();
  assert.equal(rows.get("result-r1")?.message, null);
  assert.equal(rows.get("result-r1")?.shownVersion, 1);
  await time.advance(100);
  change("result-r1");
  await settle();
  assert.deepEqual(shown, ["post result-r1 2"]);
});

test("a card of a platform that is not there waits for it", async () => {
  const { rows, time, change } = world();
  change("progress-r1", "slack:C1");
  await settle();
  assert.equal(rows.get("progress-r1")?.shownVersion, 0);
  assert.equal(rows.get("progress-r1")?.retryAt, time.now() + 5_000);
});
