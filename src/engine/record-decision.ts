import type { Approval, Decision } from "../domain.ts";
import type { Evidence } from "../mandate-types.ts";
import { afterApproval } from "../policy/satisfies.ts";
import { closeQuestion } from "./ask-back.ts";
import { touchNotices } from "./approval-steps.ts";
import { happen } from "./happen.ts";
import { waitsForPerson } from "./plan.ts";
import { asJson } from "./as-json.ts";
import type { RunDraft } from "./run-draft.ts";

/** Which one it is; whether it may still be decided is judged by what the record has. */
export type DecidedApproval = Pick<Approval, "id" | "run" | "step" | "revision">;
export interface GivenDecision {
  readonly decision: Decision;
  readonly evidence: Evidence;
  readonly reason: string | null;
}
export type Recorded = "recorded" | "counted" | "counted-before" | "stale";

/**
 * Puts a person's verdict into the draft. As long as approvals of the quorum are missing it is kept and the approval
 * stays open; what decides it goes to the HITL agent. Everybody's first verdict counts.
 */
export function recordDecision(
  draft: RunDraft,
  { id, step, revision }: DecidedApproval,
  { decision, evidence, reason }: GivenDecision,
): Recorded {
  const approval = draft.approvals.find((each) => each.id === id);
  const state = draft.run.steps.find((each) => each.id === step);
  const isOpen = approval?.status === "open" && approval.expiresAt > draft.around.now;
  if (!isOpen || revision !== draft.run.revision || state === undefined || !waitsForPerson(state)) {
    return "stale";
  }
  if (decision.standing !== undefined && approval.decisions.some(({ standing }) => standing === undefined)) {
    // Somebody has looked at it meanwhile: it is for people to decide.
    return "stale";
  }
  const used = ({ by, insteadOf = by }: Decision) => ({ by, right: insteadOf });
  const counted = afterApproval(approval, approval.decisions.map(used), used(decision));
  if (counted === "counted-before") {
    return counted;
  }
  const ends = counted === "enough" || decision.verdict === "rejected" || decision.brokeGlass === true;
  const keep = () => {
    const decisions = [...approval.decisions, decision];
    draft.add(step, `evidence:${decisions.length}`, asJson(evidence));
    if (reason !== null) {
      draft.add(step, decision.verdict === "rejected" ? "reason" : `reason:${decisions.length}`, reason);
    }
    draft.setApproval(
      ends ? { ...approval, status: "recorded", decisions, decision } : { ...approval, decisions },
    );
    touchNotices(draft, approval);
    if (ends) {
      closeQuestion(draft, step);
    }
    const { by, insteadOf = by, verdict, assurance, adapter, brokeGlass = false, standing } = decision;
    const { planHash, tier, quorum } = approval;
    const facts = { approval: id, planHash, by, insteadOf, verdict, assurance, adapter, tier, quorum };
    const which = {
      number: decisions.length,
      state: ends ? "recorded" : "counted",
      ...(standing === undefined ? {} : { standing }),
    };
    draft.note("decision", { ...facts, ...which }, reason ?? undefined);
    if (brokeGlass) {
      const announced = { ...approval, decisions, decision };
      draft.touch(`announced-${id}`, draft.around.approvalPlaces(draft.run, announced));
      draft.note("alarm", { code: "glass-broken", approval: id, planHash, by, tier }, reason ?? undefined);
    }
  };
  if (ends) {
    return happen(draft, { type: "recorded", step, revision }, keep) ? "recorded" : "stale";
  }
  keep();
  // Whoever asked sees on the progress card how many have approved.
  draft.touch(`progress-${draft.run.id}`);
  return "counted";
}
