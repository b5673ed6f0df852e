import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { before, suite, test } from "node:test";
import { seeded } from "../../fakes/slack/random.ts";
import { type EngineOutcome, FaultyEngine } from "./faulty-engine.ts";
import { SmallDisk, smallDiskMissing } from "./small-disk.ts";

/** What surrounds engine, approvals and intake fails, in one process, on the real SQLite record; fixed seeds. */

const seeds = [1, 2, 3];
const clockSeeds = [4, 5, 6, 7, 8, 9];
const monthMs = 30 * 86_400_000;
const done = "completed  1/budget=done 1/reserve=done";

let expected: EngineOutcome;
before(async () => {
  expected = await FaultyEngine.play({ random: seeded(0) });
  assert.equal(expected.placed, 2);
  assert.deepEqual(expected.failures, []);
});

test("every job, answer, request and verdict comes three times, in random order: all is as if once", async () => {
  for (const seed of seeds) {
    assert.deepEqual(await FaultyEngine.play({ random: seeded(seed), copies: 3 }), expected, `seed ${seed}`);
  }
});

for (const [what, sign] of [
  ["ahead", 1],
  ["behind", -1],
] as const) {
  test(`the clock is 30 days ${what} for a while: each run ends, as it would or expired with nothing held`, async () => {
    for (const seed of clockSeeds) {
      const random = seeded(seed);
      const from = 3 + Math.floor(random() * 60);
      const to = from + 5 + Math.floor(random() * 10);
      const { runs, placed, journalIsWhole } = await FaultyEngine.play({
        random,
        async between({ world }, delivery) {
          if (delivery === from || delivery === to) {
            await world.time.jump(delivery === from ? sign * monthMs : -sign * monthMs);
          }
        },
      });
      const text = `seed ${seed}, deliveries ${from} to ${to}: ${runs.join("; ")}`;
      const ended = runs.filter((run) => run !== done);
      assert.equal(runs.length, 4, text);
      assert.ok(
        ended.every((run) => /^cancelled (rejected|expired)/.test(run) && !run.includes("=done")),
        text,
      );
      assert.equal(placed, runs.length - ended.length, text);
      assert.ok(journalIsWhole, text);
    }
  });
}

suite("the disk is full", { skip: smallDiskMissing() }, () => {
  test("what is refused says so, nothing is half done, and all goes on when there is room", async (t) => {
    const disk = new SmallDisk(mkdtempSync(path.join(tmpdir(), "cs-disk-")), 6);
    t.after(() => {
      disk.remove();
      rmSync(disk.folder, { recursive: true });
    });
    for (const seed of seeds) {
      const folder = path.join(disk.folder, `record-${seed}`);
      mkdirSync(folder, { mode: 0o700 });
      const random = seeded(seed);
      let full = false;
      const { failures, ...outcome } = await FaultyEngine.play({
        random,
        folder,
        async between() {
          if (!full && random() < 0.05) {
            full = true;
            disk.fill();
          } else if (full && random() < 0.2) {
            full = false;
            disk.empty();
          }
        },
      });
      disk.empty();
      assert.deepEqual({ ...outcome, failures: [] }, expected, `seed ${seed}`);
      assert.ok(failures.length > 0, `seed ${seed}: the disk was never full`);
      const said = `data-not-writable: data folder ${folder} cannot be written`;
      assert.ok(
        failures.every((each) => each.startsWith(said) && each.includes("check free space")),
        failures[0],
      );
      rmSync(folder, { recursive: true });
    }
  });
});
