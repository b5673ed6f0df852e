import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { interruptionOf, plannedMessage } from "./mailbox/mailbox-plan.ts";
import { runMailbox } from "./mailbox/mailbox-run.ts";

/** Real processes, real clock: the fixed part of `npm run chaos:mailbox`. */

/** Chosen because its 400 messages see every kind of interruption, and two of them are above 32 KiB. */
const seed = 1_320;
const messages = 400;
const blockSize = 80;
/** Chosen because each of its three blocks kills a server, and both are killed. */
const federatedSeed = 4151;

const sample = { from: 0, say: () => undefined };

suite("messages between processes that lose, repeat and die", () => {
  test("the sample kills either side and the servers, cuts, stalls, and has large messages", () => {
    const blocks = Array.from({ length: messages / blockSize }, (_, block) => block);
    const what = blocks.map((block) => interruptionOf(seed, block, blockSize).what);
    assert.deepEqual(what.toSorted(), ["answerer", "asker", "cut", "server", "stall"]);
    const large = Array.from({ length: messages }, (_, index) => plannedMessage(seed, index)).filter(
      ({ text }) => text.length > 32 * 1024,
    );
    assert.deepEqual(
      large.map(({ echo }) => echo),
      [true, false],
    );
  });

  test("each message has its effect once and its answer once", { timeout: 300_000 }, async () => {
    const outcome = await runMailbox({ ...sample, seed, messages, blockSize, isFederated: false });
    const { lost, doubled, wrong, faults } = outcome;
    assert.deepEqual({ lost, doubled, wrong }, { lost: 0, doubled: 0, wrong: 0 });
    for (const kind of ["drop", "duplicate", "repeat-late", "reorder", "delay"]) {
      assert.ok((faults[kind] ?? 0) > 0, kind);
    }
  });

  test(
    "the same with each side's atServer in a process of its own, either of which is killed",
    { timeout: 300_000 },
    async () => {
      const federated = { seed: federatedSeed, messages: 120, blockSize: 40 };
      const kills = [0, 1, 2].map((block) => interruptionOf(federatedSeed, block, federated.blockSize));
      assert.deepEqual(
        new Set(kills.map(({ what, server }) => `${what} ${server}`)),
        new Set(["server 0", "server 1"]),
      );
      const { lost, doubled, wrong, answered } = await runMailbox({
        ...sample,
        ...federated,
        isFederated: true,
      });
      assert.deepEqual({ answered, lost, doubled, wrong }, { answered: 120, lost: 0, doubled: 0, wrong: 0 });
    },
  );
});
