import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../../src/domain.ts";
import type { Mandate } from "../../../src/mandate-types.ts";
import { canonicalHash, canonicalJson } from "../../../src/canonical.ts";
import { AppError } from "../../../src/errors.ts";
import { longestAttestationAgeMs } from "../../../src/link/mandate.ts";
import { alterations } from "../../fakes/alterations.ts";
import { mandateRoles, SampleMandate } from "../../fakes/sample-mandate.ts";
import { people, policy, signedForm, TrustWorld } from "../../fakes/trust-world.ts";
import { mandateBench } from "../../fakes/mandate-bench.ts";

const { time, world, trust, sample, subject, plan, check, refused } = await mandateBench();

test("a complete mandate is verified and says who decided", () => {
  const verified = check(sample.mandate());
  assert.deepEqual(verified.plan, plan);
  assert.equal(verified.planHash, canonicalHash(plan));
  assert.deepEqual(verified.decidedBy, ["manager"]);
  assert.deepEqual(check(JSON.parse(JSON.stringify(sample.mandate()))), verified, "also after a wire");
});

test("every single value changed, removed or added anywhere is refused", () => {
  const mandate = sample.mandate() as unknown as Json;
  let changes = 0;
  for (const altered of alterations(mandate)) {
    changes += 1;
    assert.throws(
      () => check(altered.value),
      (error) => error instanceof AppError && error.code.startsWith("mandate-"),
      altered.where,
    );
  }
  // The order of attestations is no part of what they say; everything else is.
  assert.ok(changes > 100, `${changes} changes`);
  assert.ok(check({ ...sample.mandate(), attestations: sample.mandate().attestations.toReversed() }));
});

test("every single value of the plan changed is refused, even with the hash adjusted everywhere", () => {
  const signed = sample.mandate();
  let changes = 0;
  for (const altered of alterations(plan as unknown as Json)) {
    changes += 1;
    const text = canonicalJson(altered.value);
    assert.throws(
      () => check({ ...signed, plan: text }),
      (error) => error instanceof AppError && error.code.startsWith("mandate-"),
      altered.where,
    );
    const adjusted = JSON.parse(
      JSON.stringify(signed).replaceAll(canonicalHash(plan), canonicalHash(altered.value)),
    ) as Mandate;
    assert.throws(
      () => check({ ...adjusted, plan: text }),
      (error) => error instanceof AppError && error.code.startsWith("mandate-"),
      altered.where,
    );
  }
  assert.ok(changes > 80, `${changes} changes`);
});

test("lesson 24: a byte of the plan changed on the way is refused", () => {
  const mandate = sample.mandate();
  refused("hash", { ...mandate, plan: mandate.plan.replace('"110.00"', '"110.01"') });
  refused("plan", { ...mandate, plan: ` ${mandate.plan}` });
  refused("plan", { ...mandate, plan: JSON.stringify(JSON.parse(mandate.plan), null, 1) });
  refused("plan", { ...mandate, plan: mandate.plan.slice(1) });
  refused("plan", { ...mandate, plan: canonicalJson({ ...plan, more: 1 }) });
});

test("both attestations are needed, each by its own agent", () => {
  const [financial, compliance] = [
    sample.attestation(plan, "financial"),
    sample.attestation(plan, "compliance"),
  ];
  refused("malformed", sample.mandate(plan, { attestations: [] }));
  refused("attestation-missing", sample.mandate(plan, { attestations: [financial] }));
  refused("attestation-missing", sample.mandate(plan, { attestations: [compliance] }));
  refused("attestation-missing", sample.mandate(plan, { attestations: [financial, financial] }));
  refused("attestation-missing", sample.mandate(plan, { attestations: [financial, compliance, compliance] }));
  const byFinancial = sample.attestation(plan, "compliance", {}, "financial");
  refused("signature", sample.mandate(plan, { attestations: [financial, byFinancial] }));
  const bySupply = sample.attestation(plan, "compliance", {}, "supply");
  refused("signature", sample.mandate(plan, { attestations: [financial, bySupply] }));
});

