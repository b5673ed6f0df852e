import assert from "node:assert/strict";
import { test } from "node:test";
import { healthOf } from "../../src/agent-health.ts";

const at = (time: string) => Date.parse(`2026-01-05T${time}:00.000Z`);
const health = (change: Partial<Parameters<typeof healthOf>[0]> = {}) => {
  const all = { open: 0, since: null, heard: null, granted: true, now: at("12:10"), ...change };
  const { state, text } = healthOf(all);
  return [state, text];
};

test("an agent is idle or busy, with its last answer and its errors", () => {
  assert.deepEqual(health(), ["idle", "idle"]);
  const heard = { at: at("12:01"), errors: 0 };
  assert.deepEqual(health({ heard }), ["idle", "idle, last answer 12:01 UTC"]);
  assert.deepEqual(health({ open: 1, since: at("12:10"), heard: { ...heard, errors: 1 } }), [
    "busy",
    "1 request in flight, last answer 12:01 UTC, 1 error in the last hour",
  ]);
  assert.deepEqual(health({ open: 2 }), ["busy", "2 requests in flight"], "since when was not kept");
});

test("an agent is silent when nothing was heard since its oldest open request, for a minute", () => {
  const since = at("12:05");
  assert.deepEqual(health({ open: 3, since }), ["silent", "no answer since 12:05 UTC to 3 requests"]);
  assert.equal(health({ open: 3, since, heard: { at: at("12:04"), errors: 0 } })[0], "silent");
  assert.equal(health({ open: 3, since, heard: { at: at("12:06"), errors: 0 } })[0], "busy");
  assert.equal(health({ open: 3, since, now: since + 59_999 })[0], "busy");
});

test("an agent for whom nobody holds a valid grant cannot be reached", () => {
  assert.deepEqual(health({ granted: false }), ["unreachable", "no valid grant"]);
  assert.deepEqual(health({ granted: false, open: 1, since: at("12:09") }), [
    "unreachable",
    "no valid grant, 1 request waiting",
  ]);
});
