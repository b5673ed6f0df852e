import type { ApprovalId, Assurance, ErrorInfo, Money, Person, PersonId, Role } from "../domain.ts";
import type { DelegationStatement } from "../mandate-types.ts";
import { compareMoney } from "../money.ts";
import type { Absence, Policy, Tier } from "../policy-types.ts";
import { hasRole, notAllowed, notTheirs, refusal, unknownPerson } from "./refusal.ts";

/** Whose verdict counts, and by whose right. Pure; the bot, the HITL agent and executing agents all evaluate this. */

/** What a verdict is judged by. */
export interface VerdictFacts {
  readonly tier: Tier;
  readonly requester: PersonId;
  /** Who changed the plan: authors like the requester. */
  readonly editors?: readonly PersonId[];
  readonly assurance: Assurance;
  readonly demo: boolean;
  /** The chat account it was given by, if by one. */
  readonly account?: string | undefined;
  /** When it was given, in milliseconds: absences and delegations count by this. */
  readonly at: number;
  readonly approval: ApprovalId;
  /** Those it was given with; their signatures are the caller's business. */
  readonly delegations?: readonly DelegationStatement[];
  /** What the plan costs at most, where the verdict is to count alone in an emergency. */
  readonly brokenGlass?: Money | undefined;
  readonly person: (id: PersonId) => Person | undefined;
}
/** Allowed by somebody's right (the person's own, or of whom they stand in for), or why not. */
export type Judgement =
  | { readonly refused: null; readonly right: PersonId }
  | { readonly refused: ErrorInfo };

/** Whether a person's verdict counts. */
export function judge(policy: Policy, id: PersonId, facts: VerdictFacts): Judgement {
  const person = facts.person(id);
  if (person?.active !== true) {
    return { refused: unknownPerson(id) };
  }
  const foreign = notTheirs(person, facts.account);
  if (foreign !== null) {
    return { refused: foreign };
  }
  const right = facts.brokenGlass === undefined ? rightOf(policy, person, facts) : person.id;
  if (right === null) {
    return { refused: notAllowed(person, deciding(facts.tier), "approving") };
  }
  if (isAuthor(policy, id, facts)) {
    return { refused: refusal("own-request", `"${id}" asked for this or changed it and cannot decide it`) };
  }
  const refused = breakingRefused(policy, person, facts) ?? assuranceRefused(facts);
  return refused === null ? { refused, right } : { refused };
}

/** The people whose verdict counts, given in one of the ways that the tier accepts. */
export function decidersOf(
  policy: Policy,
  people: readonly Person[],
  o: Omit<VerdictFacts, "assurance" | "person" | "account">,
): readonly Person[] {
  const person = lookUp(people);
  return people.filter(({ id }) =>
    o.tier.assurances.some((assurance) => judge(policy, id, { ...o, assurance, person }).refused === null),
  );
}

/** Of those, who is to be asked: not who is away, nor before its time whom the matter is only passed on to. */
export function askedOf(
  policy: Policy,
  people: readonly Person[],
  o: Omit<VerdictFacts, "assurance" | "person" | "account"> & { readonly escalated: boolean },
): readonly Person[] {
  const { escalate: _later, ...before } = o.tier;
  const tier = o.escalated ? o.tier : before;
  return decidersOf(policy, people, { ...o, tier }).filter(({ id }) => !isAway(policy, id, o.at));
}

/** All roles whose people may decide in a tier. */
export function deciding(tier: Tier): readonly Role[] {
  return [...tier.roles, ...(tier.escalate?.roles ?? [])];
}
export function lookUp(people: readonly Person[]): (id: PersonId) => Person | undefined {
  const byId = new Map(people.map((each) => [each.id, each]));
  return (id) => byId.get(id);
}
function absencesAt({ absences = [] }: Pick<Policy, "absences">, at: number): readonly Absence[] {
  return absences.filter(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to));
}
/** Who is away then. */
export function awayAt(policy: Pick<Policy, "absences">, at: number): readonly PersonId[] {
  return absencesAt(policy, at).map(({ person }) => person);
}
export function isAway(policy: Pick<Policy, "absences">, id: PersonId, at: number): boolean {
  return awayAt(policy, at).includes(id);
}

/** Whose right a person would decide by: their own, that of somebody away, or one that was handed to them. */
function rightOf(policy: Policy, person: Person, facts: VerdictFacts): PersonId | null {
  if (hasRole(person, deciding(facts.tier))) {
    return person.id;
  }
  const absent = absencesAt(policy, facts.at).find(
    ({ person: away, fallback }) =>
      holdsRight(policy, away, facts) &&
      (fallback.people?.includes(person.id) === true || hasRole(person, fallback.roles ?? [])),
  );
  return absent?.person ?? handedBy(policy, person.id, facts, policy.delegation?.longestChain ?? 1);
}

/** Who first held the right that was handed to `to` over at most so many hands; null where there is none. */
function handedBy(policy: Policy, to: PersonId, facts: VerdictFacts, hands: number): PersonId | null {
  if (policy.delegation === undefined || hands === 0) {
    return null;
  }
  const { longestHours } = policy.delegation;
  const good = (facts.delegations ?? []).filter((each) => {
    const [start, end] = [Date.parse(each.notBefore), Date.parse(each.notAfter)];
    return (
      each.to === to &&
      each.from !== to &&
      // Who must sign a decision themselves cannot be said by others to have handed it on.
      assuranceRefused({ ...facts, assurance: each.assurance }) === null &&
      (each.approval === null || each.approval === facts.approval) &&
      start <= facts.at &&
      facts.at < end &&
      end - start <= longestHours * 3_600_000 &&
      facts.person(each.from)?.active === true &&
      !isAuthor(policy, each.from, facts)
    );
  });
  for (const { from } of good) {
    const first = holdsRight(policy, from, facts) ? from : handedBy(policy, from, facts, hands - 1);
    if (first !== null) {
      return first;
    }
  }
  return null;
}

/** Whether somebody may decide in their own name; an author's right is nobody's else either. */
function holdsRight(policy: Policy, id: PersonId, facts: VerdictFacts): boolean {
  const person = facts.person(id);
  return person?.active === true && hasRole(person, deciding(facts.tier)) && !isAuthor(policy, id, facts);
}
function isAuthor(policy: Policy, id: PersonId, { requester, editors = [] }: VerdictFacts): boolean {
  return policy.separationOfDuties && (id === requester || editors.includes(id));
}

/** The emergency's own limits; null where there is none. */
function breakingRefused(policy: Policy, person: Person, { brokenGlass }: VerdictFacts): ErrorInfo | null {
  if (brokenGlass === undefined) {
    return null;
  }
  const { breakGlass } = policy;
  if (breakGlass === undefined) {
    return refusal("no-break-glass", "the policy lets nobody decide alone");
  }
  if (!hasRole(person, breakGlass.roles)) {
    return notAllowed(person, breakGlass.roles, "deciding alone");
  }
  const { amount, currency } = breakGlass.upTo;
  return compareMoney(brokenGlass, breakGlass.upTo) <= 0
    ? null
    : refusal(
        "break-glass-limit",
        `deciding alone is allowed up to ${amount} ${currency}, this plan may cost ${brokenGlass.amount}`,
      );
}

/** "local" counts only with the demo company, whatever the policy says. */
function assuranceRefused({ tier, assurance, demo }: VerdictFacts): ErrorInfo | null {
  return tier.assurances.includes(assurance) && (assurance !== "local" || demo)
    ? null
    : refusal(
        "assurance-too-low",
        `the policy does not accept "${assurance}" decisions in tier "${tier.name}"`,
      );
}
