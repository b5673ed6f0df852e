import type { Money, Person, PersonId, Role } from "../domain.ts";
import { compareMoney, decimal } from "../money.ts";
import type { Policy, Tier } from "../policy-types.ts";
import { deciding, lookUp } from "./may-decide.ts";
import { hasRole } from "./refusal.ts";
import { tiersOf } from "./tiers.ts";

/** What makes a policy one that nobody can mean, or by which nobody could decide. Pure. */

export interface PolicyFault {
  /** Field by field. */
  readonly path: readonly (string | number)[];
  /** What was found and what was expected. */
  readonly message: string;
}

/** Faults of a policy by itself. */
export function policyFaults(policy: Policy): readonly PolicyFault[] {
  return [...tierFaults(policy), ...timeFaults(policy), ...limitFaults(policy), ...standingFaults(policy)];
}

function* tierFaults({ approve: { tiers }, companyCurrency }: Policy): Generator<PolicyFault> {
  const names = new Set<string>();
  for (const [index, { name, from, below }] of (tiers ?? []).entries()) {
    const at = (field: string) => ["approve", "tiers", index, field];
    const before = tiers?.[index - 1];
    if (names.has(name)) {
      yield { path: at("name"), message: `"${name}" is the name of two tiers, expected each once` };
    }
    names.add(name);
    const foreign = [from, ...(below === undefined ? [] : [below])].find(
      (each) => each.currency !== companyCurrency,
    );
    if (foreign !== undefined) {
      const message = `${text(foreign)}: expected the company's currency, ${companyCurrency}`;
      yield { path: at("from"), message };
      return;
    }
    if (before === undefined && !decimal(from.amount).eq(0)) {
      const message = `the first tier begins at ${text(from)}, expected 0: nobody could decide below`;
      yield { path: at("from"), message };
    }
    if (before?.below === undefined && index > 0) {
      const message = `tier "${before?.name}" has no end, so tier "${name}" overlaps it; expected "below"`;
      yield { path: ["approve", "tiers", index - 1, "below"], message };
    } else if (before?.below !== undefined && compareMoney(before.below, from) !== 0) {
      const what = compareMoney(before.below, from) < 0 ? "leaves a gap" : "overlaps";
      const message = `${text(from)} ${what}: expected ${text(before.below)}, where tier "${before.name}" ends`;
      yield { path: at("from"), message };
    }
    if (below !== undefined && compareMoney(below, from) <= 0) {
      yield { path: at("below"), message: `${text(below)}: expected more than "from", ${text(from)}` };
    }
    if (below !== undefined && index === (tiers?.length ?? 0) - 1) {
      const message = `the last tier ends at ${text(below)}, expected no end: nobody could decide above`;
      yield { path: at("below"), message };
    }
  }
}

function* timeFaults(policy: Policy): Generator<PolicyFault> {
  for (const [index, tier] of tiersOf(policy).entries()) {
    const path = policy.approve.tiers === undefined ? ["approve"] : ["approve", "tiers", index];
    const { name, expiresHours, remindAfterHours: reminders = [], escalate } = tier;
    const late = reminders.find((hours) => hours >= expiresHours);
    if (late !== undefined) {
      const message = `tier "${name}" expires after ${expiresHours} hours, before its reminder after ${late}; expected an expiry after every reminder`;
      yield { path: [...path, "remindAfterHours"], message };
    }
    if (reminders.some((hours, each) => each > 0 && hours <= (reminders[each - 1] ?? 0))) {
      const message = `${reminders.join(", ")}: expected ascending hours`;
      yield { path: [...path, "remindAfterHours"], message };
    }
    if (escalate !== undefined && escalate.afterHours >= expiresHours) {
      const message = `tier "${name}" is passed on after ${escalate.afterHours} hours, expected less than its expiry after ${expiresHours}`;
      yield { path: [...path, "escalate", "afterHours"], message };
    }
  }
  for (const [index, { person, from, to, fallback }] of (policy.absences ?? []).entries()) {
    if (Date.parse(to) <= Date.parse(from)) {
      yield { path: ["absences", index, "to"], message: `${to}: expected a time after "from", ${from}` };
    }
    if (fallback.people === undefined && fallback.roles === undefined) {
      const message = `nobody decides for "${person}" meanwhile, expected people or roles`;
      yield { path: ["absences", index, "fallback"], message };
    }
    if (fallback.people?.includes(person) === true) {
      const message = `"${person}" stands in for themselves, expected somebody else`;
      yield { path: ["absences", index, "fallback"], message };
    }
  }
}

function* standingFaults({ standing, ...policy }: Policy): Generator<PolicyFault> {
  if (standing === undefined) {
    return;
  }
  for (const field of ["each", "inAll"] as const) {
    if (standing[field].currency !== policy.companyCurrency) {
      const message = `${text(standing[field])}: expected the company's currency, ${policy.companyCurrency}`;
      yield { path: ["standing", field], message };
    }
  }
  const tiers = tiersOf(policy);
  for (const name of standing.tiers) {
    const tier = tiers.find((each) => each.name === name);
    if (tier === undefined) {
      const message = `there is no tier "${name}", expected of: ${tiers.map((each) => each.name).join(", ")}`;
      yield { path: ["standing", "tiers"], message };
    } else if (tier.assurances.every((each) => each === "countersigned")) {
      const message = `tier "${name}" takes countersigned decisions only, which nobody gives in advance; expected a tier that takes others`;
      yield { path: ["standing", "tiers"], message };
    }
  }
}

