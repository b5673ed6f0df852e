import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlackEnvelope, SocketListener } from "../../../../adapters/slack/socket.ts";
import { createSocketPool } from "../../../../adapters/slack/socket-pool.ts";
import { AppError } from "../../../../src/errors.ts";
import { ManualTime, settle } from "../../../fakes/manual-time.ts";
import { silentLogger } from "../../../fakes/silent-logger.ts";

interface Opened {
  readonly listener: SocketListener;
  closed: boolean;
}
/** A Slack that counts connections: ours, and those of others. */
class Exchange {
  readonly time = new ManualTime();
  readonly opened: Opened[] = [];
  readonly handled: SlackEnvelope[] = [];
  others = 0;
  tries = 0;
  /** While set, opening fails so. */
  refusal: string | undefined;
  /** Each connection brings a payload with its hello. */
  early = false;
  /** Said instead of the true count. */
  counted: number | undefined;
  /** While set, payloads take this long. */
  hold: Promise<void> | undefined;
  readonly pool = createSocketPool({
    open: (listener) => {
      this.tries += 1;
      const full = this.live().length + this.others >= 10;
      const refusal = this.refusal ?? (full ? "slack-too-many-sockets" : undefined);
      if (refusal !== undefined) {
        return Promise.reject(new AppError(refusal, "no"));
      }
      const opened: Opened = { listener, closed: false };
      this.opened.push(opened);
      if (this.early) {
        this.payload(opened);
      }
      const connections = this.counted ?? this.live().length + this.others;
      return Promise.resolve({ socket: { close: () => this.end(opened) }, connections });
    },
    handle: async (envelope) => {
      this.handled.push(envelope);
      await this.hold;
    },
    clock: this.time,
    after: (ms, call) => this.time.after(ms, call),
    random: () => 1,
    log: silentLogger,
  });

  live(): Opened[] {
    return this.opened.filter((each) => !each.closed);
  }
  end(opened: Opened | undefined): Promise<void> {
    if (opened !== undefined && !opened.closed) {
      opened.closed = true;
      opened.listener.closed();
    }
    return Promise.resolve();
  }
  payload(opened: Opened | undefined): void {
    opened?.listener.envelope({
      type: "events_api",
      body: {},
      retryNum: undefined,
      retryReason: undefined,
      ack: () => Promise.resolve(),
    });
  }
}
async function started(change: (exchange: Exchange) => void = () => undefined): Promise<Exchange> {
  const exchange = new Exchange();
  change(exchange);
  exchange.pool.start();
  await settle();
  return exchange;
}

test("lesson 1: two connections are kept, and one that ends is replaced at once", async () => {
  const exchange = await started();
  assert.equal(exchange.live().length, 2);
  await exchange.end(exchange.opened[0]);
  await settle();
  assert.equal(exchange.live().length, 2);
  assert.equal(exchange.pool.status().open, 2);
});

test("lesson 1: before Slack closes a connection another one is open, and the old one works until then", async () => {
  const exchange = await started();
  const [first] = exchange.opened;
  let inHand = () => {};
  exchange.hold = new Promise((resolve) => (inHand = resolve));
  exchange.payload(first);
  first?.listener.leaving("refresh_requested");
  await settle();
  assert.equal(
    exchange.live().length,
    3,
    "the new one is open, the old one still has something to acknowledge",
  );
  inHand();
  await exchange.time.advance(14_000);
  exchange.payload(first);
  await settle();
  assert.equal(exchange.handled.length, 2, "what comes by it until Slack closes it is taken");
  assert.equal(first?.closed, false);
  await exchange.time.advance(1_000);
  assert.equal(first?.closed, true, "a Slack that does not is helped");
  assert.equal(exchange.live().length, 2);
});

test("a connection is closed by us when nothing came by it for a second; what comes until then is taken", async () => {
  const exchange = await started();
  const [first] = exchange.opened;
  const handled = () => exchange.handled.length;
  await exchange.time.advance(10 * 60_000 - 500);
  exchange.payload(first);
  await exchange.time.advance(1_000);
  assert.equal(exchange.live().length, 3, "another one has taken its place");
  exchange.payload(first);
  await exchange.time.advance(900);
  assert.deepEqual([handled(), first?.closed], [2, false]);
  exchange.payload(first);
  await exchange.time.advance(2_000);
  assert.deepEqual([handled(), first?.closed], [3, true]);
});

test("a connection by which something always comes is closed nevertheless", async () => {
  const exchange = await started();
  const [first] = exchange.opened;
  for (let at = 0; at < 10 * 60_000 + 20_000; at += 500) {
    exchange.live().forEach((each) => exchange.payload(each));
    await exchange.time.advance(500);
  }
  assert.equal(first?.closed, true);
});

test("where the app has all its ten connections, one that Slack wants back makes room at once", async () => {
  const exchange = await started((each) => {
    each.others = 8;
  });
  const [first] = exchange.opened;
  await exchange.time.advance(5_000);
  first?.listener.leaving("warning");
  await exchange.time.advance(1_000);
  assert.equal(first?.closed, true);
  assert.equal(exchange.live().length, 2);
});

