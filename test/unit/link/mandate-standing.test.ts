import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import type { EvidenceStatement, StandingStatement, StandingTerms } from "../../../src/mandate-types.ts";
import type { PlanDocument } from "../../../src/domain.ts";
import type { Policy } from "../../../src/policy-types.ts";
import { verifyMandate } from "../../../src/link/mandate.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { usd } from "../../fakes/policy-world.ts";
import { mandateRoles, SampleMandate } from "../../fakes/sample-mandate.ts";
import { policy, TrustWorld } from "../../fakes/trust-world.ts";

const time = new ManualTime();
const world = new TrustWorld(time, [...mandateRoles, "supply"]);
const trust = await world.open();
const sample = new SampleMandate(world);
const subject = { run: "run1", revision: 1, step: "orders", attempt: 1 };
const rules: Policy = {
  ...policy,
  standing: { tiers: ["standard"], longestDays: 10, each: usd("500"), inAll: usd("5000"), uses: 50 },
};
/** The sample plan costs at most 110.00, of alpha for xyz. */
const terms: StandingTerms = {
  id: "s1",
  requester: "employee",
  workflow: "order-parts",
  customers: ["xyz"],
  suppliers: ["alpha"],
  currencies: ["USD"],
  each: usd("110.00"),
  inAll: usd("1000"),
  uses: 10,
  tier: "standard",
  notBefore: world.time(-1),
  notAfter: world.time(5),
};
interface Change {
  readonly terms?: Partial<StandingTerms>;
  readonly given?: Partial<StandingStatement>;
  readonly evidence?: Partial<EvidenceStatement>;
  readonly signer?: string;
  readonly plan?: Partial<PlanDocument>;
  readonly policy?: Policy;
}

function check(o: Change = {}) {
  const plan = sample.plan(o.plan);
  const standing = world.sign(o.signer ?? "evidence", {
    tag: "countersign/standing/1",
    terms: { ...terms, ...o.terms },
    person: "manager",
    adapter: "console",
    assurance: "clicked",
    trustSerial: 1,
    receivedAt: world.time(-1),
    ...o.given,
  } satisfies StandingStatement);
  const evidence = { adapter: "standing", standing, ...o.evidence };
  const mandate = sample.mandate(plan, { decisions: [sample.decision(plan, { evidence })] });
  return verifyMandate({
    mandate,
    subject,
    trust: { ...trust, policy: o.policy ?? rules },
    now: time.now(),
  });
}

test("an approval that was given in advance counts with whoever executes, for whoever gave it", () => {
  assert.deepEqual(check().decidedBy, ["manager"]);
  assert.deepEqual(check({ terms: { customers: null, suppliers: null, workflow: null } }).decidedBy, [
    "manager",
  ]);
});

test("outside its bounds, altered, forged, or against the policy here: refused", () => {
  const cases: readonly (readonly [string, Change])[] = [
    ["evidence", { signer: "hitl" }],
    ["evidence", { signer: "financial" }],
    ["not-covered", { terms: { each: usd("109.99") } }],
    ["not-covered", { terms: { customers: ["abc"] } }],
    ["not-covered", { terms: { suppliers: ["beta"] } }],
    ["not-covered", { terms: { currencies: ["EUR"] } }],
    ["not-covered", { terms: { requester: "manager-2" } }],
    ["not-covered", { terms: { workflow: "other" } }],
    ["not-covered", { terms: { notAfter: world.time(0) } }],
    ["not-covered", { plan: { shadow: true } }],
    ["standing-refused", { terms: { tier: "large" } }],
    ["standing-refused", { terms: { each: usd("500.01") } }],
    ["standing-refused", { terms: { inAll: usd("5000.01") } }],
    ["standing-refused", { terms: { uses: 51 } }],
    ["standing-refused", { terms: { notAfter: world.time(10) } }],
    ["standing-refused", { terms: { requester: null, workflow: null } }],
    ["standing-mismatch", { given: { person: "manager-2" } }],
    ["standing-mismatch", { given: { assurance: "local" } }],
    ["standing-mismatch", { given: { account: "slack:T1/U1" } }],
    ["standing-mismatch", { given: { receivedAt: world.time(0.5) } }],
    ["standing-mismatch", { evidence: { breakGlass: true } }],
    ["own-request", { terms: { requester: "manager" }, plan: { requester: "manager" } }],
    ["own-request", { terms: { requester: null }, plan: { requester: "manager" } }],
    ["own-request", { evidence: { editors: ["manager"] } }],
    ["no-standing", { policy }],
    [
      "assurance-too-low",
      { policy: { ...rules, approve: { ...rules.approve, assurances: ["countersigned"] } } },
    ],
    ["quorum", { policy: { ...rules, approve: { ...rules.approve, quorum: 2 } } }],
  ];
  for (const [code, change] of cases) {
    const name = JSON.stringify(change);
    assert.throws(() => check(change), { name: "AppError", code: `mandate-${code}` }, name);
  }
});

test("a quorum in advance is of one grant as a whole: nobody's click makes it up", () => {
  const plan = sample.plan();
  const two: Policy = { ...rules, approve: { ...rules.approve, quorum: 2 } };
  const inAdvance = (person: string, change: Partial<StandingTerms> = {}) => {
    const standing = world.sign("evidence", {
      tag: "countersign/standing/1",
      terms: { ...terms, ...change },
      person,
      adapter: "console",
      assurance: "clicked",
      trustSerial: 1,
      receivedAt: world.time(-1),
    } satisfies StandingStatement);
    return sample.decision(plan, { person, evidence: { standing } });
  };
  const verify = (...decisions: ReturnType<typeof inAdvance>[]) =>
    verifyMandate({
      mandate: sample.mandate(plan, { decisions }),
      subject,
      trust: { ...trust, policy: two },
      now: time.now(),
    }).decidedBy;
  assert.deepEqual(verify(inAdvance("manager"), inAdvance("manager-2")), ["manager", "manager-2"]);
  const mixed = { code: "mandate-standing-mismatch" };
  assert.throws(() => verify(inAdvance("manager"), sample.decision(plan, { person: "manager-2" })), mixed);
  assert.throws(() => verify(inAdvance("manager"), inAdvance("manager-2", { uses: 11 })), mixed);
  assert.throws(() => verify(inAdvance("manager"), inAdvance("manager")), { code: "mandate-quorum" });
});

test("whatever the bounds: what is accepted lies within each of them", () => {
  const cents = fc.integer({ min: 1, max: 60_000 }).map((n) => usd((n / 100).toFixed(2)));
  const set = fc.option(fc.uniqueArray(fc.constantFrom("alpha", "beta", "xyz"), { minLength: 1 }));
  fc.assert(
    fc.property(
      fc.record({
        each: cents,
        suppliers: set,
        customers: set,
        requester: fc.option(fc.constantFrom("employee", "manager-2")),
        notAfter: fc.constantFrom(-0.5, 0, 0.001, 5, 11).map((days) => world.time(days)),
      }),
      (change) => {
        let accepted = true;
        try {
          check({ terms: change });
        } catch {
          accepted = false;
        }
        const within =
          Number(change.each.amount) >= 110 &&
          Number(change.each.amount) <= 500 &&
          (change.suppliers?.includes("alpha") ?? true) &&
          (change.customers?.includes("xyz") ?? true) &&
          (change.requester ?? "employee") === "employee" &&
          Date.parse(change.notAfter) > time.now() &&
          Date.parse(change.notAfter) <= time.now() + 9 * 86_400_000;
        assert.equal(accepted, within);
      },
    ),
    { numRuns: 200 },
  );
});
