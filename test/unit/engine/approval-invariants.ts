import assert from "node:assert/strict";
import { sha256Hex } from "../../../src/canonical.ts";
import type { Approval, PersonId, PlanDocument, Signed } from "../../../src/domain.ts";
import type { RunDraft } from "../../../src/engine/run-draft.ts";
import type { RunRecord } from "../../../src/engine/run-record.ts";
import type { EvidenceStatement } from "../../../src/mandate-types.ts";
import type { Policy } from "../../../src/policy-types.ts";
import { satisfies } from "../../../src/policy/satisfies.ts";
import { people } from "../../fakes/trust-world.ts";

/** What must hold in every state that people, time and a crash can bring an approval to. */

export type Outcome = string | boolean;
export interface World {
  readonly record: RunRecord;
  readonly expired: boolean;
  readonly crashes: number;
  /** What came of it, by actor; null before. */
  readonly done: Readonly<Record<string, Outcome | null>>;
}

export const gate = "gate";
const orders = new Set(["moneyAgain", "listsAgain", "orders"]);
/** Who changes the plan, and into what. */
export const editor = "manager";
export const changes = { quantity: "6" };

/** Never an order without the quorum, by distinct people who did not write it, on exactly the plan that is stored. */
export function assertSound({ record }: World, rules: Policy): void {
  const { run, approvals } = record;
  for (const approval of approvals) {
    const by = approval.decisions.map((each) => each.by);
    assert.equal(new Set(by).size, by.length, "somebody counts twice");
    assert.equal(sha256Hex(planText(record, approval.revision)), approval.planHash);
    assert.ok(!by.some((each) => isAuthor(approval, each)), "an author decided");
    if (approval.revision > 1) {
      assert.deepEqual(approval.editors, [editor]);
      assert.match(planText(record, approval.revision), /"quantity":"6"/);
    }
    if (approval.status === "open") {
      assert.equal(approval.revision, run.revision, "the plan of an earlier revision still waits");
      assert.equal(approval.decision, null);
      assert.ok(by.length < rules.approve.quorum);
    }
  }
  const started = run.steps.some(
    (step) => orders.has(step.id) && step.status !== "pending" && step.status !== "skipped",
  );
  if (started) {
    const current = approvals.find((each) => each.revision === run.revision);
    assert.equal(current?.status, "decided");
    assert.equal(current.decision?.verdict, "approved");
    assert.ok(current.decisions.length >= rules.approve.quorum);
    assert.ok(current.decisions.every((each) => each.verdict === "approved"));
  }
}

/** Never two outcomes, no verdict lost: what was committed once stays. */
export function assertFollows(before: World, after: World): void {
  for (const old of before.record.approvals) {
    const now = after.record.approvals.find((each) => each.id === old.id);
    assert.ok(now !== undefined);
    assert.deepEqual(now.decisions.slice(0, old.decisions.length), old.decisions, "a verdict was lost");
    if (old.decision !== null) {
      assert.deepEqual(now.decision, old.decision, "a second outcome");
    }
    if (["decided", "withdrawn", "expired"].includes(old.status)) {
      assert.deepEqual(now, old, "a closed approval changed");
    }
  }
}

export function isAuthor({ requester, editors = [] }: Approval, by: PersonId): boolean {
  return [requester, ...editors].includes(by);
}

export function assertEnough(
  draft: RunDraft,
  evidence: readonly Signed<EvidenceStatement>[],
  rules: Policy,
): void {
  const plan = JSON.parse(planText(draft, draft.run.revision)) as PlanDocument;
  const asked = { ...plan, requester: draft.run.requester };
  const statements = evidence.map(({ statement }) => statement);
  const person = (id: PersonId) => people.find((each) => each.id === id);
  assert.equal(satisfies(rules, asked, statements, { demo: true, person }).refused, null);
  assert.ok(statements.every(({ planHash }) => planHash === sha256Hex(planText(draft, draft.run.revision))));
}

function planText({ contents }: Pick<RunRecord, "contents">, revision: number): string {
  const plan = contents.find(
    (each) => each.step === gate && each.name === "plan" && each.revision === revision,
  )?.value;
  assert.ok(typeof plan === "string");
  return plan;
}
