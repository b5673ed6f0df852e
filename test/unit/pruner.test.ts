import assert from "node:assert/strict";
import { test } from "node:test";
import { createPruner } from "../../src/pruner.ts";
import { ManualTime } from "../fakes/manual-time.ts";
import { silentLogger } from "../fakes/silent-logger.ts";

test("a store is pruned a minute after the start and then every hour, also when one time fails", async () => {
  const time = new ManualTime();
  const asked: number[] = [];
  const start = time.now();
  const pruner = createPruner({
    store: {
      async prune(now) {
        asked.push(now - start);
        if (asked.length === 1) {
          throw new Error("on purpose");
        }
        return 0;
      },
    },
    clock: time,
    after: (ms, call) => time.after(ms, call),
    log: silentLogger,
  });
  pruner.start();
  await time.advance(59_999);
  assert.deepEqual(asked, []);
  await time.advance(2 * 3_600_000 + 1);
  assert.deepEqual(asked, [60_000, 3_660_000, 7_260_000]);
  await pruner.stop();
  await time.advance(24 * 3_600_000);
  assert.equal(asked.length, 3);
});
