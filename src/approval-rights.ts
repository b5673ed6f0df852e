import { approvalPlaces } from "./approval-places.ts";
import type { Approval, Person, Run, ThreadId } from "./domain.ts";
import type { DelegationStatement } from "./mandate-types.ts";
import { askedOf, decidersOf } from "./policy/may-decide.ts";
import { tierNamed } from "./policy/tiers.ts";
import type { Policy } from "./policy-types.ts";
import type { ChatAdapter, Clock, Logger } from "./ports.ts";

/** Who may decide on an approval, and where those are reached who are asked now. */
export interface ApprovalRights {
  readonly deciders: (approval: Approval) => readonly Person[];
  readonly places: (run: Run, approval: Approval) => readonly ThreadId[];
  /** No click counts on it: people sign with keys of their own. */
  readonly isSignedOnly: (approval: Approval) => boolean;
}

export function createApprovalRights(o: {
  readonly trust: { readonly policy: Policy; readonly people: readonly Person[]; readonly demo: boolean };
  /** Those that are known here: deciding itself reads them afresh. */
  readonly delegations: () => readonly DelegationStatement[];
  readonly adapters: () => readonly ChatAdapter[];
  readonly clock: Clock;
  readonly log: Logger;
}): ApprovalRights {
  const { trust, log } = o;
  const rights = ({ id, requester, tier }: Approval) => ({
    requester,
    approval: id,
    tier: tierNamed(trust.policy, tier),
    demo: trust.demo,
    at: o.clock.now(),
    delegations: o.delegations(),
  });
  return {
    isSignedOnly: ({ tier }) =>
      tierNamed(trust.policy, tier).assurances.every((each) => each === "countersigned"),
    deciders: (approval) => decidersOf(trust.policy, trust.people, rights(approval)),
    // Whoever has decided is not asked again. Of what somebody decided alone, those are told who are named for it.
    places: (run, approval) => {
      const escalated = approval.escalatedAt !== null;
      const done = new Set(approval.decisions.flatMap(({ by, insteadOf = by }) => [by, insteadOf]));
      const { announceTo = [] } = trust.policy.breakGlass ?? {};
      const asked =
        approval.decision?.brokeGlass === true
          ? trust.people.filter(({ id, active }) => active && announceTo.includes(id))
          : askedOf(trust.policy, trust.people, { ...rights(approval), escalated });
      const deciders = asked.filter(({ id }) => !done.has(id));
      return approvalPlaces(run, { adapters: o.adapters(), deciders, log });
    },
  };
}
