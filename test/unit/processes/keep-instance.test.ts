import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/errors.ts";
import { keepInstance } from "../../../src/processes/keep-instance.ts";
import { ManualTime, settle } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

/** An instance whose keys and grant the test changes. */
async function world(o: { readonly refused?: string } = {}) {
  const time = new ManualTime();
  const state = {
    granted: true,
    stamp: "1",
    starts: 0,
    running: 0,
    refused: o.refused,
    fatal: [] as string[],
    lost: (_error: AppError): void => undefined,
  };
  const kept = await keepInstance({
    async start(onLost) {
      state.starts += 1;
      state.lost = onLost;
      if (state.refused !== undefined) {
        throw new AppError(state.refused, "for tests");
      }
      state.running += 1;
      return {
        isGranted: () => state.granted,
        async stop() {
          state.running -= 1;
        },
      };
    },
    stamp: async () => state.stamp,
    onFatal: ({ code }) => state.fatal.push(code),
    clock: time,
    timers: time,
    log: silentLogger,
  });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      await time.advance(500);
      await settle();
    }
  };
  return { state, kept, pass, time };
}

test("an instance whose grant was taken back stops, and starts when it has new keys", async () => {
  const { state, kept, pass } = await world();
  state.granted = false;
  await pass(5_000);
  assert.deepEqual([state.running, state.starts], [0, 1]);
  state.granted = true;
  state.stamp = "2";
  await pass(2_000);
  assert.deepEqual([state.running, state.starts], [1, 2]);
  await kept.stop();
  assert.equal(state.running, 0);
});

test("new keys are taken up by stopping and starting once", async () => {
  const { state, kept, pass } = await world();
  state.stamp = "2";
  await pass(10_000);
  assert.deepEqual([state.running, state.starts], [1, 2]);
  await kept.stop();
});

test("an enrollment that ended stops this instance; another loss ends the process", async () => {
  const { state, kept, pass } = await world();
  const cause = Object.assign(new Error("revoked"), { code: "AT0027" });
  state.lost(new AppError("receiving-ended", "for tests", { cause }));
  await pass(2_000);
  assert.deepEqual([state.running, state.fatal], [0, []]);
  state.lost(new AppError("receiving-ended", "for tests"));
  assert.deepEqual(state.fatal, ["receiving-ended"]);
  await kept.stop();
});

test("revoked before the start it waits, and is tried again now and then; another failure is told", async () => {
  const { state, kept, pass } = await world({ refused: "grant-revoked" });
  await pass(5_000);
  assert.deepEqual([state.running, state.starts], [0, 1]);
  state.refused = undefined;
  await pass(60_000);
  assert.deepEqual([state.running, state.starts], [1, 2]);
  await kept.stop();
  await assert.rejects(world({ refused: "keys-missing" }), { code: "keys-missing" });
});

test("stopped by a clock that was ahead of its grant, it starts soon after the clock is right again", async () => {
  const { state, kept, pass, time } = await world();
  time.setWrong(30 * 86_400_000);
  state.granted = false;
  state.refused = "no-grant";
  await pass(60_000);
  assert.deepEqual([state.running, state.starts > 1], [0, true]);
  time.setWrong(0);
  state.granted = true;
  state.refused = undefined;
  await pass(5_000);
  assert.equal(state.running, 1);
  await kept.stop();
});
