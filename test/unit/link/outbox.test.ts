import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { backOffMs, createOutboxRelay, type OutboxRelay } from "../../../src/link/outbox.ts";
import type { OutboxStore, OutgoingEnvelope } from "../../../src/ports.ts";
import type { JournalEntry, OutboxRow } from "../../../src/record-types.ts";
import { ManualTime, settle } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

const line: JournalEntry = { kind: "envelope", run: "run1", facts: {} };

function newRow(change: Partial<OutboxRow> & { readonly id: string }): OutboxRow {
  return {
    to: "supply",
    kind: "result",
    subject: { run: "run1", revision: 1, step: change.id, attempt: 1 },
    body: {},
    dueAt: 0,
    tries: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
    ...change,
  };
}

class Rows implements OutboxStore {
  readonly rows = new Map<string, OutboxRow>();
  claims = 0;
  failure: Error | undefined;

  add(change: Partial<OutboxRow> & { readonly id: string }): void {
    this.rows.set(change.id, newRow(change));
  }

  async claimOutbox(now: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    this.claims += 1;
    if (this.failure !== undefined) {
      throw this.failure;
    }
    const due = [...this.rows.values()].filter((each) => each.dueAt <= now).slice(0, limit);
    return due.map((each) => {
      const claimed = { ...each, dueAt: now + leaseMs, tries: each.tries + 1 };
      this.rows.set(each.id, claimed);
      return claimed;
    });
  }

  async postponeOutbox(id: string, dueAt: number): Promise<void> {
    const row = this.rows.get(id);
    if (row !== undefined) {
      this.rows.set(id, { ...row, dueAt });
    }
  }

  async closeOutbox(ids: readonly string[]): Promise<void> {
    ids.forEach((id) => this.rows.delete(id));
  }
}

interface World {
  readonly time: ManualTime;
  readonly rows: Rows;
  readonly relay: OutboxRelay;
  readonly sent: string[];
  readonly expired: string[];
}
function world(
  send: (envelope: OutgoingEnvelope) => Promise<void> = async () => undefined,
  concurrency = 4,
): World {
  const time = new ManualTime();
  const rows = new Rows();
  const sent: string[] = [];
  const sendNow = async (envelope: OutgoingEnvelope): Promise<void> => {
    sent.push(envelope.subject.step);
    await send(envelope);
  };
  const expired: string[] = [];
  const relay = createOutboxRelay({
    store: rows,
    clock: time,
    timers: time,
    log: silentLogger,
    random: () => 0.5,
    concurrency,
    onExpired: (row) => expired.push(row.id),
    resolve: (to) => {
      if (to === "unknown") {
        throw new AppError("no-grant", "no grant");
      }
      return { atSign: `@cs-${to}`, instance: "main" };
    },
    link: { seal: (envelope) => ({ journal: [line], send: () => sendNow(envelope) }), send: sendNow },
  });
  return { time, rows, relay, sent, expired };
}

test("a kick sends at once; the row is sent again with growing pauses until something closes it", async () => {
  const { time, rows, relay, sent } = world();
  relay.start();
  await settle();
  rows.add({ id: "a" });
  relay.kick();
  await settle();
  assert.deepEqual(sent, ["a"]);
  await time.advance(10_000);
  const repeated = sent.length;
  assert.ok(repeated >= 4 && repeated <= 7, `${repeated} sendings in ten seconds`);
  await time.advance(60_000);
  assert.ok(sent.length <= repeated + 4, "at most one in about twenty seconds by now");
  await rows.closeOutbox(["a"]);
  const last = sent.length;
  await time.advance(120_000);
  assert.equal(sent.length, last);
  await relay.stop();
});

test("a prepared row is committed as if sent, with the line on it, and sent without another write", async () => {
  const { time, rows, relay, sent } = world();
  relay.start();
  await settle();
  const claims = rows.claims;
  const { row, journal, send } = relay.prepare(newRow({ id: "a" }));
  assert.deepEqual([row.tries, row.dueAt - time.now(), journal], [1, 188, [line]]);
  rows.add(row);
  await settle();
  assert.deepEqual(sent, [], "nothing goes out before its commit");
  send();
  await settle();
  assert.deepEqual([sent, rows.claims, rows.rows.get("a")], [["a"], claims, row]);
  await time.advance(2_000);
  assert.ok(sent.length >= 2, "unanswered, it is sent again as any other");
  await relay.stop();
});