test("a decision is needed, by the HITL agent on the bot's evidence", () => {
  const decisions = (o: Parameters<typeof sample.decision>[1]) =>
    sample.mandate(plan, { decisions: [sample.decision(plan, o)] });
  refused("malformed", sample.mandate(plan, { decisions: [] }));
  refused("signature", decisions({ signer: "supply" }));
  refused("signature", decisions({ signer: "evidence" }));
  refused("evidence", decisions({ evidenceSigner: "hitl" }));
  refused("evidence", decisions({ evidenceSigner: "supply" }));
  refused("decision", decisions({ decision: { verdict: "rejected" }, evidence: { verdict: "rejected" } }));
  for (const change of [
    { approval: "approval2" },
    { planHash: "0".repeat(64) },
    { run: "run2" },
    { revision: 2 },
    { verdict: "rejected" },
    { person: "manager-2" },
    { assurance: "local" },
    { requester: "manager-2" },
    { receivedAt: world.time(1) },
  ] as const) {
    refused("evidence", decisions({ evidence: change }));
  }
});

test("a mandate is worthless in any other run, revision or step", () => {
  const mandate = sample.mandate();
  refused("subject", mandate, { subject: { ...subject, run: "run2" } });
  refused("subject", mandate, { subject: { ...subject, revision: 2 } });
  refused("step", mandate, { subject: { ...subject, step: "orders-2" } });
  assert.ok(check(mandate, { subject: { ...subject, attempt: 5 } }), "another attempt is the same effect");
});

test("statements of another revision do not fit, though each is genuine", () => {
  const old = sample.plan({ revision: 1 });
  const current = sample.plan({ revision: 2 });
  const at = { subject: { ...subject, revision: 2 } };
  assert.ok(check(sample.mandate(current), at));
  refused("hash", sample.mandate(current, { decisions: [sample.decision(old)] }), at);
  refused("hash", sample.mandate(current, { attestations: sample.mandate(old).attestations }), at);
  const planHash = canonicalHash(current);
  const misdated = sample.decision(current, { decision: { revision: 1 }, evidence: { revision: 1 } });
  refused("subject", sample.mandate(current, { decisions: [misdated] }), at);
  const attested = [
    sample.attestation(old, "financial", { planHash }),
    sample.attestation(current, "compliance"),
  ];
  refused("subject", sample.mandate(current, { attestations: attested }), at);
});

test("nothing that has ended or comes from the future counts", () => {
  const past = world.time(0);
  refused("expired", sample.mandate(sample.plan({ validUntil: past })));
  const expired = [
    sample.attestation(plan, "financial", { expiry: past }),
    sample.attestation(plan, "compliance"),
  ];
  refused("expired", sample.mandate(plan, { attestations: expired }));
  refused(
    "expired",
    sample.mandate(plan, { decisions: [sample.decision(plan, { decision: { expiry: past } })] }),
  );
  const later = sample.decision(plan, { decision: { issuedAt: world.time(1) } });
  refused("time", sample.mandate(plan, { decisions: [later] }));
  refused("policy-unknown", sample.mandate(sample.plan({ policySerial: 2 })));
});

test("attestations are made after the decision, and not long before orders are placed", () => {
  const minutes = (count: number) => new Date(time.now() + count * 60_000).toISOString();
  const attested = (financial: string, compliance: string, decided: string, at = time.now()) =>
    [
      sample.mandate(plan, {
        attestations: [
          sample.attestation(plan, "financial", { issuedAt: financial }),
          sample.attestation(plan, "compliance", { issuedAt: compliance }),
        ],
        decisions: [
          sample.decision(plan, { decision: { issuedAt: decided }, evidence: { receivedAt: decided } }),
        ],
      }),
      { now: at },
    ] as const;
  assert.ok(check(...attested(minutes(-1), minutes(-2), minutes(-3))));
  const before = new Date(time.now() - 60_001).toISOString();
  refused("stale", ...attested(before, minutes(0), minutes(-1)));
  refused("stale", ...attested(minutes(0), before, minutes(-1)));
  refused("stale", ...attested(minutes(-70 * 60), minutes(-70 * 60), minutes(0)));

  const oldest = time.now() + longestAttestationAgeMs;
  assert.ok(check(...attested(minutes(0), minutes(0), minutes(0), oldest)));
  refused("stale", ...attested(minutes(0), minutes(0), minutes(0), oldest + 1));
  refused("stale", ...attested(minutes(0), minutes(1), minutes(0), oldest + 1));
  assert.throws(() => check(...attested(before, before, minutes(0))), { retryable: true });
});

