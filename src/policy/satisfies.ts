import type { ErrorInfo, Person, PersonId, PlanDocument } from "../domain.ts";
import type { Policy, Tier } from "../policy-types.ts";
import type { GivenVerdict } from "./given-verdict.ts";
import { judge } from "./may-decide.ts";
import { addsPerson, distinctApprovals, type UsedRight } from "./quorum.ts";
import { refusal } from "./refusal.ts";
import { mixesStanding, notInAdvance, standingRefused } from "./standing.ts";
import { stakeOf, tierFor } from "./tiers.ts";

/** Whether verdicts are enough for a plan. Pure; the HITL agent and every executing agent evaluate this. */

export interface Satisfied {
  readonly refused: null;
  readonly tier: Tier;
  /** Whose verdicts they were and, where people stood in for others, those others: nobody twice. */
  readonly people: readonly PersonId[];
}

/**
 * Approvals need the quorum of the tier that these very bytes of a plan belong to, or one person who breaks the glass;
 * a rejection needs one person who might have approved. `verdicts` are of one approval, one way, their signatures and
 * those of their delegations checked by the caller.
 */
export function satisfies(
  policy: Policy,
  plan: PlanDocument,
  verdicts: readonly GivenVerdict[],
  o: { readonly demo: boolean; readonly person: (id: PersonId) => Person | undefined },
): Satisfied | { readonly refused: ErrorInfo; readonly by: GivenVerdict | null } {
  const stake = stakeOf(plan, policy);
  const tier = tierFor(policy, stake);
  const used: UsedRight[] = [];
  const mixed = mixesStanding(verdicts);
  for (const each of verdicts) {
    const outside = mixed ?? standingRefused(policy, plan, each);
    if (outside !== null) {
      return { refused: outside, by: each };
    }
    const judgement = judge(policy, each.person, {
      ...o,
      tier,
      requester: plan.requester,
      editors: each.editors ?? [],
      assurance: each.assurance,
      account: each.account,
      at: Date.parse((each.standing?.statement ?? each).receivedAt),
      approval: each.approval,
      delegations: (each.delegations ?? []).map(({ statement }) => statement),
      brokenGlass: each.breakGlass === true ? stake.amount : undefined,
    });
    if (judgement.refused !== null) {
      return { refused: judgement.refused, by: each };
    }
    if (each.standing !== undefined && judgement.right !== each.person) {
      return { refused: notInAdvance(each.person, judgement.right), by: each };
    }
    used.push({ by: each.person, right: judgement.right });
  }
  const counted = distinctApprovals(used);
  const needed = verdicts.some((each) => each.breakGlass === true || each.verdict === "rejected")
    ? 1
    : tier.quorum;
  if (counted.length < needed) {
    const message = `tier "${tier.name}" asks for the approval of ${needed} people, there is that of ${counted.length}`;
    return { refused: refusal("quorum", message), by: null };
  }
  return { refused: null, tier, people: [...new Set(counted.flatMap(({ by, right }) => [by, right]))] };
}

/** As the bot counts while an approval is open: what a further approval makes of it. */
export function afterApproval(
  tier: Pick<Tier, "quorum">,
  before: readonly UsedRight[],
  next: UsedRight,
): "counted-before" | "more-needed" | "enough" {
  if (!addsPerson(before, next)) {
    return "counted-before";
  }
  return before.length + 1 < tier.quorum ? "more-needed" : "enough";
}
