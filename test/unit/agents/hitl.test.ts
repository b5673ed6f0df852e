import assert from "node:assert/strict";
import { test } from "node:test";
import hitl from "../../../agents/hitl.ts";
import type { EvidencedDecision, EvidenceStatement } from "../../../src/mandate-types.ts";
import { mayDecide } from "../../../src/policy.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { demoPeople, demoPolicy, fakeSign, skillContext } from "../../fakes/skill-context.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

const signDecision = skillRunner(hitl.skills["sign-decision"]);
const bot = { atSign: "@cs-bot", instance: "evidence" } as const;
const statement: EvidenceStatement = {
  tag: "countersign/evidence/1",
  approval: "approval1",
  planHash: "ab".repeat(32),
  run: "run1",
  revision: 1,
  verdict: "approved",
  person: "manager",
  requester: "employee",
  assurance: "clicked",
  adapter: "console",
  receivedAt: "2026-03-02T08:59:00.000Z",
};
const evidence = (change: Partial<EvidenceStatement> = {}) =>
  fakeSign({ ...statement, ...change }, "evidence", bot);
const planValidUntil = "2026-03-09T09:00:00.000Z";
type Options = Parameters<typeof skillContext>[0];
const context = (options: Partial<Options> = {}) =>
  skillContext({ agent: "hitl", books: new MemoryBooks(), ...options });

test("a fresh, evidenced verdict of a manager becomes a signed decision of at most 24 hours", async () => {
  const books = new MemoryBooks();
  const signed = await signDecision(context({ books }), { evidence: evidence(), planValidUntil }, null);
  assert.equal(signed.signer.atSign, "@cs-hitl");
  assert.deepEqual(signed.statement, {
    tag: "countersign/decision/1",
    planHash: statement.planHash,
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
  const soon = await signDecision(
    context(),
    { evidence: evidence(), planValidUntil: "2026-03-02T10:00:00.000Z" },
    null,
  );
  assert.equal(soon.statement.expiry, "2026-03-02T10:00:00.000Z");
  await assert.rejects(
    signDecision(context(), { evidence: evidence(), planValidUntil: "2026-03-02T09:00:00.000Z" }, null),
    { code: "plan-expired" },
  );
});

test("evidence must be signed by the bot's evidence key, unaltered, for this run and revision", async () => {
  for (const [bad, code] of [
    [fakeSign(statement, "bot", bot), "evidence-unverified"],
    [fakeSign(statement, "hitl", bot), "evidence-unverified"],
    [{ ...evidence(), statement: { ...statement, person: "manager-2" } }, "evidence-unverified"],
    [evidence({ run: "run2" }), "evidence-mismatch"],
    [evidence({ revision: 2 }), "evidence-mismatch"],
  ] as const) {
    await assert.rejects(signDecision(context(), { evidence: bad, planValidUntil }, null), { code });
  }
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
    const given = { evidence: evidence(change), planValidUntil };
    await assert.rejects(signDecision(context({ people }), given, null), { code });
  }
  const policy = { separationOfDuties: false };
  const own = { evidence: evidence({ requester: "manager" }), planValidUntil };
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
          const found = people.find((each) => each.id === person);
          const o = { requester, assurance, demo: own.trust.demo };
          const refused = mayDecide(own.trust.policy, found, person, o);
          const given = { evidence: evidence({ person, requester, assurance }), planValidUntil };
          const signed = signDecision(own, given, null);
          await (refused === null ? signed : assert.rejects(signed, { ...refused }));
        }
      }
    }
  }
});

test("assurance: local only in the demo and where the policy accepts it", async () => {
  const local = { evidence: evidence({ assurance: "local" }), planValidUntil };
  await signDecision(context(), local, null);
  const real = context();
  const production = { ...real, trust: { ...real.trust, demo: false } };
  await assert.rejects(signDecision(production, local, null), { code: "assurance-too-low" });
  await signDecision(production, { evidence: evidence(), planValidUntil }, null);
  const policy = { approve: { ...demoPolicy.approve, assurances: ["countersigned" as const] } };
  await assert.rejects(signDecision(context({ policy }), { evidence: evidence(), planValidUntil }, null), {
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
    const signed = signDecision(context(), { evidence: evidence({ receivedAt }), planValidUntil }, null);
    await (fresh ? signed : assert.rejects(signed, { code: "evidence-stale" }, receivedAt));
  }
});

test("one verdict per approval: the same again is signed again whenever, another never", async () => {
  const books = new MemoryBooks();
  await signDecision(context({ books }), { evidence: evidence(), planValidUntil }, null);
  const later = context({ books, now: "2026-03-02T12:00:00.000Z" });
  const again = await signDecision(later, { evidence: evidence(), planValidUntil }, null);
  assert.equal(again.statement.verdict, "approved");
  for (const change of [
    { verdict: "rejected" },
    { person: "manager-2" },
    { planHash: "cd".repeat(32) },
    { receivedAt: "2026-03-02T11:59:00.000Z" },
  ] as const) {
    await assert.rejects(signDecision(later, { evidence: evidence(change), planValidUntil }, null), {
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
      { evidence: evidence({ adapter: "slack", trustSerial: 3, ...change }), planValidUntil },
      null,
    );
  const signed = await sign({ account });
  assert.equal((signed.statement as EvidencedDecision).evidence.statement.account, account);
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
