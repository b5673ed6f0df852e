import type { ErrorInfo, Person, PersonId, Role } from "./domain.ts";
import type { Policy } from "./policy-types.ts";
import { hasRole, notAllowed, unknownPerson } from "./policy/refusal.ts";

/**
 * Who may ask and cancel. Pure: null means allowed, else the reason why not. Who may decide: `src/policy/may-decide.ts`.
 */

/** Whether a person may ask for anything at all; `id` is who was claimed. */
export function mayAsk(policy: Policy, person: Person | undefined, id: PersonId): ErrorInfo | null {
  return needsRole(person, id, policy.ask, "asking");
}

/** Whether a person may end a run: their own as long as they may ask, anyone's with a role for it. */
export function mayCancel(
  policy: Policy,
  person: Person | undefined,
  id: PersonId,
  requester: PersonId,
): ErrorInfo | null {
  const own = person?.id === requester && mayAsk(policy, person, id) === null;
  return own ? null : needsRole(person, id, policy.cancel, "cancelling other people's requests");
}

function needsRole(
  person: Person | undefined,
  id: PersonId,
  roles: readonly Role[],
  action: string,
): ErrorInfo | null {
  if (person?.active !== true) {
    return unknownPerson(id);
  }
  return hasRole(person, roles) ? null : notAllowed(person, roles, action);
}
