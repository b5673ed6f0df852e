import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { FreezePapers } from "../../src/safety-types.ts";
import type { TrustStore } from "../../src/trust/trust-store.ts";
import { verifyFreeze } from "../../src/verify-freeze.ts";
import { SampleFreeze } from "../fakes/sample-freeze.ts";
import { TrustWorld } from "../fakes/trust-world.ts";

const clock = { now: () => Date.UTC(2026, 0, 5, 9) };
const world = new TrustWorld(clock, ["bot", "hitl", "evidence"]);
world.document();
const sample = new SampleFreeze(world);
let trust: TrustStore;
beforeEach(async () => {
  trust = await world.open();
});
const verify = (papers: FreezePapers, view = trust) => verifyFreeze(papers, view, clock.now());

test("a freeze by one who may is believed, and its end by two who may", () => {
  assert.deepEqual(verify(sample.papers()), { serial: sample.serial, frozen: true });
  assert.deepEqual(verify(sample.papers(sample.lift())), { serial: sample.serial, frozen: false });
});

test("a freeze that anybody else made, or that would outlive all later ones, is refused", () => {
  const cases = [
    ["freeze-not-allowed", sample.freeze({ person: "employee" })],
    ["freeze-unknown-person", sample.freeze({ person: "former" })],
    ["freeze-signature", sample.freeze({}, "bot")],
    ["freeze-from-future", sample.freeze({ serial: clock.now() + 86_400_000 })],
  ] as const;
  for (const [code, freeze] of cases) {
    assert.throws(() => verify({ freeze, lift: null }), { code });
  }
});

test("one person, somebody without the role, another freeze, other keys: it is not lifted", () => {
  const one = sample.evidence("manager");
  const two = sample.evidence("manager-2");
  const cases = [
    ["freeze-one-person", sample.lift([one, sample.evidence("manager", { adapter: "slack" })])],
    ["freeze-not-allowed", sample.lift([one, sample.evidence("employee")])],
    ["freeze-unknown-person", sample.lift([one, sample.evidence("former")])],
    ["freeze-mismatch", sample.lift([one, sample.evidence("manager-2", { serial: 7 })])],
    ["freeze-mismatch", sample.lift([one, two], { serial: 7 })],
    ["freeze-signature", sample.lift([one, sample.evidence("manager-2", {}, "bot")])],
    // The bot's own keys, and its evidence key, are worth nothing without the HITL agent's.
    ["freeze-signature", sample.lift([one, two], {}, "bot")],
    ["freeze-signature", sample.lift([one, two], {}, "evidence")],
    ["freeze-wrong-account", sample.lift([one, sample.evidence("manager-2", { account: "slack:T1/U1" })])],
  ] as const;
  for (const [code, lift] of cases) {
    assert.throws(() => verify(sample.papers(lift)), { code });
  }
});

test("outside the demo a command line stops everything and starts nothing", async () => {
  const real = new TrustWorld(clock, ["bot", "hitl", "evidence"]);
  real.document({ demo: false });
  const own = new SampleFreeze(real);
  const view = await real.open();
  const local = { adapter: "terminal", assurance: "local" } as const;
  assert.equal(verify({ freeze: own.freeze(local), lift: null }, view).frozen, true);
  const lift = own.lift([own.evidence("manager"), own.evidence("manager-2", local)]);
  assert.throws(() => verify(own.papers(lift), view), { code: "freeze-assurance-too-low" });
  assert.equal(verify(own.papers(own.lift()), view).frozen, false);
});
