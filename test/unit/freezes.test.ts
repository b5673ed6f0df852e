import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createFreezes, type Freezes } from "../../src/freezes.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { FreezePapers, LiftEvidence, SafetyAct } from "../../src/safety-types.ts";
import type { Signed } from "../../src/domain.ts";
import { MemoryFreezes } from "../fakes/memory-freezes.ts";
import { SampleFreeze } from "../fakes/sample-freeze.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { TrustWorld } from "../fakes/trust-world.ts";

const clock = { now: () => Date.UTC(2026, 0, 5, 9) };
const world = new TrustWorld(clock, ["bot", "hitl", "evidence"]);
world.document();
const sample = new SampleFreeze(world);
let journal: JournalEntry[];
let told: FreezePapers[];
let lifts: number;
/** Two bots on one record. */
let bots: readonly Freezes[];

beforeEach(async () => {
  journal = [];
  told = [];
  lifts = 0;
  const freezes = new MemoryFreezes(journal);
  const trust = await world.open();
  const bot = () =>
    createFreezes({
      store: { freezes, appendJournal: async (entries) => void journal.push(...entries) },
      trust: () => trust,
      sign: (statement) => world.sign("evidence", statement),
      tell: async (papers) => {
        told.push(papers);
        return { confirmed: 12, of: 12 };
      },
      signLift: async (serial, evidence: readonly Signed<LiftEvidence>[]) =>
        sample.lift(evidence, { serial }),
      lifted: async () => {
        lifts += 1;
      },
      clock,
      log: silentLogger,
    });
  bots = [bot(), bot()];
});
const act = (person: string): SafetyAct => ({ person, adapter: "console", assurance: "clicked" });
const [first, second] = [() => bots[0] as Freezes, () => bots[1] as Freezes];

test("one person freezes for every bot; two distinct people, at whatever bot, lift it", async () => {
  assert.equal(first().frozen(), false);
  const frozen = await first().freeze(act("manager"), "fraud suspected");
  assert.equal(frozen.outcome, "done");
  assert.equal(first().frozen(), true);
  await second().refresh();
  assert.equal(second().frozen(), true);
  assert.equal(second().view()?.reason, "fraud suspected");
  const one = await second().unfreeze(act("manager"));
  assert.ok(one.outcome === "done" && one.frozen);
  const again = await first().unfreeze(act("manager"));
  assert.ok(again.outcome === "refused" && again.error.code === "own-request");
  const other = await first().unfreeze(act("manager-2"));
  assert.ok(other.outcome === "done" && !other.frozen);
  assert.equal(first().frozen(), false);
  await second().refresh();
  assert.equal(second().frozen(), false);
  assert.equal(lifts, 2);
  assert.ok(told.at(-1)?.lift !== null);
  const states = journal.filter(({ kind }) => kind === "freeze").map(({ facts }) => facts["state"]);
  assert.deepEqual(states, ["frozen", "lift-wanted", "lift-wanted", "lifted"]);
  assert.ok(journal.every(({ facts }) => !JSON.stringify(facts).includes("fraud")));
});

test("who may not is refused and recorded; so are a freeze without a reason and a lift of nothing", async () => {
  for (const outcome of [
    await first().freeze(act("employee"), "for fun"),
    await first().freeze(act("former"), "for fun"),
    await first().freeze(act("manager"), " "),
    await first().unfreeze(act("manager")),
  ]) {
    assert.equal(outcome.outcome, "refused");
  }
  const codes = journal.map(({ facts }) => facts["code"]);
  assert.deepEqual(codes, ["not-allowed", "unknown-person", "bad-reason", "not-frozen"]);
  assert.deepEqual(told, []);
});

test("two freezes at the same moment are one; the next has a higher serial", async () => {
  await Promise.all([first().freeze(act("manager"), "a"), second().freeze(act("manager-2"), "b")]);
  const serial = first().view()?.serial ?? 0;
  await second().refresh();
  assert.equal(second().view()?.serial, serial);
  await first().unfreeze(act("manager"));
  await first().unfreeze(act("manager-2"));
  await first().freeze(act("manager"), "c");
  assert.equal(first().view()?.serial, serial + 1);
});
