import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { settle } from "../../fakes/manual-time.ts";
import { line, newRow, outboxWorld } from "../../fakes/outbox-world.ts";

test("a prepared row is committed as if sent, with the line on it, and sent without another write", async () => {
  const { time, rows, relay, sent } = outboxWorld();
  relay.start();
  await settle();
  const claims = rows.claims;
  const message = relay.prepare(newRow({ id: "a" }));
  const { row, journal } = message;
  assert.deepEqual([row.tries, row.dueAt - time.now(), journal], [1, 1_500, [line]]);
  rows.add(row);
  await settle();
  assert.deepEqual(sent, [], "nothing goes out before its commit");
  message.send();
  await settle();
  assert.deepEqual([sent, rows.claims, rows.rows.get("a")], [["a"], claims, row]);
  await time.advance(2_000);
  assert.ok(sent.length >= 2, "unanswered, it is sent again as any other");
  await relay.stop();
});

test("a prepared row that is never sent, because its sender died, is due by itself", async () => {
  const { rows, relay, sent } = outboxWorld();
  const { row } = relay.prepare(newRow({ id: "a", kind: "request" }));
  const next = outboxWorld();
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
  const { time, rows, relay, sent } = outboxWorld(() => gate.promise);
  relay.start();
  const message = relay.prepare(newRow({ id: "a" }));
  rows.add(message.row);
  message.send();
  await time.advance(60_000);
  assert.deepEqual(sent, ["a"]);
  gate.reject(new AppError("link-failed", "down", { retryable: true }));
  await time.advance(2_000);
  assert.ok(sent.length >= 2);
  await relay.stop();
});

test("what is not due or cannot be sealed is not claimed, what is ready waits for a place, and people's comes next", async () => {
  const gate = Promise.withResolvers<void>();
  const { time, rows, relay, sent } = outboxWorld(() => gate.promise, 1);
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
  const urgent = relay.prepare(newRow({ id: "urgent", kind: "cancel" }));
  for (const each of [second, urgent]) {
    assert.deepEqual([each.row.tries, each.journal], [1, [line]]);
    rows.add(each.row);
    each.send();
  }
  await settle();
  assert.deepEqual(sent, ["first"]);
  gate.resolve();
  await settle();
  assert.deepEqual(sent, ["first", "urgent", "second"]);
  await relay.stop();
  const last = relay.prepare(newRow({ id: "last" }));
  assert.equal(last.row.tries, 0, "after stop nothing is sent");
});
