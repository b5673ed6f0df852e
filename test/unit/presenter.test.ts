import assert from "node:assert/strict";
import { test } from "node:test";
import type { Card } from "../../src/card.ts";
import { AppError } from "../../src/errors.ts";
import { settle } from "../fakes/manual-time.ts";
import { presenterWorld as world } from "../fakes/presenter-world.ts";
import { sampleCommit, sampleRun } from "../fakes/sample-run.ts";

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
  const { time, presenter, shown, fates, row, change } = world();
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
  assert.equal(row("progress-bad").message, "m-progress-bad");
});

test("more failing cards than are drawn at a time hide no other one", async () => {
  const { time, presenter, shown, fates, change } = world();
  for (let index = 0; index < 450; index += 1) {
    const key = `bad-${String(index).padStart(3, "0")}`;
    fates.set(key, () => Promise.reject(new Error("on purpose")));
    change(key);
  }
  change("progress-good");
  await settle();
  presenter.kick();
  await time.advance(2_000);
  assert.ok(shown.includes("post progress-good 1"), `${shown.length}`);
});

test("while there is more than may be drawn at a time, changes are looked for twenty times a second", async () => {
  const { time, looks, fates, change } = world();
  for (let index = 0; index < 1_000; index += 1) {
    fates.set(`a-progress-${index}`, () => new Promise<never>(() => undefined));
    change(`a-progress-${index}`);
    await time.advance(1);
  }
  const before = looks();
  for (let index = 0; index < 1_000; index += 1) {
    change(`b-progress-${index}`);
    await time.advance(1);
  }
  assert.equal(looks() - before, 20);
});

test("an adapter that does not answer leaves others their room", async () => {
  const { time, shown, fates, change, isPutAsideFor } = world();
  for (let index = 0; index < 50; index += 1) {
    const key = `a-progress-${index}`;
    fates.set(key, () => new Promise<never>(() => undefined));
    change(key);
  }
  await settle();
  change("progress-elsewhere", ["other:1"]);
  await time.advance(50);
  assert.equal(shown.length, 16);
  // Nothing here shows cards there: that it was put aside says that its turn came.
  assert.ok(isPutAsideFor("progress-elsewhere", 5_000));
});

test("an adapter that does not answer holds nothing up, and is given 10 s", async () => {
  const { time, shown, fates, isPutAsideFor, change } = world();
  fates.set("progress-slow", () => new Promise<never>(() => undefined));
  change("progress-slow");
  await settle();
  change("progress-good");
  await settle();
  assert.deepEqual(shown, ["post progress-slow 1", "post progress-good 1"]);
  await time.advance(9_999);
  assert.ok(!isPutAsideFor("progress-slow", 5_001));
  await time.advance(1);
  assert.ok(isPutAsideFor("progress-slow", 5_000));
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
  const { time, shown, row, change } = world({
    render: async ({ version }) => (version === 1 ? null : ({ text: String(version) } as Card)),
  });
  change("result-r1");
  await settle();
  assert.deepEqual([row("result-r1").message, row("result-r1").shownVersion], [null, 1]);
  await time.advance(100);
  change("result-r1");
  await settle();
  assert.deepEqual(shown, ["post result-r1 2"]);
});

test("a card of a platform that is not there waits for it", async () => {
  const { row, isPutAsideFor, change } = world();
  change("progress-r1", ["slack:C1"]);
  await settle();
  assert.equal(row("progress-r1").shownVersion, 0);
  assert.ok(isPutAsideFor("progress-r1", 5_000));
});

test("a platform's own rest between two drawings is kept, to the millisecond", async () => {
  const { time, shown, change } = world({ adapter: { restMs: 1_000 } });
  change("progress-r1");
  await settle();
  change("progress-r1");
  await time.advance(999);
  assert.deepEqual(shown, ["post progress-r1 1"]);
  await time.advance(1);
  assert.deepEqual(shown, ["post progress-r1 1", "update progress-r1 2"]);
});

