import assert from "node:assert/strict";
import { test } from "node:test";
import hitl from "../../../agents/hitl.ts";
import type { CountersignedDecision } from "../../../src/mandate-types.ts";
import { canonicalHash, canonicalJson } from "../../../src/canonical.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { demoPeople, demoPolicy, fakeSign, skillContext } from "../../fakes/skill-context.ts";
import { sampleCountersigned } from "../../fakes/sample-countersigned.ts";
import { samplePlan } from "../../fakes/sample-plan.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

const signDecision = skillRunner(hitl.skills["sign-decision"]);
const own = { atSign: "@cs-manager", instance: "main" } as const;
const people = demoPeople.map((each) =>
  each.id === "manager" ? { ...each, accounts: ["atsign:@cs-manager"] } : each,
);
const plan = samplePlan({ requester: "employee", validUntil: "2026-03-09T09:00:00.000Z" });
const planText = canonicalJson(plan);
const statement = sampleCountersigned({
  planHash: canonicalHash(plan),
  issuedAt: "2026-03-02T08:59:00.000Z",
  expiry: "2026-03-03T08:59:00.000Z",
});
type Options = Parameters<typeof skillContext>[0];
function run(
  o: Partial<Options> & { readonly change?: Partial<CountersignedDecision>; readonly role?: string } = {},
) {
  const { change, role = "person", ...rest } = o;
  const context = skillContext({
    agent: "hitl",
    books: new MemoryBooks(),
    people,
    policy: { approve: { ...demoPolicy.approve, assurances: ["countersigned"] } },
    ...rest,
  });
  const evidence = [fakeSign({ ...statement, ...change }, role, own)];
  return signDecision(context, { plan: planText, evidence }, null);
}

test("a countersigned verdict is passed on under the person's own signature, once", async () => {
  const books = new MemoryBooks();
  assert.deepEqual(await run({ books }), [fakeSign(statement, "person", own)]);
  assert.deepEqual(await run({ books }), [fakeSign(statement, "person", own)], "its reply was lost");
  await assert.rejects(run({ books, change: { verdict: "rejected" } }), { code: "already-decided" });
});

test("another signer, another account, another run, an old verdict: nothing is passed on", async () => {
  await assert.rejects(run({ role: "hitl" }), { code: "evidence-unverified" });
  await assert.rejects(run({ people: demoPeople }), { code: "evidence-unverified" });
  await assert.rejects(run({ people: demoPeople, change: { trustSerial: 2 } }), {
    code: "trust-behind",
    retryable: true,
  });
  await assert.rejects(run({ change: { person: "manager-2" } }), { code: "evidence-unverified" });
  await assert.rejects(run({ change: { requester: "manager" } }), { code: "evidence-mismatch" });
  await assert.rejects(run({ change: { planHash: "ab".repeat(32) } }), { code: "evidence-mismatch" });
  await assert.rejects(run({ change: { run: "run2" } }), { code: "evidence-mismatch" });
  await assert.rejects(run({ change: { expiry: "2026-03-02T09:00:00.000Z" } }), { code: "evidence-stale" });
  await assert.rejects(run({ policy: {} }), { code: "assurance-too-low" });
});
