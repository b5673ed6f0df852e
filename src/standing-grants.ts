import { z } from "zod";
import type { TrustView } from "./define-agent.ts";
import type { ErrorInfo, Money, PersonId } from "./domain.ts";
import { compareMoney, decimal, money, sumMoney } from "./money.ts";
import { moneySchema, signedStandingSchema, standingTermsSchema } from "./plan/plan-schema.ts";
import { deciding } from "./policy/may-decide.ts";
import { hasRole, refusal, unknownPerson } from "./policy/refusal.ts";
import { givingRefused, termsRefused } from "./policy/standing.ts";
import { tierNamed } from "./policy/tiers.ts";
import type { ShownStanding, StandingGrant, StandingUse, StandingView } from "./rights-types.ts";

/** Standing grants as they are kept, and how they stand. Pure. */

const timeSchema = z.int();
export const standingGrantSchema: z.ZodType<StandingGrant> = z.strictObject({
  terms: standingTermsSchema,
  by: z.string(),
  at: timeSchema,
  given: z.array(signedStandingSchema),
  revoked: z.strictObject({ by: z.string(), at: timeSchema }).nullable(),
  uses: z.array(
    z.strictObject({ approval: z.string(), run: z.string(), amount: moneySchema, at: timeSchema }),
  ),
});

/** How a grant stands at `now` (milliseconds), by the policy and the people of today. */
export function standingView(grant: StandingGrant, trust: TrustView, now: number): StandingView {
  const { terms, by, uses } = grant;
  const { policy, demo } = trust;
  const refused = termsRefused(policy, terms);
  const approvedBy = grant.given
    .filter((signed) => {
      const { statement } = signed;
      const at = Date.parse(statement.receivedAt);
      // What a key signed that was replaced long ago is nobody's word any more.
      if (!trust.verify(signed, "evidence")) {
        return false;
      }
      return givingRefused(policy, terms, statement, { at, demo, person: (id) => trust.person(id) }) === null;
    })
    .map(({ statement }) => statement.person);
  const { quorum } = tierNamed(policy, terms.tier);
  const left = leftOf(grant);
  const status = (): StandingView["status"] => {
    if (grant.revoked !== null) {
      return "revoked";
    }
    if (Date.parse(terms.notAfter) <= now) {
      return "expired";
    }
    if (refused !== null) {
      return "refused";
    }
    if (approvedBy.length < quorum) {
      return "waiting";
    }
    return left.uses > 0 && decimal(left.amount.amount).gt(0) ? "in-force" : "used-up";
  };
  return { terms, by, status: status(), refused: refused?.message ?? null, approvedBy, quorum, left, uses };
}

/** Why somebody may not take a grant back; null where they may. */
export function revokingRefused(
  { terms, by, given, revoked }: StandingGrant,
  id: PersonId,
  trust: TrustView,
): ErrorInfo | null {
  const person = trust.person(id);
  if (person?.active !== true) {
    return unknownPerson(id);
  }
  const own = by === id || given.some(({ statement }) => statement.person === id);
  const roles = [...deciding(tierNamed(trust.policy, terms.tier)), ...trust.policy.cancel];
  if (!own && !hasRole(person, roles)) {
    return refusal("not-allowed", `"${id}" neither gave it, nor may decide or cancel`);
  }
  return revoked === null
    ? null
    : refusal("standing-closed", `standing grant "${terms.id}" is revoked already`);
}

/** A grant as somebody is shown it: what they may do about it, by whatever chat they look at it. */
export function shownStanding(
  grant: StandingGrant,
  viewer: PersonId,
  trust: TrustView,
  now: number,
): ShownStanding {
  const view = standingView(grant, trust, now);
  const { policy, demo } = trust;
  const o = { at: now, demo, person: (id: PersonId) => trust.person(id) };
  const mayGive = (["local", "clicked"] as const).some(
    (assurance) => givingRefused(policy, grant.terms, { person: viewer, assurance }, o) === null,
  );
  const may = {
    approve: view.status === "waiting" && !view.approvedBy.includes(viewer) && mayGive,
    revoke: revokingRefused(grant, viewer, trust) === null,
  };
  return { ...view, may };
}

function leftOf({ terms, uses }: StandingGrant): { readonly uses: number; readonly amount: Money } {
  const { amount, currency } = terms.inAll;
  const spent = sumMoney(
    uses.map((each) => each.amount),
    currency,
  );
  return { uses: terms.uses - uses.length, amount: money(decimal(amount).minus(spent.amount), currency) };
}

/** The grant with one more use; undefined where that is more than was granted. The same approval counts once. */
export function withUse(grant: StandingGrant, use: StandingUse): StandingGrant | undefined {
  if (grant.uses.some(({ approval }) => approval === use.approval)) {
    return grant;
  }
  const left = leftOf(grant);
  return left.uses >= 1 && compareMoney(use.amount, left.amount) <= 0
    ? { ...grant, uses: [...grant.uses, use] }
    : undefined;
}
