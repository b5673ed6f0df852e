import assert from "node:assert/strict";
import { test } from "node:test";
import hitl from "../../../agents/hitl.ts";
import type { EvidenceStatement } from "../../../src/mandate-types.ts";
import { canonicalHash, canonicalJson } from "../../../src/canonical.ts";
import type { PlanDocument, Signed } from "../../../src/domain.ts";
import { judge, lookUp } from "../../../src/policy/may-decide.ts";
import { tiersOf } from "../../../src/policy/tiers.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { demoPeople, demoPolicy, fakeSign, skillContext } from "../../fakes/skill-context.ts";
import { samplePlan } from "../../fakes/sample-plan.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

const signDecision = skillRunner(hitl.skills["sign-decision"]);
const bot = { atSign: "@cs-bot", instance: "evidence" } as const;
const statement = {
  tag: "countersign/evidence/1",
  approval: "approval1",
  run: "run1",
  revision: 1,
  verdict: "approved",
  person: "manager",
  requester: "employee",
  assurance: "clicked",
  adapter: "console",
  receivedAt: "2026-03-02T08:59:00.000Z",
} as const;
const samplePlanOf = (change: Partial<PlanDocument> = {}) =>
  samplePlan({ requester: "employee", validUntil: planValidUntil, ...change });
const planValidUntil = "2026-03-09T09:00:00.000Z";
/** Evidence on the sample plan, which was asked for by whom the evidence says. */
const evidence = (change: Partial<EvidenceStatement> = {}) => {
  const planHash = canonicalHash(samplePlanOf({ requester: change.requester ?? "employee" }));
  return fakeSign({ ...statement, planHash, ...change }, "evidence", bot);
};
/** What the bot sends: the plan that the first piece of evidence is about. */
const given = (...all: readonly Signed<EvidenceStatement>[]) => ({
  plan: canonicalJson(samplePlanOf({ requester: all[0]?.statement.requester ?? "employee" })),
  evidence: [...all],
});
type Options = Parameters<typeof skillContext>[0];
const context = (options: Partial<Options> = {}) =>
  skillContext({ agent: "hitl", books: new MemoryBooks(), ...options });

test("a fresh, evidenced verdict of a manager becomes a signed decision of at most 24 hours", async () => {
  const books = new MemoryBooks();
  const [signed] = await signDecision(context({ books }), given(evidence()), null);
  assert.equal(signed?.signer.atSign, "@cs-hitl");
  assert.deepEqual(signed.statement, {
    tag: "countersign/decision/1",
    planHash: canonicalHash(samplePlanOf()),
    run: "run1",
    revision: 1,
    approval: "approval1",
    verdict: "approved",
    person: "manager",
    assurance: "clicked",
    issuedAt: "2026-03-02T09:00:00.000Z",
    expiry: "2026-03-03T09:00:00.000Z",
    evidence: evidence(),
  });
  for (const [validUntil, ends] of [
    ["2026-03-02T10:00:00.000Z", "2026-03-02T10:00:00.000Z"],
    ["2026-03-02T09:00:00.000Z", undefined],
  ] as const) {
    const plan = samplePlanOf({ validUntil });
    const input = { plan: canonicalJson(plan), evidence: [evidence({ planHash: canonicalHash(plan) })] };
    const work = signDecision(context(), input, null);
    if (ends === undefined) {
      await assert.rejects(work, { code: "plan-expired" });
    } else {
      assert.equal((await work)[0]?.statement.expiry, ends);
    }
  }
});

test("evidence must be signed by the bot's evidence key, unaltered, for this run, revision and plan", async () => {
  const whole = evidence().statement;
  for (const [bad, code] of [
    [fakeSign(whole, "bot", bot), "evidence-unverified"],
    [fakeSign(whole, "hitl", bot), "evidence-unverified"],
    [{ ...evidence(), statement: { ...whole, person: "manager-2" } }, "evidence-unverified"],
    [evidence({ run: "run2" }), "evidence-mismatch"],
    [evidence({ revision: 2 }), "evidence-mismatch"],
    [evidence({ planHash: "ab".repeat(32) }), "evidence-mismatch"],
  ] as const) {
    await assert.rejects(signDecision(context(), given(bad), null), { code });
  }
  // The plan itself says who asked, whatever the evidence does.
  const other = fakeSign({ ...whole, requester: "manager-2" }, "evidence", bot);
  const input = { plan: canonicalJson(samplePlanOf()), evidence: [other] };
  await assert.rejects(signDecision(context(), input, null), { code: "evidence-mismatch" });
});

