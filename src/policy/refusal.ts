import type { ErrorInfo, Person, PersonId, Role } from "../domain.ts";

/** Why a person may not do something, in the terms all rules share. Null means nothing is against it. */

export function refusal(code: string, message: string): ErrorInfo {
  return { code, message, retryable: false };
}

/** Only a mapped, active person counts for anything; `id` is who was claimed. */
export function unknownPerson(id: PersonId): ErrorInfo {
  return refusal("unknown-person", `"${id.slice(0, 100)}" is not an active person of the company`);
}

/** Null where something came by an account of the person's own, or by none. */
export function notTheirs(person: Person, account: string | undefined): ErrorInfo | null {
  return account === undefined || person.accounts.includes(account)
    ? null
    : refusal("wrong-account", `account ${account.slice(0, 100)} is not linked to "${person.id}"`);
}

export function notAllowed(person: Person, roles: readonly Role[], action: string): ErrorInfo {
  const has = person.roles.join(", ") || "none";
  const wanted = roles.length === 0 ? "a role, and none is named" : roles.join(" or ");
  return refusal("not-allowed", `"${person.id}" has the roles ${has}; ${action} needs ${wanted}`);
}

export function hasRole(person: Person, roles: readonly Role[]): boolean {
  return person.roles.some((role) => roles.includes(role));
}
