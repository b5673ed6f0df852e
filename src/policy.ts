import type { Assurance, ErrorInfo, Person, PersonId, Role } from "./domain.ts";
import type { Policy } from "./policy-types.ts";

/** The one evaluation of the company's rules about people. Pure: null means allowed, else the reason why not. */

function refusal(code: string, message: string): ErrorInfo {
  return { code, message, retryable: false };
}

/** Only a mapped, active person counts for anything; `id` is who was claimed. */
function inactive(person: Person | undefined, id: PersonId): ErrorInfo | null {
  return person?.active === true
    ? null
    : refusal("unknown-person", `"${id.slice(0, 100)}" is not an active person of the company`);
}

function lacksRole(person: Person, roles: readonly Role[], action: string): ErrorInfo | null {
  if (person.roles.some((role) => roles.includes(role))) {
    return null;
  }
  const has = person.roles.join(", ") || "none";
  const wanted = roles.length === 0 ? "a role, and none is named" : roles.join(" or ");
  return refusal("not-allowed", `"${person.id}" has the roles ${has}; ${action} needs ${wanted}`);
}

/** Whether a person may ask for anything at all. */
export function mayAsk(policy: Policy, person: Person | undefined, id: PersonId): ErrorInfo | null {
  return inactive(person, id) ?? (person === undefined ? null : lacksRole(person, policy.ask, "asking"));
}

/** Whether a person may end a run: their own as long as they may ask, anyone's with a role for it. */
export function mayCancel(
  policy: Policy,
  person: Person | undefined,
  id: PersonId,
  requester: PersonId,
): ErrorInfo | null {
  const refused = inactive(person, id);
  if (refused !== null || person === undefined) {
    return refused;
  }
  const own = person.id === requester && mayAsk(policy, person, id) === null;
  return own ? null : lacksRole(person, policy.cancel, "cancelling other people's requests");
}

/** Whether a person's verdict, given with this assurance, counts for a request by `requester`. */
export function mayDecide(
  policy: Policy,
  person: Person | undefined,
  id: PersonId,
  o: {
    readonly requester: PersonId;
    readonly assurance: Assurance;
    readonly demo: boolean;
    /** The chat account it was given by, if by one. */
    readonly account?: string | undefined;
  },
): ErrorInfo | null {
  const refused = inactive(person, id);
  if (refused !== null || person === undefined) {
    return refused;
  }
  return (
    notTheirs(person, o.account) ??
    lacksRole(person, policy.approve.roles, "approving") ??
    (policy.separationOfDuties && person.id === o.requester
      ? refusal("own-request", `"${person.id}" asked for this and cannot decide it`)
      : null) ??
    assuranceRefused(policy, o.assurance, o.demo)
  );
}

/** The people whose verdict on a request by `requester` counts, given in one of the ways that the policy accepts. */
export function decidersOf(
  policy: Policy,
  people: readonly Person[],
  o: { readonly requester: PersonId; readonly demo: boolean },
): readonly Person[] {
  return people.filter((person) =>
    policy.approve.assurances.some(
      (assurance) => mayDecide(policy, person, person.id, { ...o, assurance }) === null,
    ),
  );
}

function notTheirs(person: Person, account: string | undefined): ErrorInfo | null {
  return account === undefined || person.accounts.includes(account)
    ? null
    : refusal("wrong-account", `account ${account.slice(0, 100)} is not linked to "${person.id}"`);
}

/** "local" counts only with the demo company, whatever the policy says. */
function assuranceRefused(policy: Policy, assurance: Assurance, demo: boolean): ErrorInfo | null {
  return policy.approve.assurances.includes(assurance) && (assurance !== "local" || demo)
    ? null
    : refusal("assurance-too-low", `the policy does not accept "${assurance}" decisions`);
}
