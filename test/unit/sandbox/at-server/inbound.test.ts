import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { InboundConnections } from "../../../../src/sandbox/at-server/inbound-connections.ts";
import { defaultLimits } from "../../../../src/sandbox/at-server/limits.ts";
import { LineBuffer, splitLines } from "../../../../src/sandbox/at-server/line-buffer.ts";

suite("idle connections", () => {
  const minute = 60_000;
  /** How long each kind may be idle when there are that many. */
  function patience(count: number): { guest: number; owner: number } {
    const lasts = (isGuest: boolean) => {
      let after = Number.POSITIVE_INFINITY;
      for (const idle of [5_000, minute, 5 * minute, 10 * minute, 1_440 * minute, 43_200 * minute]) {
        const connections = new InboundConnections(defaultLimits, () => defaultLimits.maxConnections);
        let closed = false;
        for (let i = 1; i < count; i++)
          connections.add(
            { isGuest: false, since: idle, lastWrite: idle, unsent: 0, close: () => assert.fail() },
            0,
          );
        connections.add({ isGuest, since: 0, lastWrite: 0, unsent: 0, close: () => (closed = true) }, 0);
        connections.closeIdle(idle);
        if (closed) after = Math.min(after, idle);
      }
      return after;
    };
    return { guest: lasts(true), owner: lasts(false) };
  }

  test("may stay long while there is room, and less the more there are", () => {
    assert.deepEqual(patience(1), { guest: 10 * minute, owner: 43_200 * minute });
    assert.deepEqual(patience(100), { guest: 10 * minute, owner: 43_200 * minute });
    assert.deepEqual(patience(155), { guest: 5 * minute, owner: 43_200 * minute });
    assert.deepEqual(patience(200), { guest: 5_000, owner: minute });
  });

  test("make room for a new one when it is full, if they have been idle for long enough", () => {
    const connections = new InboundConnections(defaultLimits, () => 2);
    const closed: string[] = [];
    const named = (name: string, lastWrite: number) => ({
      isGuest: true,
      since: lastWrite,
      lastWrite,
      unsent: 0,
      close: () => closed.push(name),
    });
    assert.ok(connections.add(named("a", 0), 0));
    assert.ok(connections.add(named("b", 4_000), 4_000));
    assert.ok(!connections.add(named("c", 4_999), 4_999));
    assert.ok(connections.add(named("d", 5_000), 5_000));
    assert.deepEqual(closed, ["a"]);
    assert.equal(connections.size, 2);
  });

  test("who leaves most unread goes first when all together leave too much", () => {
    const connections = new InboundConnections({ ...defaultLimits, maxUnsentTotalBytes: 100 }, () => 9);
    const closed: number[] = [];
    for (const unsent of [10, 40, 0, 30])
      connections.add(
        { isGuest: false, since: 0, lastWrite: 0, unsent, close: () => closed.push(unsent) },
        0,
      );
    connections.makeRoom(20);
    assert.deepEqual(closed, []);
    connections.makeRoom(21);
    assert.deepEqual(closed, [40]);
    closed.length = 0;
    connections.makeRoom(1_000);
    assert.deepEqual(closed, [40, 30, 10], "and never those who have read everything");
  });
});

test("lines come out as they went in, however the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary" }).map((line) => line.replaceAll("\n", ""))),
      fc.array(fc.integer({ min: 1, max: 9 })),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const buffer = new LineBuffer();
        const seen: string[] = [];
        for (let start = 0, i = 0; start < bytes.length; i++) {
          const end = start + (cuts[i % cuts.length] ?? bytes.length);
          for (const part of splitLines(bytes.subarray(start, end))) {
            assert.ok(buffer.add(part.bytes, 1_000_000, part.ends));
            if (part.ends) seen.push(buffer.take());
          }
          start = end;
        }
        assert.deepEqual(
          seen,
          lines.map((line) => Buffer.from(line).toString()),
        );
        assert.equal(buffer.size, 0);
      },
    ),
    { numRuns: 50 },
  );
});

test("an unfinished line takes at most twice its length, and no more than allowed", () => {
  const buffer = new LineBuffer();
  for (let i = 0; i < 100_000; i++) assert.ok(buffer.add(Buffer.from("x"), 100_000, false));
  assert.ok(buffer.size <= 200_000);
  assert.ok(!buffer.add(Buffer.from("x"), 100_000, false));
  assert.equal(buffer.take().length, 100_000);
});