test("lesson 1: a connection that brings nothing while the other brings everything is renewed", async () => {
  const exchange = await started();
  const [silent, busy] = exchange.opened;
  for (let count = 0; count < 19; count += 1) {
    exchange.payload(busy);
  }
  await exchange.time.advance(5_000);
  assert.equal(silent?.closed, false);
  exchange.payload(busy);
  await exchange.time.advance(5_000);
  assert.equal(silent?.closed, true);
  assert.equal(busy?.closed, false);
  assert.equal(exchange.live().length, 2);
});

test("lesson 1: one that brings nothing is closed though no other can be opened: what Slack sends by it is lost", async () => {
  const exchange = await started();
  const [silent, busy] = exchange.opened;
  exchange.refusal = "slack-unavailable";
  for (let count = 0; count < 20; count += 1) {
    exchange.payload(busy);
  }
  await exchange.time.advance(5_000);
  assert.deepEqual([silent?.closed, busy?.closed], [true, false]);
});

test("lesson 1: a hello that counts fewer than we hold renews the older ones, once a minute at most", async () => {
  const exchange = await started();
  exchange.counted = 1;
  await exchange.end(exchange.opened[0]);
  await exchange.time.advance(1_000);
  assert.ok(exchange.opened[1]?.closed, "the one that Slack no longer knows");
  const tries = exchange.tries;
  await exchange.time.advance(20_000);
  assert.equal(exchange.tries, tries, "a Slack that counts wrongly is no reason to go on renewing");
});

test("every connection is renewed after ten minutes, one at a time", async () => {
  const exchange = await started();
  await exchange.time.advance(9 * 60_000);
  assert.equal(exchange.opened.length, 2);
  await exchange.time.advance(70_000);
  assert.deepEqual(
    exchange.opened.map((each) => each.closed),
    [true, true, false, false],
  );
});

test("with nine connections of others one is enough, and a full house is waited for", async () => {
  const exchange = await started((each) => {
    each.others = 9;
  });
  assert.equal(exchange.live().length, 1);
  await exchange.time.advance(60_000);
  assert.equal(exchange.tries, 1, "no second one is tried for");
  const full = await started((each) => {
    each.others = 10;
  });
  assert.equal(full.live().length, 0);
  assert.equal(full.pool.status().error, "slack-too-many-sockets");
  full.others = 8;
  await full.time.advance(30_000);
  assert.equal(full.live().length, 2);
});

test("a network that is gone is tried ever more slowly, and back at once when it is there", async () => {
  const exchange = await started((each) => {
    each.refusal = "slack-unavailable";
  });
  await exchange.time.advance(10 * 60_000);
  assert.ok(exchange.tries > 15 && exchange.tries < 40, `${exchange.tries} tries in ten minutes`);
  assert.deepEqual(exchange.pool.status(), { open: 0, connections: 0, error: "slack-unavailable" });
  exchange.refusal = undefined;
  await exchange.time.advance(30_000);
  assert.deepEqual(exchange.pool.status(), { open: 2, connections: 2, error: null });
});

for (const [name, end] of [
  ["closes", (exchange: Exchange, opened: Opened) => void exchange.end(opened)],
  ["asks to leave", (_exchange: Exchange, opened: Opened) => opened.listener.leaving("refresh_requested")],
] as const) {
  test(`a Slack that ${name} what it has just opened is tried more slowly, until connections last`, async () => {
    const exchange = await started();
    for (let at = 0; at < 60_000; at += 100) {
      exchange.live().forEach((each) => end(exchange, each));
      await exchange.time.advance(100);
    }
    assert.ok(exchange.tries > 6 && exchange.tries < 50, `${exchange.tries} tries in a minute`);
    await exchange.time.advance(60_000);
    assert.equal(exchange.live().length, 2);
    const { tries } = exchange;
    await exchange.end(exchange.live()[0]);
    await settle();
    assert.equal(exchange.tries, tries + 1, "at once again");
  });
}

test("lesson 1: a payload that comes with the hello is handled", async () => {
  const exchange = await started((each) => {
    each.early = true;
  });
  assert.equal(exchange.handled.length, 2);
});

test("stopping finishes what is in hand and what comes meanwhile, and closes all", async () => {
  const exchange = await started();
  let inHand = () => {};
  exchange.hold = new Promise((resolve) => (inHand = resolve));
  exchange.payload(exchange.opened[0]);
  let stopped = false;
  const stopping = exchange.pool.stop().then(() => (stopped = true));
  await settle();
  exchange.payload(exchange.opened[1]);
  assert.equal(exchange.handled.length, 2, "nobody's click is dropped while there is a connection");
  assert.equal(stopped, false);
  inHand();
  await stopping;
  assert.equal(exchange.live().length, 0);
  await exchange.time.advance(60_000);
  assert.equal(exchange.live().length, 0);
});

test("stopping does not wait for ever for what hangs", async () => {
  const exchange = await started();
  exchange.hold = new Promise(() => undefined);
  exchange.payload(exchange.opened[0]);
  const stopping = exchange.pool.stop();
  await exchange.time.advance(3_000);
  await stopping;
  assert.equal(exchange.live().length, 0);
});
