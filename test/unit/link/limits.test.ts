import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as check, integer, property } from "../../fakes/fast-check.ts";
import { givenAfter, limitWait } from "../../../src/agent-limit.ts";
import { FairShares } from "../../../src/fair-shares.ts";
import { Parked } from "../../../src/link/parked.ts";
import type { OutboxRow } from "../../../src/record-types.ts";

let count = 0;
function row(requester: string, change: Partial<OutboxRow> = {}): OutboxRow {
  count += 1;
  const subject = { run: `r${count}`, revision: 1, step: "offers", attempt: 1 };
  const times = { dueAt: 0, tries: 1, expiresAt: 1_000 };
  return {
    id: `row${count}`,
    to: "supply",
    kind: "request",
    subject,
    body: {},
    requester,
    ...times,
    ...change,
  };
}

test("an agent gets no more at a time and in a minute than the company allows", () => {
  const limit = { inFlight: 2, perMinute: 3 };
  assert.equal(limitWait(limit, { inFlight: 1, given: [] }, 0), 0);
  assert.equal(limitWait(limit, { inFlight: 2, given: [] }, 0), "full");
  assert.equal(limitWait({}, { inFlight: 1_000, given: [1, 2, 3] }, 4), 0);
  let given: readonly number[] = [];
  for (const now of [0, 10_000, 20_000]) {
    assert.equal(limitWait(limit, { inFlight: 0, given }, now), 0);
    given = givenAfter(limit, given, now);
  }
  assert.equal(limitWait(limit, { inFlight: 0, given }, 30_000), 30_000, "until the first is a minute ago");
  assert.equal(limitWait(limit, { inFlight: 0, given }, 60_000), 0);
  assert.deepEqual(givenAfter(limit, given, 60_000), [10_000, 20_000, 60_000], "older times are forgotten");
});

test("where there is not room for all, everybody gets a fair share, in their own order", () => {
  const parked = new Parked(100);
  const bulk = Array.from({ length: 6 }, () => row("anna"));
  const few = [row("ben"), row("ben")];
  [...bulk, ...few].forEach((each) => parked.add(each));
  const order = parked.take("supply", 8).map(({ id }) => id);
  const [a, b] = [bulk.map(({ id }) => id), few.map(({ id }) => id)];
  assert.deepEqual(order, [a[0], b[0], a[1], b[1], a[2], a[3], a[4], a[5]]);
});

test("what people wait for never waits behind bulk work, and what is only told comes last", () => {
  const parked = new Parked(100);
  const subject = { run: "r0", revision: 1, attempt: 1 };
  const status = row("anna", { subject: { ...subject, step: "status-running" } });
  const bulk = row("anna");
  const undo = row("anna", { subject: { ...subject, step: "undo-reserve" } });
  const cancel = row("ben", { kind: "cancel" });
  [status, bulk, undo, cancel].forEach((each) => parked.add(each));
  const order = parked.take("supply", 3).map(({ id }) => id);
  assert.deepEqual(order.toSorted(), [undo.id, cancel.id, bulk.id].toSorted());
  assert.equal(order.at(-1), bulk.id);
  assert.deepEqual(parked.take("supply", 9), [status]);
});

test("shares are as the weights, whoever asks when; nobody waits for ever", () => {
  check(
    property(
      array(integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 }),
      integer({ min: 0, max: 50 }),
      (weights, alone) => {
        const shares = new FairShares((who) => weights[Number(who)] ?? 1);
        const everybody = weights.map((_, index) => String(index));
        for (let n = 0; n < alone; n += 1) {
          shares.next(["0"]);
        }
        const sum = weights.reduce((total, each) => total + each, 0);
        const got = new Map<string, number>();
        for (let n = 0; n < sum * 10; n += 1) {
          const who = shares.next(everybody) ?? "";
          got.set(who, (got.get(who) ?? 0) + 1);
        }
        for (const [index, weight] of weights.entries()) {
          const share = got.get(String(index)) ?? 0;
          assert.ok(Math.abs(share - weight * 10) <= weight + 1, `${share} of ${weight * 10}`);
        }
      },
    ),
  );
});
