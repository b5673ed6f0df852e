import type { BotParts } from "./bot-parts.ts";
import { createDelegations, type Delegations } from "./delegations.ts";
import type { Engine } from "./engine/engine.ts";
import type { Signed } from "./domain.ts";
import { hasRole } from "./policy/refusal.ts";
import type { RightsInbox } from "./rights-types.ts";
import { createStanding } from "./standing.ts";
import { createStandingUses, type StandingUses } from "./standing-uses.ts";
import type { Statement } from "./trust/sign-statement.ts";

/** Rights that people hand on, and approvals that they give in advance. */
export function wireRights(o: {
  readonly parts: BotParts;
  readonly engine: Pick<Engine, "record">;
  readonly frozen: () => boolean;
  readonly sign: <T extends Statement>(statement: T) => Signed<T>;
  /** Others may decide from now on. */
  readonly changed: () => void;
}): { readonly delegations: Delegations; readonly uses: StandingUses; readonly inbox: RightsInbox } {
  const { engine, sign, changed } = o;
  const { store, clock, ids, trust: view, log } = o.parts;
  const trust = () => view;
  const delegations = createDelegations({ store, clock, ids, trust, sign, changed });
  const standing = createStanding({ store, clock, ids, trust, sign, changed: () => void uses.lookAtAll() });
  const uses = createStandingUses({ store, engine, standing, frozen: o.frozen, clock, trust, sign, log });
  return {
    delegations,
    uses,
    inbox: {
      delegate: (handing) => delegations.delegate(handing),
      takeBack: (act, id) => delegations.takeBack(act, id),
      async delegations(viewer) {
        await delegations.refresh();
        const person = view.person(viewer);
        const all = person?.active === true && hasRole(person, view.policy.cancel);
        return delegations.known().filter(({ from, to }) => all || from === viewer || to === viewer);
      },
      proposeStanding: (act, terms) => standing.proposeStanding(act, terms),
      approveStanding: (act, id) => standing.approveStanding(act, id),
      revokeStanding: (act, id) => standing.revokeStanding(act, id),
      standing: () => standing.standing(),
    },
  };
}
