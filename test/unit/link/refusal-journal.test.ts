import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefusalJournal } from "../../../src/link/refusal-journal.ts";
import type { JournalEntry } from "../../../src/record-types.ts";
import { ManualTime, settle } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

function world(journal?: () => Promise<void>) {
  const time = new ManualTime();
  const entries: JournalEntry[] = [];
  const keep = async (added: readonly JournalEntry[]) => void entries.push(...added);
  const refusals = createRefusalJournal({ journal: journal ?? keep, timers: time, log: silentLogger });
  const lines = () => entries.map(({ kind, facts }) => [kind, facts["peer"], facts["code"], facts["count"]]);
  return { time, refusals, lines };
}

test("the first refusal is written at once, the others of a minute as one count", async () => {
  const { time, refusals, lines } = world();
  for (let n = 0; n < 100; n += 1) {
    refusals.note({ peer: "@stranger", code: "no-grant" });
  }
  refusals.note({ peer: "@cs-bot", code: "envelope-altered" });
  refusals.note({ peer: null, code: "trust-rollback" });
  const first = [
    ["refusal", "@stranger", "no-grant", 1],
    ["alarm", "@cs-bot", "envelope-altered", 1],
    ["alarm", null, "trust-rollback", 1],
  ];
  assert.deepEqual(lines(), first);
  await time.advance(60_000);
  assert.deepEqual(lines(), [...first, ["refusal", "@stranger", "no-grant", 99]]);
  refusals.note({ peer: "@stranger", code: "no-grant" });
  await time.advance(600_000);
  assert.deepEqual(lines().slice(4), [["refusal", "@stranger", "no-grant", 1]], "nothing more to say");
  refusals.note({ peer: "@stranger", code: "no-grant" });
  assert.equal(lines().length, 6, "quiet for a while: written at once again");
});

test("a crowd of strangers is counted together and hides nobody else", async () => {
  const { time, refusals, lines } = world();
  for (let n = 0; n < 5_000; n += 1) {
    refusals.note({ peer: `@stranger${n}`, code: "no-grant" });
  }
  refusals.note({ peer: "@cs-bot", code: "envelope-signature" });
  assert.deepEqual(lines().at(-1), ["alarm", "@cs-bot", "envelope-signature", 1]);
  assert.ok(lines().length <= 22, `${lines().length} lines`);
  await time.advance(60_000);
  const counted = lines().reduce(
    (sum, [, , code, count]) => sum + (code === "no-grant" ? Number(count) : 0),
    0,
  );
  assert.equal(counted, 5_000);
});

test("closing writes what was counted; a journal that fails stops nothing", async () => {
  const { refusals, lines } = world();
  refusals.note({ peer: "@stranger", code: "no-grant" });
  refusals.note({ peer: "@stranger", code: "no-grant" });
  await refusals.close();
  refusals.note({ peer: "@stranger", code: "no-grant" });
  assert.deepEqual(
    lines().map(([, , , count]) => count),
    [1, 1],
  );
  const broken = world(() => Promise.reject(new Error("disk")));
  broken.refusals.note({ peer: "@stranger", code: "no-grant" });
  await settle();
  await broken.refusals.close();
});