test("only an active person with an approving role, who did not ask, may decide", async () => {
  const people = [
    ...demoPeople,
    { id: "gone", name: "Gone", roles: ["manager"], active: false, accounts: [] } as const,
  ];
  for (const [change, code] of [
    [{ person: "employee", requester: "manager" }, "not-allowed"],
    [{ person: "nobody" }, "unknown-person"],
    [{ person: "gone" }, "unknown-person"],
    [{ requester: "manager" }, "own-request"],
  ] as const) {
    await assert.rejects(signDecision(context({ people }), given(evidence(change)), null), { code });
  }
  const policy = { separationOfDuties: false };
  const own = given(evidence({ requester: "manager" }));
  await signDecision(context({ policy }), own, null);
});

test("every person, in every role towards the request, is judged by the one policy", async () => {
  const people = [
    ...demoPeople,
    { id: "gone", name: "Gone", roles: ["manager"], active: false, accounts: [] } as const,
  ];
  for (const separationOfDuties of [true, false]) {
    for (const person of [...people.map((each) => each.id), "nobody"]) {
      for (const requester of ["employee", person]) {
        for (const assurance of ["local", "clicked"] as const) {
          const own = context({ people, policy: { separationOfDuties } });
          const { policy, demo } = own.trust;
          const { refused } = judge(policy, person, {
            requester,
            assurance,
            demo,
            approval: "approval1",
            person: lookUp(people),
            tier: tiersOf(policy)[0],
            at: Date.parse(statement.receivedAt),
          });
          const signed = signDecision(own, given(evidence({ person, requester, assurance })), null);
          await (refused === null ? signed : assert.rejects(signed, { ...refused }));
        }
      }
    }
  }
});

test("assurance: local only in the demo and where the policy accepts it", async () => {
  const local = given(evidence({ assurance: "local" }));
  await signDecision(context(), local, null);
  const real = context();
  const production = { ...real, trust: { ...real.trust, demo: false } };
  await assert.rejects(signDecision(production, local, null), { code: "assurance-too-low" });
  await signDecision(production, given(evidence()), null);
  const policy = { approve: { ...demoPolicy.approve, assurances: ["countersigned" as const] } };
  await assert.rejects(signDecision(context({ policy }), given(evidence()), null), {
    code: "assurance-too-low",
  });
});

test("freshness: a day back, one minute ahead", async () => {
  for (const [receivedAt, fresh] of [
    ["2026-03-01T09:00:00.000Z", true],
    ["2026-03-01T08:59:59.999Z", false],
    ["2026-03-02T09:01:00.000Z", true],
    ["2026-03-02T09:01:00.001Z", false],
  ] as const) {
    const signed = signDecision(context(), given(evidence({ receivedAt })), null);
    await (fresh ? signed : assert.rejects(signed, { code: "evidence-stale" }, receivedAt));
  }
});

test("one verdict per approval: the same again is signed again whenever, another never", async () => {
  const books = new MemoryBooks();
  await signDecision(context({ books }), given(evidence()), null);
  const later = context({ books, now: "2026-03-02T12:00:00.000Z" });
  const again = await signDecision(later, given(evidence()), null);
  assert.equal(again[0]?.statement.verdict, "approved");
  for (const change of [
    { verdict: "rejected" },
    { person: "manager-2" },
    { receivedAt: "2026-03-02T11:59:00.000Z" },
  ] as const) {
    await assert.rejects(signDecision(later, given(evidence(change)), null), {
      code: "already-decided",
    });
  }
  assert.equal((await books.find("decisions")).length, 1);
});

test("an account must be that person's by the trust document known here; a newer one is waited for", async () => {
  const account = "slack:T1/U1";
  const people = demoPeople.map((each) => (each.id === "manager" ? { ...each, accounts: [account] } : each));
  const sign = (change: Partial<EvidenceStatement>, o: Partial<Options> = {}) =>
    signDecision(
      context({ people, serial: 3, ...o }),
      given(evidence({ adapter: "slack", trustSerial: 3, ...change })),
      null,
    );
  const [signed] = await sign({ account });
  assert.equal(signed?.statement.evidence.statement.account, account);
  await assert.rejects(sign({ account, person: "manager-2" }), { code: "wrong-account", retryable: false });
  await assert.rejects(sign({ account: "slack:T2/U1" }), { code: "wrong-account" });
  await assert.rejects(sign({ account: "U1" }), { name: "ZodError" });
  await assert.rejects(
    sign({ account, person: account }),
    { name: "ZodError" },
    "an account is no person's id",
  );

  const books = new MemoryBooks();
  const early = sign({ account, trustSerial: 4 }, { people: demoPeople, books });
  await assert.rejects(early, { code: "trust-behind", retryable: true });
  assert.equal((await books.find("decisions")).length, 0);
  await sign({ account, trustSerial: 4 }, { serial: 4, books });
});

