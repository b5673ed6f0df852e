import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { ReceivedEnvelope } from "../../../src/link-types.ts";
import { createPresence, type Presence } from "../../../src/link/presence.ts";
import { leaseMs, presenceRun } from "../../../src/link/presence-message.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { MemoryInstances } from "../../fakes/memory-instances.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

const monthMs = 30 * 86_400_000;
let time: ManualTime;
let store: MemoryInstances;
let events: string[];
let presence: Presence;
beforeEach(async () => {
  time = new ManualTime();
  store = new MemoryInstances(new Map());
  events = [];
  presence = await started();
});

async function started(): Promise<Presence> {
  const made = createPresence({
    store,
    clock: time,
    timers: time,
    log: silentLogger,
    onArrived: (agent) => void events.push(`here ${agent}`),
    onGone: (agent, instance) => void events.push(`gone ${agent} ${instance}`),
  });
  await made.start();
  return made;
}

const facts = { skills: ["reserve"], model: null, region: "eu", price: "0.1", capacity: 4 };

function says(
  instance: string,
  sequence: number,
  o: { readonly health?: string; readonly lease?: number; readonly change?: object } = {},
): ReceivedEnvelope {
  return {
    from: { atSign: "@cs-inventory", instance, role: "inventory" },
    kind: "progress",
    subject: { run: presenceRun, revision: 1, step: "instance", attempt: o.lease ?? 1 },
    sequence,
    fencing: 1,
    messageId: "m",
    hash: "h",
    body: { facts: { ...facts, ...o.change }, health: o.health ?? "ok" },
    expiresAt: 0,
  };
}
const names = () => presence.of("inventory").map(({ instance }) => instance);

test("an instance is there for a lease from its last word, whatever its own clock says", async () => {
  presence.receive(says("a", 1));
  await time.advance(leaseMs - 1);
  presence.receive(says("a", 2));
  await time.advance(leaseMs - 1);
  assert.deepEqual(names(), ["a"]);
  await time.advance(1);
  assert.deepEqual(names(), []);
  assert.deepEqual(events, ["here inventory", "gone inventory a"]);
});

test("goodbye counts at once, and nothing said before it brings the instance back", async () => {
  presence.receive(says("a", 1));
  presence.receive(says("a", 4, { health: "draining" }));
  assert.deepEqual(
    presence.of("inventory").map(({ open }) => open),
    [false],
  );
  presence.receive(says("a", 5, { health: "gone" }));
  presence.receive(says("a", 3));
  assert.deepEqual(names(), []);
  presence.receive(says("a", 1, { lease: 2 }));
  assert.deepEqual(names(), ["a"], "its next life");
  presence.receive(says("a", 6));
  presence.receive(says("a", 7, { health: "gone" }));
  assert.deepEqual(names(), ["a"], "which its earlier one does not end");
});

test("an instance that was started again is told anew what it had", async () => {
  presence.receive(says("a", 9));
  presence.receive(says("a", 1, { lease: 2 }));
  assert.deepEqual(events, ["here inventory", "gone inventory a", "here inventory"]);
  assert.deepEqual(names(), ["a"]);
});

test("who was there when the bot stopped is there when it starts, until a lease has passed", async () => {
  presence.receive(says("a", 1, { change: { capacity: 7 } }));
  presence.receive(says("b", 1));
  presence.receive(says("b", 2, { health: "gone" }));
  await presence.stop();
  await time.jump(3_600_000);
  presence = await started();
  assert.deepEqual(
    presence.all().map(({ atSign, instance, facts: { capacity } }) => [atSign, instance, capacity]),
    [["@cs-inventory", "a", 7]],
  );
  await time.advance(leaseMs);
  assert.deepEqual(names(), []);
  await presence.stop();
  assert.deepEqual(await store.kept(), []);
});

test("what the record cannot say of an instance is left out", async () => {
  await store.keep({ agent: "inventory", instance: "a", announcement: "{}" });
  await store.keep({ agent: "inventory", instance: "b", announcement: "no JSON" });
  presence = await started();
  assert.deepEqual(names(), []);
});

test("a bot that slept through the leases listens for one before it gives anybody up", async () => {
  presence.receive(says("a", 1));
  await time.jump(600_000);
  assert.deepEqual(names(), ["a"]);
  await time.advance(leaseMs);
  assert.deepEqual(names(), []);
});

test("who is silent after the clock was a month ahead is given up after a lease, nobody before", async () => {
  time.setWrong(monthMs);
  presence.receive(says("a", 1));
  presence.receive(says("b", 1));
  time.setWrong(0);
  for (let sequence = 2; sequence < 7; sequence += 1) {
    assert.deepEqual(names(), sequence < 5 ? ["a", "b"] : ["b"], `${sequence}`);
    await time.advance(leaseMs / 2);
    presence.receive(says("b", sequence));
  }
});

test("announcements of any other form change nothing", () => {
  for (const body of [null, {}, { facts }, { facts: { ...facts, price: "-1" }, health: "ok" }]) {
    presence.receive({ ...says("a", 1), body });
  }
  presence.receive(says("a", 1, { change: { capacity: 0 } }));
  presence.receive(says("a", 1, { change: { more: 1 } }));
  assert.deepEqual(presence.all(), []);
});

test("no agent has more instances than are looked after; those that are there stay", async () => {
  for (let n = 0; n < 250; n += 1) {
    presence.receive(says(`i${n}`, 1));
  }
  assert.equal(names().length, 200);
  presence.receive(says("i0", 2));
  assert.ok(names().includes("i0"));
  await time.advance(leaseMs);
  presence.receive(says("i249", 2));
  assert.deepEqual(names(), ["i249"]);
});
