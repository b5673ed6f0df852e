import { canonicalJson } from "../canonical.ts";
import type { ErrorInfo, Person, PersonId, PlanDocument } from "../domain.ts";
import type { StandingTerms } from "../mandate-types.ts";
import { isoMinute } from "../iso-minute.ts";
import { compareMoney, decimal } from "../money.ts";
import type { Policy } from "../policy-types.ts";
import type { GivenVerdict } from "./given-verdict.ts";
import { judge } from "./may-decide.ts";
import { refusal } from "./refusal.ts";
import { stakeOf, tierFor, tiersOf } from "./tiers.ts";

/**
 * What may be approved in advance, by whom, and which plans that covers. Pure; the bot, the HITL agent and executing
 * agents all evaluate this by their own trust document. Null means nothing is against it.
 */

const dayMs = 24 * 3_600_000;

/** Why the policy does not allow a grant with these terms, whoever approves it. */
export function termsRefused(policy: Policy, terms: StandingTerms): ErrorInfo | null {
  const { standing, companyCurrency } = policy;
  if (standing === undefined) {
    return refusal("no-standing", "the policy lets nothing be approved in advance");
  }
  const wrong = (field: string, found: string, expected: string): ErrorInfo =>
    refusal("standing-refused", `${field} is ${found}, expected ${expected}`);
  if (terms.requester === null && terms.workflow === null) {
    return wrong("requester", "nobody, and no workflow is named", "one of the two");
  }
  const days = (Date.parse(terms.notAfter) - Date.parse(terms.notBefore)) / dayMs;
  if (!(days > 0 && days <= standing.longestDays)) {
    return wrong(
      "until",
      isoMinute(Date.parse(terms.notAfter)),
      `a time within ${standing.longestDays} days from its beginning`,
    );
  }
  for (const field of ["each", "inAll"] as const) {
    const { amount, currency } = terms[field];
    const most = standing[field];
    if (currency !== companyCurrency || !decimal(amount).gt(0) || compareMoney(terms[field], most) > 0) {
      return wrong(field, `${amount} ${currency}`, `above 0 and at most ${most.amount} ${most.currency}`);
    }
  }
  if (terms.uses > standing.uses) {
    return wrong("uses", String(terms.uses), `at most ${standing.uses}`);
  }
  const tier = tiersOf(policy).find(({ name }) => name === terms.tier);
  return tier !== undefined && standing.tiers.includes(terms.tier)
    ? null
    : wrong("tier", `"${terms.tier}"`, `one in which the policy allows it: ${standing.tiers.join(", ")}`);
}

/**
 * Why a person may not approve such plans in advance: as for a plan of that tier by the requester named. Nobody does it
 * for themselves, nor by a right that is somebody else's.
 */
export function givingRefused(
  policy: Policy,
  terms: StandingTerms,
  by: Pick<GivenVerdict, "person" | "account" | "assurance">,
  o: { readonly at: number; readonly demo: boolean; readonly person: (id: PersonId) => Person | undefined },
): ErrorInfo | null {
  const tier = tiersOf(policy).find(({ name }) => name === terms.tier);
  const against = termsRefused(policy, terms);
  if (against !== null || tier === undefined) {
    return against;
  }
  const { person, account, assurance } = by;
  if (person === terms.requester) {
    return refusal("own-request", `"${person}" would profit from it and cannot approve it`);
  }
  const requester = terms.requester ?? "";
  const judgement = judge(policy, person, { ...o, tier, requester, account, assurance, approval: "" });
  if (judgement.refused !== null) {
    return judgement.refused;
  }
  return judgement.right === person ? null : notInAdvance(person, judgement.right);
}

export function notInAdvance(person: PersonId, right: PersonId): ErrorInfo {
  return refusal("not-allowed", `"${person}" stands in for "${right}" and approves nothing in advance`);
}

/** Why a grant does not cover a plan that is put up at `at` (milliseconds); what is left of it is counted apart. */
function coverRefused(
  policy: Policy,
  terms: StandingTerms,
  plan: PlanDocument,
  at: number,
): ErrorInfo | null {
  const stake = stakeOf(plan, policy);
  const tier = tierFor(policy, stake);
  const orders = [
    ...plan.orders,
    ...plan.fallbacks.flatMap((each) => (each.action === "alternative" ? [each.replacement] : [])),
  ];
  const isIn = (list: readonly string[] | null, id: string): boolean => list === null || list.includes(id);
  const faults: readonly (readonly [boolean, string])[] = [
    [at < Date.parse(terms.notBefore) || at >= Date.parse(terms.notAfter), "is not in force then"],
    [plan.editors !== undefined, "covers no plan that people changed"],
    [plan.shadow === true, "is not used up by practice"],
    [terms.requester !== null && plan.requester !== terms.requester, "is for somebody else's requests"],
    [terms.workflow !== null && plan.workflow.id !== terms.workflow, "is for another workflow"],
    [!isIn(terms.customers, plan.request.customer), "does not name the customer"],
    [orders.some(({ supplier }) => !isIn(terms.suppliers, supplier)), "does not name every supplier"],
    [
      orders.some(({ currency }) => !terms.currencies.includes(currency)),
      "does not name every order's currency",
    ],
    [compareMoney(stake.amount, terms.each) > 0, `allows ${terms.each.amount} for one plan`],
    [tier.name !== terms.tier, `is for tier "${terms.tier}", the plan's is "${tier.name}"`],
  ];
  const fault = faults.find(([is]) => is);
  return fault === undefined ? null : refusal("not-covered", `standing grant "${terms.id}" ${fault[1]}`);
}

/** Why an approval that was given in advance does not say what its verdict says of this plan; null for other verdicts. */
export function standingRefused(policy: Policy, plan: PlanDocument, verdict: GivenVerdict): ErrorInfo | null {
  if (verdict.standing === undefined) {
    return null;
  }
  const { statement } = verdict.standing;
  const at = Date.parse(verdict.receivedAt);
  const same =
    verdict.verdict === "approved" &&
    verdict.breakGlass === undefined &&
    verdict.delegations === undefined &&
    statement.person === verdict.person &&
    statement.account === verdict.account &&
    statement.assurance === verdict.assurance &&
    Date.parse(statement.receivedAt) <= at;
  if (!same) {
    return refusal("standing-mismatch", "the verdict is not the one that was given in advance");
  }
  if (verdict.person === statement.terms.requester) {
    return refusal("own-request", `"${verdict.person}" would profit from it and cannot approve it`);
  }
  return termsRefused(policy, statement.terms) ?? coverRefused(policy, statement.terms, plan, at);
}

/** An approval is by one grant as a whole, or by people who looked at the plan. */
export function mixesStanding(verdicts: readonly GivenVerdict[]): ErrorInfo | null {
  const grants = new Set(
    verdicts.map(({ standing }) =>
      standing === undefined ? "" : canonicalJson({ ...standing.statement.terms }),
    ),
  );
  return grants.size <= 1
    ? null
    : refusal("standing-mismatch", "some verdicts were given in advance and others not, or by another grant");
}
