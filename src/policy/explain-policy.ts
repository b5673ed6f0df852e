import type { Assurance, Person, PersonId } from "../domain.ts";
import { mayAsk } from "../policy.ts";
import type { Policy } from "../policy-types.ts";
import { decidersOf, isAway, judge, lookUp } from "./may-decide.ts";
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
  o: { readonly requester: PersonId; readonly stake: Stake; readonly demo: boolean; readonly at: number },
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
    mayNot: judged.flatMap(({ person: id, judgement }) =>
      judgement.refused === null ? [] : [{ person: id, why: judgement.refused.message }],
    ),
    reminders: times.reminders.map(iso),
    escalation:
      times.escalatesAt === null ? null : { at: iso(times.escalatesAt), roles: tier.escalate?.roles ?? [] },
    expires: iso(times.expiresAt),
  };
}
