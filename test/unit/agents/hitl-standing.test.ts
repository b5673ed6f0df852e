import assert from "node:assert/strict";
import { test } from "node:test";
import hitl from "../../../agents/hitl.ts";
import { canonicalHash, canonicalJson } from "../../../src/canonical.ts";
import type { EvidenceStatement, StandingStatement } from "../../../src/mandate-types.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { demoPolicy, fakeSign, skillContext } from "../../fakes/skill-context.ts";
import { usd } from "../../fakes/policy-world.ts";
import { sampleOrder, samplePlan } from "../../fakes/sample-plan.ts";
import { skillRunner } from "../../fakes/skill-runner.ts";

const signDecision = skillRunner(hitl.skills["sign-decision"]);
const bot = { atSign: "@cs-bot", instance: "evidence" } as const;
const policy = {
  standing: { tiers: ["standard"], longestDays: 30, each: usd("2000"), inAll: usd("9000"), uses: 9 },
};
const given: StandingStatement = {
  tag: "countersign/standing/1",
  terms: {
    id: "s1",
    requester: "employee",
    workflow: null,
    customers: null,
    suppliers: null,
    currencies: ["USD"],
    each: usd("2000"),
    inAll: usd("1600.00"),
    uses: 9,
    tier: "standard",
    notBefore: "2026-03-01T09:00:00.000Z",
    notAfter: "2026-03-20T09:00:00.000Z",
  },
  person: "manager",
  adapter: "console",
  assurance: "clicked",
  trustSerial: 1,
  receivedAt: "2026-03-01T09:00:00.000Z",
};
/** A use of the grant in a run; the plan costs 520.30 and has no dearer fallback. */
function use(run: string, change: Partial<StandingStatement> = {}, signer = "evidence") {
  const plan = samplePlan({
    run,
    requester: "employee",
    validUntil: "2026-03-09T09:00:00.000Z",
    orders: [sampleOrder({ id: `${run}-1-1` })],
    fallbacks: [],
    total: usd("520.30"),
  });
  const statement: EvidenceStatement = {
    tag: "countersign/evidence/1",
    approval: `${run}-1-approval`,
    planHash: canonicalHash(plan),
    run,
    revision: 1,
    verdict: "approved",
    person: "manager",
    requester: "employee",
    assurance: "clicked",
    adapter: "standing",
    receivedAt: "2026-03-02T08:59:00.000Z",
    standing: fakeSign({ ...given, ...change }, signer, bot),
  };
  return { plan: canonicalJson(plan), evidence: [fakeSign(statement, "evidence", bot)] };
}
const context = (books: MemoryBooks, run: string) =>
  skillContext({
    agent: "hitl",
    books,
    policy: { ...demoPolicy, ...policy },
    subject: { run, revision: 1, step: "approval", attempt: 1 },
  });

test("the HITL agent counts by itself what it signs for a grant: no record makes it more", async () => {
  const books = new MemoryBooks();
  const sign = (run: string) => signDecision(context(books, run), use(run), null);
  const [first] = await sign("run1");
  assert.equal(first?.statement.person, "manager");
  await sign("run2");
  assert.deepEqual(await books.find("standings"), [
    { id: "s1", uses: "2", amount: "1040.60", currency: "USD" },
  ]);
  await sign("run1");
  assert.equal((await books.get("standings", "s1"))?.uses, "2", "the same again is not another use");
  await sign("run3");
  await assert.rejects(sign("run4"), { code: "standing-exhausted" }, "2081.20 of 1600.00");
});

test("a grant that the bot's evidence key did not sign is none", async () => {
  const books = new MemoryBooks();
  const forged = use("run1", {}, "hitl");
  await assert.rejects(signDecision(context(books, "run1"), forged, null), { code: "evidence-unverified" });
});
