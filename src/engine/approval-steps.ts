import { canonicalJson, sha256Hex } from "../canonical.ts";
import type { StepContext, StepDefinition } from "../define-step.ts";
import type { Approval } from "../domain.ts";
import { AppError } from "../errors.ts";
import { assertAttested } from "../plan/assert-attested.ts";
import { stakeOf, tierFor, tierNamed, timesOf } from "../policy/tiers.ts";
import { closeQuestion } from "./ask-back.ts";
import { asJson } from "./as-json.ts";
import type { RunDraft } from "./run-draft.ts";
import type { RunEffect, StepRef } from "./run-events.ts";
import { approvalAt, isShadow } from "./run-record.ts";

/** The approval's row and cards: what belongs into the commit that opens it, reminds of it or closes it. */

/** Works out an approval before it is there; `open` puts it into the draft. Fails where the plan is not attested. */
export function approvalToOpen(
  draft: RunDraft,
  step: Extract<StepDefinition, { kind: "approval" }>,
  ref: StepRef,
  context: StepContext<unknown, unknown>,
): { readonly expiresAt: number; readonly remindAt: readonly number[]; readonly open: () => void } {
  const { run, around } = draft;
  const { policy } = around.trust;
  const id = `${run.id}-${ref.revision}-${step.id}`;
  const document = step.plan(context);
  const plan = canonicalJson(document);
  const planHash = sha256Hex(plan);
  if ((document.shadow === true) !== isShadow(draft)) {
    throw new AppError("plan-wrong", "the plan does not say whether it is carried out without effects");
  }
  const attestations = step.attestations(context);
  assertAttested({ planHash, run: run.id, revision: run.revision }, attestations, around.trust);
  const tier = tierFor(policy, stakeOf(document, policy));
  const times = timesOf(tier, around.now);
  const expiresAt = Math.min(times.expiresAt, Date.parse(document.validUntil));
  const asked = [...times.reminders, ...(times.escalatesAt === null ? [] : [times.escalatesAt])];
  const remindAt = asked.filter((at) => at < expiresAt).toSorted((a, b) => a - b);
  const approval: Approval = {
    id,
    run: run.id,
    revision: ref.revision,
    step: step.id,
    action: step.action,
    planHash,
    status: "open",
    requester: run.requester,
    ...(document.editors === undefined ? {} : { editors: document.editors }),
    createdAt: around.now,
    expiresAt,
    tier: tier.name,
    quorum: tier.quorum,
    decisions: [],
    notices: 0,
    escalatedAt: null,
    decision: null,
  };
  const open = () => {
    const facts = { approval: id, revision: ref.revision, step: step.id, planHash };
    draft.add(step.id, "plan", plan);
    draft.add(step.id, "attestations", asJson(attestations));
    draft.note("approval", { ...facts, status: "open", tier: tier.name, quorum: tier.quorum });
    draft.setApproval(approval);
    draft.touch(`approval-${id}`, around.approvalPlaces(run, approval));
  };
  return { expiresAt, remindAt, open };
}

/** Reminds whoever is waited for; once it is time, those to whom the matter is passed on as well. */
export function remind(draft: RunDraft, ref: Pick<StepRef, "step" | "revision">): void {
  const { around, run } = draft;
  const approval = approvalAt(draft, ref);
  if (approval?.status !== "open") {
    return;
  }
  const { escalatesAt } = timesOf(tierNamed(around.trust.policy, approval.tier), approval.createdAt);
  const passedOn = approval.escalatedAt === null && escalatesAt !== null && escalatesAt <= around.now;
  const reminded: Approval = {
    ...approval,
    notices: approval.notices + 1,
    escalatedAt: passedOn ? around.now : approval.escalatedAt,
  };
  const { id, planHash, tier, notices } = reminded;
  const { revision, step } = ref;
  const status = passedOn ? "escalated" : "reminded";
  draft.note("approval", { approval: id, revision, step, planHash, status, tier, notices });
  draft.setApproval(reminded);
  draft.touch(noticeKey(reminded, notices), around.approvalPlaces(run, reminded));
}

/** It takes no verdicts any more; its reminders say so too. */
export function closeApproval(draft: RunDraft, effect: Extract<RunEffect, { type: "close-approval" }>): void {
  const { step, revision, status } = effect;
  const approval = approvalAt(draft, effect);
  if (approval?.status === "open" || approval?.status === "recorded") {
    draft.setApproval({ ...approval, status });
    touchNotices(draft, approval);
    closeQuestion(draft, step);
    const { id, planHash, decision } = approval;
    draft.note("approval", {
      approval: id,
      revision,
      step,
      planHash,
      status,
      verdict: decision?.verdict ?? null,
    });
  }
}

/** An approval's reminders show something else from now on. */
export function touchNotices(draft: RunDraft, approval: Approval): void {
  for (let number = 1; number <= approval.notices; number += 1) {
    draft.touch(noticeKey(approval, number));
  }
}

function noticeKey({ id }: Approval, number: number): string {
  return `reminder-${id}-${number}`;
}
