import type { ErrorInfo, Person, PersonId, Role } from "./domain.ts";
import type { Policy } from "./policy-types.ts";
import type { SafetyAct, SafetyPolicy } from "./safety-types.ts";

/** Who may freeze, unfreeze and end a shadow mode. Pure: null means allowed, else the reason why not. */

/** Holds where the signed policy says nothing of it. */
const defaultSafety: SafetyPolicy = {
  freeze: ["manager", "admin"],
  unfreeze: ["manager", "admin"],
  endShadow: ["admin"],
};

const actions = {
  freeze: "freezing the company",
  unfreeze: "lifting a freeze",
  endShadow: "ending a workflow's shadow mode",
} as const;

/**
 * Whether what a person did counts. Stopping effects is the safe direction: any way to say it will do. To start them
 * again "local" counts with the demo company only, as it does for decisions.
 */
export function mayAct(
  what: keyof SafetyPolicy,
  act: SafetyAct,
  o: { readonly policy: Policy; readonly person: Person | undefined; readonly demo: boolean },
): ErrorInfo | null {
  const { person } = o;
  if (person?.active !== true) {
    return refusal("unknown-person", `"${act.person.slice(0, 100)}" is not an active person of the company`);
  }
  if (act.account !== undefined && !person.accounts.includes(act.account)) {
    return refusal("wrong-account", `account ${act.account.slice(0, 100)} is not linked to "${person.id}"`);
  }
  const roles = (o.policy.safety ?? defaultSafety)[what];
  if (!person.roles.some((role) => roles.includes(role))) {
    return refusal("not-allowed", lacking(person.id, person.roles, roles, actions[what]));
  }
  if (what !== "freeze" && act.assurance === "local" && !o.demo) {
    return refusal(
      "assurance-too-low",
      `${actions[what]} takes a click in the console or in chat: a command line is worth nothing here`,
    );
  }
  return null;
}

function lacking(id: PersonId, has: readonly Role[], wanted: readonly Role[], action: string): string {
  return `"${id}" has the roles ${has.join(", ") || "none"}; ${action} needs ${wanted.join(" or ")}`;
}
function refusal(code: string, message: string): ErrorInfo {
  return { code, message, retryable: false };
}