const two = { approve: { ...demoPolicy.approve, quorum: 2 } };

test("quorum: distinct people, each signed, all or none", async () => {
  const books = new MemoryBooks();
  const policy = two;
  const both = [evidence(), evidence({ person: "manager-2", receivedAt: "2026-03-02T08:59:30.000Z" })];
  const signed = await signDecision(context({ books, policy }), given(...both), null);
  assert.deepEqual(
    signed.map((each) => [each.statement.person, each.statement.evidence.statement.person]),
    [
      ["manager", "manager"],
      ["manager-2", "manager-2"],
    ],
  );
  const later = context({ books, policy, now: "2026-03-02T12:00:00.000Z" });
  assert.equal((await signDecision(later, given(...both), null)).length, 2, "the very same again");
  await assert.rejects(
    signDecision(later, given(both[1] ?? evidence(), evidence({ person: "third" })), null),
  );
  const people = [
    ...demoPeople,
    { id: "third", name: "Third", roles: ["manager"], active: true, accounts: [] } as const,
  ];
  const three = given(...both, evidence({ person: "third" }));
  await assert.rejects(
    signDecision({ ...later, trust: context({ people, policy }).trust }, three, null),
    { code: "already-decided" },
    "one more afterwards is another outcome",
  );
  for (const [few, code] of [
    [given(evidence()), "quorum"],
    [given(evidence(), evidence()), "quorum"],
    [given(evidence(), evidence({ person: "employee" })), "not-allowed"],
    [given(evidence(), evidence({ person: "manager-2", approval: "approval2" })), "evidence-mismatch"],
    [given(evidence(), evidence({ person: "manager-2", verdict: "rejected" })), "evidence-mismatch"],
  ] as const) {
    const clean = new MemoryBooks();
    await assert.rejects(signDecision(context({ books: clean, policy }), few, null), { code });
    assert.equal((await clean.find("decisions")).length, 0);
  }
  const no = await signDecision(context({ policy }), given(evidence({ verdict: "rejected" })), null);
  assert.equal(no[0]?.statement.verdict, "rejected", "one rejection is enough");
});

test("the first of several may be as old as the tier lets an approval wait, the last a day", async () => {
  const first = (receivedAt: string) => evidence({ receivedAt });
  const last = evidence({ person: "manager-2" });
  const sign = (at: string) => signDecision(context({ policy: two }), given(first(at), last), null);
  assert.equal((await sign("2026-02-26T09:00:00.000Z")).length, 2);
  await assert.rejects(sign("2026-02-26T08:59:59.999Z"), { code: "evidence-stale" });
});

test("deciding alone: the role, the amount, and how often in how many days, counted in the books here", async () => {
  const policy = {
    ...two,
    breakGlass: {
      roles: ["manager" as const],
      upTo: { amount: "1000.00", currency: "USD" },
      most: { count: 2, days: 7 },
      announceTo: ["manager-2"],
    },
  };
  const books = new MemoryBooks();
  const alone = (n: number, now = "2026-03-02T09:00:00.000Z") =>
    signDecision(
      context({ books, policy, now }),
      given(evidence({ approval: `approval${n}`, breakGlass: true, receivedAt: now })),
      null,
    );
  assert.equal((await alone(1)).length, 1);
  assert.equal((await alone(1)).length, 1, "the same again counts once");
  await alone(2);
  await assert.rejects(alone(3), { code: "break-glass-limit" });
  assert.equal((await alone(3, "2026-03-09T09:00:00.001Z").catch((error) => [error])).length, 1);
  const dear = { ...policy, breakGlass: { ...policy.breakGlass, upTo: { amount: "1.00", currency: "USD" } } };
  const given1 = given(evidence({ breakGlass: true }));
  await assert.rejects(signDecision(context({ policy: dear }), given1, null), { code: "break-glass-limit" });
  await assert.rejects(signDecision(context({ policy: two }), given1, null), { code: "no-break-glass" });
  const own = given(evidence({ breakGlass: true, requester: "manager" }));
  await assert.rejects(signDecision(context({ policy }), own, null), { code: "own-request" });
});
