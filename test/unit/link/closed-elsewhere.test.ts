import assert from "node:assert/strict";
import { test } from "node:test";
import { createDispatcher, type DispatcherOptions } from "../../../src/link/dispatcher.ts";
import { createOutboxRelay } from "../../../src/link/outbox.ts";
import type { LiveInstance } from "../../../src/link/presence.ts";
import { ManualTime, settle } from "../../fakes/manual-time.ts";
import { newRow, OutboxRows } from "../../fakes/outbox-world.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

/** What another bot has closed is told to nobody here. */

const to = { atSign: "@cs-supply", instance: "a" } as const;
const instance: LiveInstance = {
  ...to,
  agent: "supply",
  facts: { skills: ["place"], model: null, region: null, price: "0", capacity: 16 },
  open: true,
};

function dispatching(store: Partial<DispatcherOptions["store"]>) {
  const time = new ManualTime();
  const here: LiveInstance[] = [];
  const waits: boolean[] = [];
  const dispatcher = createDispatcher({
    presence: { of: () => here },
    store: store as DispatcherOptions["store"],
    trust: { agent: () => to, instanceKeys: () => ({}) } as unknown as DispatcherOptions["trust"],
    clock: time,
    timers: time,
    log: silentLogger,
    onRoom: () => undefined,
    onDue: () => undefined,
    onWaiting: (_subject, isWaiting) => void waits.push(isWaiting),
  });
  return { time, here, waits, dispatcher };
}

test("a request that waited, and that another bot saw to, waits here no more", async () => {
  const { time, here, waits, dispatcher } = dispatching({ assign: async () => undefined });
  const row = newRow({ id: "r1", kind: "request", body: { skill: "place" }, tries: 1 });
  assert.equal(await dispatcher.route.next(row), "later");
  await time.advance(5_000);
  assert.deepEqual(waits, [true]);
  here.push(instance);
  assert.equal(await dispatcher.route.next(row), "closed");
  assert.deepEqual(waits, [true, false]);
});

test("a count that is under way when the bot stops is the last one", async () => {
  const { promise, resolve } = Promise.withResolvers<never[]>();
  let counts = 0;
  const { time, dispatcher } = dispatching({
    assigned() {
      counts += 1;
      return promise;
    },
  });
  const starting = dispatcher.start();
  dispatcher.stop();
  resolve([]);
  await starting;
  await time.advance(60_000);
  assert.equal(counts, 1);
});

test("a place that one was woken for which another bot has closed is the next one's", async () => {
  const time = new ManualTime();
  const rows = new OutboxRows();
  const sent: string[] = [];
  let isHere = false;
  const relay = createOutboxRelay({
    store: rows,
    clock: time,
    timers: time,
    log: silentLogger,
    link: {
      seal: () => assert.fail("nothing is prepared"),
      send: async ({ subject }) => void sent.push(subject.step),
      ended: () => undefined,
    },
    route: {
      first: () => undefined,
      async next({ id }) {
        if (!isHere) {
          return "later";
        }
        return id === "open" ? { to } : "closed";
      },
    },
  });
  ["closed-1", "closed-2", "open"].forEach((id) => rows.add({ id, kind: "request" }));
  relay.kick();
  await settle();
  isHere = true;
  relay.wake("supply", 1);
  await settle();
  assert.deepEqual(sent, ["open"]);
  await relay.stop();
});
