import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../fakes/fast-check.ts";
import type { Card } from "../../src/card.ts";
import type { MessageId, ThreadId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { ChatAdapter } from "../../src/ports.ts";
import { createPresenter, type Presenter } from "../../src/presenter.ts";
import { MemoryLeases } from "../fakes/memory-leases.ts";
import { ManualTime, settle } from "../fakes/manual-time.ts";
import { MemoryStore } from "../fakes/memory-store.ts";
import { sampleCommit, sampleRun } from "../fakes/sample-run.ts";
import { silentLogger } from "../fakes/silent-logger.ts";

const threads: readonly ThreadId[] = ["test:run1", "test:managers"];
const key = "approval-run1";
const never = new Promise<never>(() => undefined);
type Fault = "lost-answer" | "lost-call" | "rate-limited" | "failure";

/** A platform with a memory, and bots that present one card there, one after the other; any call may be the last. */
class PostingWorld {
  readonly time = new ManualTime();
  readonly store = new MemoryStore();
  readonly messages = new Map<MessageId, { thread: ThreadId; key: string; text: string }>();
  readonly calls: string[] = [];
  /** What happens to the next calls; nothing is wrong with those after. */
  faults: Fault[] = [];
  version = 0;
  private ids = 0;
  /** Calls that the bot may still make before it is killed. */
  private left = Infinity;
  private bot = 0;
  private presenter: Presenter | undefined;

  async change(): Promise<void> {
    this.version += 1;
    const commit = sampleCommit(sampleRun("run1", { version: this.version - 1 }), {
      cards: [{ key, threads }],
    });
    await (this.version === 1 ? this.store.createRun(commit, "request") : this.store.saveRun(commit));
    this.presenter?.kick();
    await settle();
  }

  /** A bot starts; the one before is dead. */
  async start(o: { readonly alone?: boolean; readonly calls?: number } = {}): Promise<void> {
    const { store, time } = this;
    this.bot += 1;
    this.left = o.calls ?? Infinity;
    const mine = this.bot;
    /** What a bot asks for when it is dead neither happens nor is answered; so is the answer to its last call. */
    const call = async <T>(fn: () => Promise<T>): Promise<T> => {
      if (mine !== this.bot || this.left <= 0) {
        return never;
      }
      this.left -= 1;
      const answer = await fn();
      return mine === this.bot && this.left > 0 ? answer : never;
    };
    if (o.alone !== false) {
      await store.resume(time.now());
    }
    this.presenter = createPresenter({
      store: {
        leases: new MemoryLeases(),
        staleCards: (now, limit) => (mine === this.bot ? store.staleCards(now, limit) : never),
        beginPost: (row, now, leaseMs) => call(() => store.beginPost(row, now, leaseMs)),
        cardShown: (row, message) => call(() => store.cardShown(row, message)),
        postponeCard: (row, at, options) => call(() => store.postponeCard(row, at, options)),
      },
      adapters: () => [this.adapter(call)],
      render: async (row) => ({ text: String(row.version) }) as Card,
      clock: time,
      after: (ms, fn) => time.after(ms, fn),
      log: silentLogger,
    });
    this.presenter.kick();
    await settle();
  }

  private adapter(call: <T>(fn: () => Promise<T>) => Promise<T>): ChatAdapter {
    const faulty = <T>(name: string, fn: () => T) =>
      call(async () => {
        this.calls.push(name);
        const fault = this.faults.shift();
        if (fault === "rate-limited") {
          throw new AppError(fault, "later", { retryable: true, retryAfterMs: 3_000 });
        }
        if (fault === "failure") {
          throw new AppError(fault, "on purpose", { retryable: true });
        }
        const result = fault === "lost-call" ? never : fn();
        return fault === "lost-answer" ? never : result;
      });
    const { messages } = this;
    return {
      name: "test",
      restMs: 1_000,
      post: (thread, card, { key: name }) =>
        faulty("post", () => {
          this.ids += 1;
          messages.set(`m${this.ids}`, { thread, key: name, text: card.text });
          return `m${this.ids}`;
        }),
      find: (thread, name) =>
        faulty("find", () => {
          const found = [...messages].find(([, each]) => each.thread === thread && each.key === name);
          return found?.[0];
        }),
      update: (id, card) =>
        faulty("update", () => {
          const message = messages.get(id);
          if (message === undefined) {
            return "gone";
          }
          messages.set(id, { ...message, text: card.text });
          return "ok";
        }),
    } as Partial<ChatAdapter> as ChatAdapter;
  }

  /** What people see, by place. */
  standing(): readonly string[] {
    return [...this.messages.values()].map(({ thread, text }) => `${thread} ${text}`).toSorted();
  }
  /** Each copy once, as it is last. */
  get wanted(): readonly string[] {
    return threads.map((thread) => `${thread} ${this.version}`).toSorted();
  }
  async assertAgrees(): Promise<void> {
    assert.deepEqual(this.standing(), this.wanted, this.calls.join(" "));
    assert.deepEqual(await this.store.staleCards(this.time.now(), 9), []);
  }
}

test("a first post costs no look-up, a later change one update", async () => {
  const world = new PostingWorld();
  await world.change();
  await world.start();
  assert.deepEqual(world.calls, ["post", "post"]);
  await world.time.advance(1_000);
  await world.change();
  assert.deepEqual(world.calls, ["post", "post", "update", "update"]);
  await world.assertAgrees();
});

test("while a platform gives no answer each card is tried at least once a minute, however long that lasts", async () => {
  const world = new PostingWorld();
  await world.change();
  world.faults.push(...Array.from({ length: 200 }, () => "failure" as const));
  await world.start();
  await world.time.advance(20 * 60_000);
  world.faults.splice(0);
  await world.time.advance(60_000);
  await world.assertAgrees();
});

test("lesson 15: a posting without an answer is looked for before it is posted again", async () => {
  for (const [fault, calls] of [
    ["lost-answer", ["post", "post", "find", "find", "update", "update"]],
    ["lost-call", ["post", "post", "find", "find", "post", "post"]],
  ] as const) {
    const world = new PostingWorld();
    world.faults = [fault, fault];
    await world.change();
    await world.start();
    await world.time.advance(20_000);
    assert.deepEqual(world.calls.toSorted(), calls.toSorted());
    await world.assertAgrees();
  }
});

test("killed between post and answer: the next bot looks, finds, and posts nothing twice", async () => {
  const world = new PostingWorld();
  await world.change();
  await world.start({ calls: 4 });
  assert.deepEqual(world.calls, ["post", "post"]);
  await world.change();
  await world.start();
  assert.deepEqual(world.calls.slice(2).toSorted(), ["find", "find", "update", "update"]);
  await world.assertAgrees();
});

test("a posting that another bot is about is left to it, until its time is over", async () => {
  const world = new PostingWorld();
  await world.change();
  // It has begun both postings, and is not heard of any more.
  await world.start({ calls: 2 });
  await world.start({ alone: false });
  await world.time.advance(14_999);
  assert.deepEqual(world.calls, []);
  await world.time.advance(1_001);
  assert.deepEqual(world.calls.toSorted(), ["find", "find", "post", "post"]);
  await world.assertAgrees();
});

test("a copy that somebody deleted is posted again, once, at its next change", async () => {
  const world = new PostingWorld();
  await world.change();
  await world.start();
  world.messages.delete("m1");
  await world.time.advance(1_000);
  await world.change();
  assert.deepEqual(world.calls.slice(2).toSorted(), ["find", "post", "update", "update"]);
  await world.time.advance(1_000);
  await world.change();
  await world.assertAgrees();
  assert.deepEqual(world.calls.slice(6), ["update", "update"]);
});

type Deed =
  | { readonly do: "change" }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "delete" }
  | { readonly do: "fault"; readonly fault: Fault }
  | { readonly do: "restart"; readonly calls: number; readonly alone: boolean };
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { arbitrary: fc.constant({ do: "change" } as const), weight: 4 },
  {
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 900, 5_000, 16_000) }),
    weight: 3,
  },
  { arbitrary: fc.constant({ do: "delete" } as const), weight: 1 },
  {
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      fault: fc.constantFrom<Fault[]>("lost-answer", "lost-call", "rate-limited", "failure"),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("restart" as const),
      calls: fc.integer({ min: 0, max: 7 }),
      alone: fc.boolean(),
    }),
    weight: 4,
  },
);

test("after any kills, faults and deletions every copy stands once, as the record has it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deeds, { maxLength: 25 }), async (story) => {
      const world = new PostingWorld();
      await world.change();
      for (const deed of story) {
        if (deed.do === "change") {
          await world.change();
        } else if (deed.do === "wait") {
          await world.time.advance(deed.ms);
        } else if (deed.do === "delete") {
          world.messages.delete([...world.messages.keys()][0] ?? "");
        } else if (deed.do === "fault") {
          world.faults.push(deed.fault);
        } else {
          await world.start(deed);
        }
        const places = world.standing().map((each) => each.split(" ")[0]);
        assert.equal(new Set(places).size, places.length, `posted twice: ${world.calls.join(" ")}`);
      }
      world.faults = [];
      await world.start();
      // A message that was deleted unnoticed is missed at the next change.
      await world.change();
      await world.time.advance(4_000_000);
      await world.change();
      await world.time.advance(20_000);
      await world.assertAgrees();
    }),
    { numRuns: 60 },
  );
});
