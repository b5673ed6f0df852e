import type { Assurance, Person, PersonId } from "../domain.ts";
import { mayAsk } from "../policy.ts";
import type { Policy } from "../policy-types.ts";
import { decidersOf, isAway, judge, lookUp } from "./may-decide.ts";
import type { StandingTerms } from "../mandate-types.ts";
import type { StandingView } from "../rights-types.ts";
import { compareMoney } from "../money.ts";
import { type Stake, tierFor, timesOf } from "./tiers.ts";

/** Who would decide what, and why. Pure: the very functions that decide. */
export interface PolicyExplanation {
  /** Why the requester may not ask at all; null where they may. */
  readonly refused: string | null;
  readonly tier: string;
  /** Why this tier: the amount, or what about the plan. */
  readonly because: string;
  readonly quorum: number;
  readonly assurances: readonly Assurance[];
  readonly may: readonly {
    readonly person: PersonId;
    readonly insteadOf: PersonId | null;
    readonly away: boolean;
  }[];
  /** Grants that would decide such a plan in advance, each with what else it asks of the plan. */
  readonly standing: readonly { readonly id: string; readonly onlyIf: string }[];
  readonly mayNot: readonly { readonly person: PersonId; readonly why: string }[];
  /** ISO 8601 UTC. */
  readonly reminders: readonly string[];
  readonly escalation: { readonly at: string; readonly roles: readonly string[] } | null;
  readonly expires: string;
}

/** Explains a request by `requester` whose plan stakes so much, put up for approval at `at` (milliseconds). */
export function explainPolicy(
  policy: Policy,
  people: readonly Person[],
  o: {
    readonly requester: PersonId;
    readonly stake: Stake;
    readonly demo: boolean;
    readonly at: number;
    readonly standing?: readonly StandingView[];
  },
): PolicyExplanation {
  const { requester, stake, demo, at } = o;
  const tier = tierFor(policy, stake);
  const byAmount = tierFor(policy, { ...stake, risks: [] });
  const person = lookUp(people);
  const facts = { tier, requester, demo, at, approval: "" };
  const able = decidersOf(policy, people, facts);
  const judged = people.map(({ id }) => {
    const accepted = tier.assurances.find((each) => each !== "local" || demo) ?? "clicked";
    return { person: id, judgement: judge(policy, id, { ...facts, assurance: accepted, person }) };
  });
  const times = timesOf(tier, at);
  const iso = (ms: number): string => new Date(ms).toISOString();
  const { amount, currency } = stake.amount;
  return {
    refused: mayAsk(policy, person(requester), requester)?.message ?? null,
    tier: tier.name,
    because:
      tier.name === byAmount.name
        ? `it may cost up to ${amount} ${currency}`
        : `of ${stake.risks.filter((risk) => tier.alsoWhen?.includes(risk)).join(", ")}; by its amount, ${amount} ${currency}, it would be "${byAmount.name}"`,
    quorum: tier.quorum,
    assurances: tier.assurances,
    may: able.map(({ id }) => {
      const right = judged.find((each) => each.person === id)?.judgement;
      const insteadOf = right?.refused === null && right.right !== id ? right.right : null;
      return { person: id, insteadOf, away: isAway(policy, id, at) };
    }),
    standing: (o.standing ?? [])
      .filter((each) => wouldDecide(each, { requester, stake, tier: tier.name }))
      .map(({ terms }) => ({ id: terms.id, onlyIf: conditionsOf(terms) })),
    mayNot: judged.flatMap(({ person: id, judgement }) =>
      judgement.refused === null ? [] : [{ person: id, why: judgement.refused.message }],
    ),
    reminders: times.reminders.map(iso),
    escalation:
      times.escalatesAt === null ? null : { at: iso(times.escalatesAt), roles: tier.escalate?.roles ?? [] },
    expires: iso(times.expiresAt),
  };
}

/** As far as a request says: what it orders is known once its plan is made. */
function wouldDecide(
  { terms, status, left, approvedBy }: StandingView,
  o: { readonly requester: PersonId; readonly stake: Stake; readonly tier: string },
): boolean {
  const { amount } = o.stake;
  return (
    status === "in-force" &&
    (terms.requester === null || terms.requester === o.requester) &&
    !approvedBy.includes(o.requester) &&
    terms.tier === o.tier &&
    compareMoney(amount, terms.each) <= 0 &&
    compareMoney(amount, left.amount) <= 0
  );
}
function conditionsOf({ workflow, customers, suppliers, currencies }: StandingTerms): string {
  const conditions = [
    ...(workflow === null ? [] : [`its workflow is ${workflow}`]),
    ...(customers === null ? [] : [`its customer is one of ${customers.join(", ")}`]),
    ...(suppliers === null ? [] : [`all suppliers are of ${suppliers.join(", ")}`]),
    `all orders are in ${currencies.join(", ")}`,
  ];
  return conditions.join(", ");
}
