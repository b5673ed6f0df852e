import { createAskBack } from "./ask-back.ts";
import type { BotParts } from "./bot-parts.ts";
import { createDelegations, type Delegations } from "./delegations.ts";
import type { Engine } from "./engine/engine.ts";
import type { Approval, Person, RunId, Signed } from "./domain.ts";
import type { EditInbox } from "./edit-types.ts";
import { createEdits } from "./edits.ts";
import { hasRole } from "./policy/refusal.ts";
import { createGlassReviews } from "./glass-reviews.ts";
import type { RunView } from "./run-view.ts";
import type { Repeated } from "./repeat.ts";
import type { RightsInbox } from "./rights-types.ts";
import { type RightsWatch, watchRights } from "./rights-watch.ts";
import { createStanding } from "./standing.ts";
import { createStandingUses, type StandingUses } from "./standing-uses.ts";
import type { Statement } from "./trust/sign-statement.ts";

/** Rights that people hand on, approvals that they give in advance, and plans that they change. */
export function wireRights(o: {
  readonly parts: BotParts;
  readonly engine: Pick<Engine, "record" | "askBack" | "review" | "remindReview" | "edit">;
  readonly deciders: (approval: Approval) => readonly Person[];
  /** A run with its texts. */
  readonly view: (run: RunId) => Promise<RunView | undefined>;
  readonly frozen: () => boolean;
  readonly sign: <T extends Statement>(statement: T) => Signed<T>;
  /** Others may decide from now on. */
  readonly changed: () => void;
}): {
  readonly delegations: Delegations;
  readonly watch: RightsWatch;
  readonly uses: StandingUses;
  readonly reviews: Repeated;
  readonly inbox: RightsInbox & EditInbox;
} {
  const { engine, sign, changed } = o;
  const { store, clock, ids, trust: view, timers, log, definitions } = o.parts;
  const trust = () => view;
  const after = (ms: number, call: () => void) => timers.after(ms, call);
  const delegations = createDelegations({ store, clock, ids, trust, sign, changed });
  const policy = () => view.policy;
  const watch = watchRights({ delegations, policy, changed, clock, after, log });
  const standing = createStanding({
    store,
    clock,
    ids,
    trust,
    workflows: [...new Set(definitions.workflows.map(({ id }) => id))],
    sign,
    changed: () => void uses.lookAtAll(),
  });
  const { frozen } = o;
  const uses = createStandingUses({ store, engine, standing, frozen, clock, after, trust, sign, log });
  const askBack = createAskBack({
    store,
    engine,
    trust,
    async deciders(approval) {
      await delegations.refresh();
      return o.deciders(approval);
    },
  });
  const edits = createEdits({ store, engine, trust, view: o.view, deciders: o.deciders });
  const reviews = createGlassReviews({ store, engine, trust, clock, log, after });
  const mayCancel = (viewer: string): boolean => {
    const person = view.person(viewer);
    return person?.active === true && hasRole(person, view.policy.cancel);
  };
  return {
    delegations,
    watch,
    uses,
    reviews,
    inbox: {
      ...edits,
      delegate: (handing) => delegations.delegate(handing),
      takeBack: (act, id) => delegations.takeBack(act, id),
      async delegations(viewer) {
        await delegations.refresh();
        const all = mayCancel(viewer);
        return delegations.known().filter(({ from, to }) => all || from === viewer || to === viewer);
      },
      askBack,
      unreviewed: async (viewer) =>
        mayCancel(viewer) || view.policy.breakGlass?.announceTo.includes(viewer) === true
          ? reviews.unreviewed()
          : [],
      review: (act, id, note) => reviews.review(act, id, note),
      proposeStanding: (act, terms) => standing.proposeStanding(act, terms),
      approveStanding: (act, id) => standing.approveStanding(act, id),
      revokeStanding: (act, id) => standing.revokeStanding(act, id),
      standing: (viewer) => standing.standing(viewer),
    },
  };
}