test("the people and rules are those of the verifier's own trust document", async () => {
  const decided = (person: string, assurance: "local" | "clicked" = "clicked") => {
    const decision = sample.decision(plan, { person, decision: { assurance }, evidence: { assurance } });
    return sample.mandate(plan, { decisions: [decision] });
  };
  refused("not-allowed", decided("employee"));
  refused("unknown-person", decided("former"));
  refused("unknown-person", decided("nobody"));
  assert.deepEqual(check(decided("manager-2", "local")).decidedBy, ["manager-2"]);

  const own = sample.plan({ requester: "manager" });
  refused("own-request", sample.mandate(own));

  const under = async (change: Parameters<typeof world.document>[0]): Promise<typeof trust> => {
    const before = world.files;
    world.document({ ...change, serial: 2 });
    const { files } = world;
    world.files = before;
    return world.open({ load: async () => files });
  };
  const approve = { ...policy.approve, assurances: ["clicked" as const] };
  refused("assurance-too-low", decided("manager", "local"), {
    trust: await under({ policy: signedForm({ ...policy, approve }) }),
  });
  const local = { ...approve, assurances: ["local" as const, "clicked" as const] };
  refused("assurance-too-low", decided("manager", "local"), {
    trust: await under({ demo: false, policy: signedForm({ ...policy, approve: local }) }),
  });

  const quorum = { ...trust, policy: { ...policy, approve: { ...approve, quorum: 2 } } };
  refused("quorum", decided("manager"), { trust: quorum });
  const twice = [sample.decision(plan), sample.decision(plan)];
  refused("quorum", sample.mandate(plan, { decisions: twice }), { trust: quorum });
  const two = [sample.decision(plan), sample.decision(plan, { person: "manager-2" })];
  const later = sample.decision(plan, { person: "manager-2", decision: { issuedAt: world.time(1 / 1440) } });
  refused("stale", sample.mandate(plan, { decisions: [sample.decision(plan), later] }), { trust: quorum });
  assert.deepEqual(check(sample.mandate(plan, { decisions: two }), { trust: quorum }).decidedBy, [
    "manager",
    "manager-2",
  ]);
  const elsewhere = { approval: "approval2" };
  const split = [
    sample.decision(plan),
    sample.decision(plan, { person: "manager-2", decision: elsewhere, evidence: elsewhere }),
  ];
  refused("decision", sample.mandate(plan, { decisions: split }), { trust: quorum });

  const revoked = await under({
    revocations: [{ kind: "agent", atSign: "@cs-hitl", role: "hitl", serial: 1 }],
  });
  refused("signature", sample.mandate(), { trust: revoked });
});

test("a verdict by a chat account counts only while the verifier's own document says it is that person's", async () => {
  const account = "slack:T1/U1";
  const other = new TrustWorld(time, [...mandateRoles, "supply"]);
  const signer = new SampleMandate(other);
  const made = (trustSerial: number) => {
    const own = signer.plan();
    const evidence = { account, adapter: "slack", trustSerial };
    return signer.mandate(own, { decisions: [signer.decision(own, { evidence })] });
  };
  const before = await other.open();
  refused("wrong-account", made(1), { trust: before });
  assert.throws(() => check(made(2), { trust: before }), { code: "mandate-policy-unknown", retryable: true });
  const linked = people.map((each) => ({
    ...each,
    roles: [...each.roles],
    accounts: each.id === "manager" ? [account] : [],
  }));
  other.document({ serial: 2, people: linked });
  assert.deepEqual(check(made(2), { trust: await other.open() }).decidedBy, ["manager"]);
});