test("lesson 12: every copy of a card is drawn, and redrawn when it changes, whatever happens to another", async () => {
  const posted: string[] = [];
  const { time, shown, cards, change } = world({
    adapter: {
      async post(thread) {
        if (thread === "test:broken") {
          throw new Error("on purpose");
        }
        posted.push(thread);
        return `m-${thread}`;
      },
    },
  });
  change("approval-a1", ["test:1", "test:broken", "test:2"]);
  await settle();
  assert.deepEqual(posted, ["test:1", "test:2"]);
  await time.advance(100);
  change("approval-a1");
  await settle();
  assert.deepEqual(shown, ["update test:1 2", "update test:2 2"]);
  assert.deepEqual(
    cards.of("approval-a1").map(({ copy, shownVersion }) => [copy, shownVersion]),
    [
      [0, 2],
      [1, 0],
      [2, 2],
    ],
  );
});

test("lesson 13: no two drawings of a copy at a time, however slow, and the last is the newest", async () => {
  const answers: ((answer: "ok") => void)[] = [];
  const { time, presenter, cards, change, row } = world({
    adapter: {
      restMs: 0,
      update: () => new Promise((resolve) => answers.push(resolve)),
    },
  });
  change("progress-r1");
  await settle();
  for (let turn = 0; turn < 4; turn += 1) {
    change("progress-r1");
    await time.advance(50);
    presenter.kick();
    await settle();
  }
  assert.equal(answers.length, 1);
  answers[0]?.("ok");
  await settle();
  assert.deepEqual([answers.length, row("progress-r1").shownVersion], [2, 2]);
  answers[1]?.("ok");
  await settle();
  assert.equal(answers.length, 2);
  assert.deepEqual(cards.stale(time.now(), 9), []);
});

test("lesson 13: a slow drawing of an older version, by another bot, is drawn over", async () => {
  const { time, shown, cards, change, row } = world();
  change("progress-r1");
  await settle();
  const old = row("progress-r1");
  await time.advance(100);
  change("progress-r1");
  await settle();
  await time.advance(100);
  assert.deepEqual(shown.slice(1), ["update progress-r1 2"]);
  cards.shown(old, "m-progress-r1");
  change("notice-r1");
  await settle();
  assert.deepEqual(shown.slice(2), ["update progress-r1 2", "post notice-r1 1"]);
});

test("a platform that limits rates is asked again exactly when it said, and its card is a first post still", async () => {
  let limited = 2;
  const calls: string[] = [];
  const { time, change, row } = world({
    adapter: {
      restMs: 1_000,
      find: async () => {
        calls.push("find");
        return undefined;
      },
      async post() {
        calls.push("post");
        limited -= 1;
        if (limited >= 0) {
          throw new AppError("rate-limited", "later", { retryable: true, retryAfterMs: 7_300 });
        }
        return "m-1";
      },
    },
  });
  change("progress-r1");
  await settle();
  await time.advance(7_299);
  assert.deepEqual(calls, ["post"]);
  await time.advance(1);
  assert.deepEqual(calls, ["post", "post"]);
  await time.advance(7_299);
  assert.deepEqual(calls, ["post", "post"], "asked to wait, it is no failure that grows");
  await time.advance(1);
  assert.deepEqual([calls, row("progress-r1").message], [["post", "post", "post"], "m-1"]);
});

test("approvals are drawn before what waits with them, and find room where slow cards fill it", async () => {
  const { time, shown, fates, change } = world();
  for (let index = 0; index < 300; index += 1) {
    const key = `a-progress-${index}`;
    fates.set(key, () => new Promise<never>(() => undefined));
    change(key);
  }
  await settle();
  assert.equal(shown.length, 16);
  change("approval-a1");
  await time.advance(50);
  assert.deepEqual(shown.slice(16), ["post approval-a1 1"]);
  const other = world();
  const cards = [{ key: "a-progress" }, { key: "approval-a1" }];
  other.cards.change(sampleCommit(sampleRun("r1", { thread: "test:1" }), { cards }));
  other.presenter.kick();
  await settle();
  assert.deepEqual(other.shown, ["post approval-a1 1", "post a-progress 1"]);
});