test("a prepared row that is never sent, because its sender died, is due by itself", async () => {
  const { rows, relay, sent } = world();
  const { row } = relay.prepare(newRow({ id: "a", kind: "request" }));
  const next = world();
  next.rows.add(row);
  next.relay.start();
  await next.time.advance(2_000);
  assert.deepEqual(next.sent, []);
  await next.time.advance(2_000);
  assert.deepEqual([next.sent, sent, rows.rows.size], [["a"], [], 0]);
  await next.relay.stop();
});

test("what hangs on its way out is not sent again meanwhile; what fails is, soon", async () => {
  const gate = Promise.withResolvers<void>();
  const { time, rows, relay, sent } = world(() => gate.promise);
  relay.start();
  const { row, send } = relay.prepare(newRow({ id: "a" }));
  rows.add(row);
  send();
  await time.advance(60_000);
  assert.deepEqual(sent, ["a"]);
  gate.reject(new AppError("link-failed", "down", { retryable: true }));
  await time.advance(2_000);
  assert.ok(sent.length >= 2);
  await relay.stop();
});

test("what is not due, cannot be sealed or finds no place is not claimed, but sent the usual way", async () => {
  const gate = Promise.withResolvers<void>();
  const { time, rows, relay, sent } = world(() => gate.promise, 1);
  relay.start();
  const later = newRow({ id: "later", dueAt: time.now() + 5_000 });
  const nowhere = newRow({ id: "nowhere", to: "unknown" });
  const first = relay.prepare(newRow({ id: "first" }));
  for (const row of [later, nowhere]) {
    assert.deepEqual([relay.prepare(row).row, relay.prepare(row).journal], [row, []]);
  }
  first.send();
  await settle();
  const second = relay.prepare(newRow({ id: "second" }));
  assert.deepEqual([second.row.tries, second.journal], [0, []]);
  rows.add(second.row);
  second.send();
  await settle();
  assert.deepEqual(sent, ["first"]);
  gate.resolve();
  await settle();
  assert.deepEqual(sent, ["first", "second"]);
  await relay.stop();
  const last = relay.prepare(newRow({ id: "last" }));
  assert.equal(last.row.tries, 0, "after stop nothing is sent");
});

test("a request is given longer before it is sent again; one that failed to go out is not", async () => {
  const { time, rows, relay, sent } = world();
  rows.add({ id: "request", kind: "request" });
  relay.start();
  await time.advance(2_000);
  assert.deepEqual(sent, ["request"]);
  await time.advance(4_000);
  assert.deepEqual(sent, ["request", "request"]);
  await relay.stop();

  const broken = world(() => Promise.reject(new AppError("link-failed", "down", { retryable: true })));
  broken.rows.add({ id: "request", kind: "request" });
  broken.relay.start();
  await broken.time.advance(2_000);
  assert.ok(broken.sent.length >= 2);
  await broken.relay.stop();
});

test("without a kick the periodic look finds a row within a second", async () => {
  const { time, rows, relay, sent } = world();
  relay.start();
  await settle();
  rows.add({ id: "a" });
  await time.advance(1_000);
  assert.deepEqual(sent, ["a"]);
  await relay.stop();
  rows.add({ id: "b" });
  relay.kick();
  await time.advance(5_000);
  assert.deepEqual(sent, ["a"], "nothing is sent after stop");
});

test("one slow sending holds up no other; no more go out than there are places", async () => {
  const gate = Promise.withResolvers<void>();
  let now = 0;
  let most = 0;
  const { rows, relay, sent } = world(async ({ subject }) => {
    now += 1;
    most = Math.max(most, now);
    await (subject.step === "slow" ? gate.promise : Promise.resolve());
    now -= 1;
  }, 2);
  rows.add({ id: "slow" });
  for (let n = 0; n < 20; n += 1) {
    rows.add({ id: `quick-${n}` });
  }
  relay.kick();
  await settle();
  assert.equal(sent.length, 21);
  assert.equal(new Set(sent).size, 21);
  assert.equal(most, 2);
  gate.resolve();
  await relay.stop();
});