function* limitFaults({ breakGlass, companyCurrency }: Policy): Generator<PolicyFault> {
  if (breakGlass !== undefined && breakGlass.upTo.currency !== companyCurrency) {
    const message = `${text(breakGlass.upTo)}: expected the company's currency, ${companyCurrency}`;
    yield { path: ["breakGlass", "upTo"], message };
  }
}

/**
 * Where, with these people, somebody's request could be approved by nobody or by too few. Nothing can be asked of an
 * empty company, so nothing is wrong with it.
 */
export function peopleFaults(
  policy: Policy,
  people: readonly Person[],
  { demo }: { readonly demo: boolean },
): readonly PolicyFault[] {
  const active = people.filter((each) => each.active);
  const asking = active.filter((each) => hasRole(each, policy.ask));
  return asking.length === 0
    ? []
    : [
        ...tiersOf(policy).flatMap((tier, index) => [
          ...quorumFaults(policy, tier, pathOf(policy, index), { active, asking }),
          ...meansFaults(tier, pathOf(policy, index), demo),
        ]),
        ...absenceFaults(policy, people),
        ...emergencyFaults(policy, active),
      ];
}

function* quorumFaults(
  policy: Policy,
  tier: Tier,
  path: PolicyFault["path"],
  { active, asking }: { readonly active: readonly Person[]; readonly asking: readonly Person[] },
): Generator<PolicyFault> {
  const able = active.filter((each) => hasRole(each, deciding(tier)));
  const own = policy.separationOfDuties ? asking.find((each) => able.includes(each)) : undefined;
  const left = able.length - (own === undefined ? 0 : 1);
  if (left < tier.quorum) {
    const who = own === undefined ? "" : ` for a request by "${own.id}"`;
    const message = `tier "${tier.name}" asks for ${tier.quorum} of the people with role ${list(deciding(tier))}, there ${left === 1 ? "is" : "are"} ${left}${who}: expected at least ${tier.quorum}`;
    yield { path: [...path, "quorum"], message };
  }
  if (tier.escalate !== undefined && !active.some((each) => hasRole(each, tier.escalate?.roles ?? []))) {
    const message = `nobody active has role ${list(tier.escalate.roles)}, expected somebody to pass it on to`;
    yield { path: [...path, "escalate", "roles"], message };
  }
}

function* meansFaults(tier: Tier, path: PolicyFault["path"], demo: boolean): Generator<PolicyFault> {
  if (!demo && tier.assurances.every((each) => each === "local")) {
    const message = `tier "${tier.name}" accepts "local" decisions alone, which count in the demo only: expected "clicked" or "countersigned"`;
    yield { path: [...path, "assurances"], message };
  }
}

function* absenceFaults({ absences = [] }: Policy, people: readonly Person[]): Generator<PolicyFault> {
  const person = lookUp(people);
  for (const [index, { person: away, from, to, fallback }] of absences.entries()) {
    const there = (id: PersonId) =>
      person(id)?.active === true &&
      !absences.some(
        (other) =>
          other.person === id &&
          Date.parse(other.from) < Date.parse(to) &&
          Date.parse(from) < Date.parse(other.to),
      );
    const named = fallback.people ?? [];
    const byRole = people.filter(
      ({ id, roles }) => id !== away && roles.some((role) => fallback.roles?.includes(role)),
    );
    if (person(away) === undefined) {
      const message = `"${away}" is not a person of the company, expected one`;
      yield { path: ["absences", index, "person"], message };
    }
    if (![...named, ...byRole.map(({ id }) => id)].some(there)) {
      const who = [...named, ...(fallback.roles ?? [])].join(", ");
      const message = `of ${who} nobody is active and there while "${away}" is away, expected somebody`;
      yield { path: ["absences", index, "fallback"], message };
    }
  }
}

function* emergencyFaults({ breakGlass }: Policy, active: readonly Person[]): Generator<PolicyFault> {
  if (breakGlass === undefined) {
    return;
  }
  if (!active.some((each) => hasRole(each, breakGlass.roles))) {
    const message = `nobody active has role ${list(breakGlass.roles)}, expected somebody who may decide alone`;
    yield { path: ["breakGlass", "roles"], message };
  }
  const missing = breakGlass.announceTo.find((id) => !active.some((each) => each.id === id));
  if (missing !== undefined) {
    const message = `"${missing}" is not an active person, expected people who are told`;
    yield { path: ["breakGlass", "announceTo"], message };
  }
}

function pathOf(policy: Policy, index: number): PolicyFault["path"] {
  return policy.approve.tiers === undefined ? ["approve"] : ["approve", "tiers", index];
}
function list(roles: readonly Role[]): string {
  return roles.join(" or ");
}
function text({ amount, currency }: Money): string {
  return `${amount} ${currency}`;
}
