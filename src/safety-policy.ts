import type { ErrorInfo, Person } from "./domain.ts";
import { hasRole, notAllowed, notTheirs, refusal, unknownPerson } from "./policy/refusal.ts";
import type { Policy } from "./policy-types.ts";
import type { ActStatement, SafetyAct, SafetyPolicy } from "./safety-types.ts";

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
  beginShadow: "having a workflow worked on in shadow mode",
} as const;

/**
 * Whether what a person did counts. Stopping effects is the safe direction: any way to say it will do. To start them
 * again "local" counts with the demo company only, as it does for decisions.
 */
export function mayAct(
  what: keyof typeof actions,
  act: SafetyAct,
  o: { readonly policy: Policy; readonly person: Person | undefined; readonly demo: boolean },
): ErrorInfo | null {
  const { person } = o;
  if (person?.active !== true) {
    return unknownPerson(act.person);
  }
  const foreign = notTheirs(person, act.account);
  if (foreign !== null) {
    return foreign;
  }
  // Whoever may freeze may have a workflow rehearse.
  const right = what === "beginShadow" ? "freeze" : what;
  const roles = (o.policy.safety ?? defaultSafety)[right];
  if (!hasRole(person, roles)) {
    return notAllowed(person, roles, actions[what]);
  }
  if (right !== "freeze" && act.assurance === "local" && !o.demo) {
    return refusal(
      "assurance-too-low",
      `${actions[what]} takes a click in the console or in chat: a command line is worth nothing here`,
    );
  }
  return null;
}

/** An act as it is signed on receipt at `now` (milliseconds), under the trust document of this serial. */
export function stated(
  { person, adapter, account, assurance }: SafetyAct,
  { trustSerial, now }: { readonly trustSerial: number; readonly now: number },
): ActStatement {
  return {
    person,
    adapter,
    ...(account === undefined ? {} : { account }),
    assurance,
    trustSerial,
    receivedAt: new Date(now).toISOString(),
  };
}