test("a kick while everything is busy is not forgotten", async () => {
  const gate = Promise.withResolvers<void>();
  const { rows, relay, sent } = world(() => gate.promise, 1);
  rows.add({ id: "a" });
  relay.kick();
  await settle();
  rows.add({ id: "b" });
  relay.kick();
  await settle();
  assert.deepEqual(sent, ["a"]);
  gate.resolve();
  await settle();
  assert.deepEqual(sent, ["a", "b"]);
  await relay.stop();
});

test("an expired row is closed and reported, never sent; an agent without a grant costs no other its message", async () => {
  const { time, rows, relay, sent, expired } = world();
  rows.add({ id: "old", expiresAt: time.now() });
  rows.add({ id: "nowhere", to: "unknown" });
  rows.add({ id: "good" });
  relay.kick();
  await settle();
  assert.deepEqual(sent, ["good"]);
  assert.deepEqual(expired, ["old"]);
  assert.ok(!rows.rows.has("old"));
  assert.ok((rows.rows.get("nowhere")?.dueAt ?? 0) > time.now());
  await relay.stop();
});

test("a database that fails for a while is asked again", async () => {
  const { time, rows, relay, sent } = world();
  rows.add({ id: "a" });
  rows.failure = new Error("disk");
  relay.start();
  await settle();
  assert.deepEqual(sent, []);
  rows.failure = undefined;
  await time.advance(1_000);
  assert.deepEqual(sent, ["a"]);
  await relay.stop();
});

test("stop waits for what is being sent", async () => {
  const gate = Promise.withResolvers<void>();
  const { rows, relay } = world(() => gate.promise);
  rows.add({ id: "a" });
  relay.kick();
  await settle();
  let stopped = false;
  const stopping = relay.stop().finally(() => {
    stopped = true;
  });
  await settle();
  assert.ok(!stopped);
  gate.resolve();
  await stopping;
  assert.equal(rows.rows.get("a")?.tries, 1);
});

test("pauses double up to the most and always keep half", () => {
  assert.equal(backOffMs(250, 1, 0, 30_000), 125);
  assert.equal(backOffMs(250, 1, 1, 30_000), 250);
  assert.equal(backOffMs(250, 4, 1, 30_000), 2_000);
  assert.equal(backOffMs(250, 500, 1, 30_000), 30_000);
  assert.equal(backOffMs(5_000, 2, 0, 30_000), 5_000);
});

test("what was sent is repeated ever more rarely; what could not be sent is tried twice a minute", async () => {
  const hours = 10;
  const answered = world();
  answered.rows.add({ id: "a" });
  answered.relay.start();
  await answered.time.advance(hours * 3_600_000);
  const most = (hours * 3_600_000) / 225_000 + 15;
  assert.ok(answered.sent.length <= most, `${answered.sent.length} sendings`);
  await answered.relay.stop();

  const broken = world(() => Promise.reject(new AppError("link-failed", "down", { retryable: true })));
  broken.rows.add({ id: "a" });
  broken.relay.start();
  await broken.time.advance(3_600_000);
  const before = broken.sent.length;
  await broken.time.advance(60_000);
  assert.ok(broken.sent.length - before >= 2);
  await broken.relay.stop();
});

test("an agent's messages carry the token of its lease", async () => {
  const time = new ManualTime();
  const rows = new Rows();
  const tokens: (number | undefined)[] = [];
  let fencing = 3;
  const relay = createOutboxRelay({
    store: rows,
    clock: time,
    timers: time,
    log: silentLogger,
    resolve: () => ({ atSign: "@cs-bot", instance: "main" }),
    fencing: () => fencing,
    link: {
      seal: ({ fencing: token }) => ({ journal: [], send: async () => void tokens.push(token) }),
      send: async (envelope) => void tokens.push(envelope.fencing),
    },
  });
  rows.add({ id: "a" });
  relay.kick();
  await settle();
  fencing = 4;
  rows.add({ id: "b", kind: "error" });
  relay.kick();
  await settle();
  relay.prepare(newRow({ id: "c" })).send();
  await settle();
  await relay.stop();
  assert.deepEqual(tokens, [3, 4, 4]);
});
