import { isoMinute } from "./iso-minute.ts";
import type { TrustView } from "./define-agent.ts";
import type { ErrorInfo, Json, Refused, Signed } from "./domain.ts";
import type { StandingStatement, StandingTerms } from "./mandate-types.ts";
import { hasRole, notTheirs, refusal } from "./policy/refusal.ts";
import { givingRefused } from "./policy/standing.ts";
import type { Clock, Ids, Store } from "./ports.ts";
import type { JournalEntry } from "./record-types.ts";
import { refusedAct } from "./refused-act.ts";
import type { Done, RightsInbox, StandingGrant, StandingUse } from "./rights-types.ts";
import { stated } from "./safety-policy.ts";
import type { SafetyAct } from "./safety-types.ts";
import { judgeProposal, proposedText } from "./standing-proposals.ts";
import {
  revokingRefused,
  shownStanding,
  standingGrantSchema,
  standingView,
  withUse,
} from "./standing-grants.ts";

const kind = "standing";
/** So often a change is tried again because another one was first. */
const tries = 50;

type Change = { readonly next: StandingGrant; readonly journal: JournalEntry };

/** Approvals that people give in advance for a bounded class of plans. Who uses them: `standing-uses.ts`. */
export interface Standing extends Pick<
  RightsInbox,
  "proposeStanding" | "approveStanding" | "revokeStanding" | "standing"
> {
  /** Those that may be used now, the first to end first; each with the approvals alone that still count. */
  inForce(): Promise<readonly StandingGrant[]>;
  /**
   * Counts a use, once for each approval, by compare-and-set. False where it would be more than was granted, or the
   * grant is not in force any more.
   */
  count(id: string, use: StandingUse): Promise<boolean>;
  /** Nothing came of a use: the approval was decided otherwise before. */
  release(id: string, use: StandingUse): Promise<void>;
}

export function createStanding(o: {
  readonly store: Pick<Store, "papers" | "appendJournal">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly trust: () => TrustView;
  /** The ids of those there are. */
  readonly workflows: readonly string[];
  /** Signs with the bot's evidence key. */
  readonly sign: (statement: StandingStatement) => Signed<StandingStatement>;
  /** A grant came into force. */
  readonly changed: () => void;
}): Standing {
  const { store, clock, trust } = o;
  const view = (grant: StandingGrant) => standingView(grant, trust(), clock.now());
  const refuse = (act: SafetyAct, error: ErrorInfo): Promise<Refused> =>
    refusedAct({ store, trust }, act, "standing", error);

  async function kept(): Promise<readonly StandingGrant[]> {
    return (await store.papers.list(kind)).map(({ value }) => standingGrantSchema.parse(value));
  }
  /** Changes a grant unless `decide` says why not; tried again as long as others are first. */
  async function change(
    id: string,
    decide: (grant: StandingGrant) => Change | ErrorInfo,
  ): Promise<StandingGrant | ErrorInfo> {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const paper = await store.papers.get(kind, id);
      if (paper === undefined) {
        return refusal("unknown-standing", `there is no standing grant "${id.slice(0, 100)}"`);
      }
      const decided = decide(standingGrantSchema.parse(paper.value));
      if ("code" in decided) {
        return decided;
      }
      const { next, journal } = decided;
      if (await store.papers.save(kind, { id, version: paper.version + 1, value: asJson(next) }, [journal])) {
        return next;
      }
    }
    return refusal("standing-busy", `standing grant "${id}" was changed by others again and again`);
  }

  const noted = (grant: string, state: string, { person, adapter }: SafetyAct): JournalEntry => ({
    kind: "standing",
    run: null,
    facts: { grant, state, by: person, adapter },
  });
  const usedEntry = (grant: string, state: string, use: StandingUse): JournalEntry => ({
    kind: "standing",
    run: use.run,
    facts: { grant, state, approval: use.approval, amount: use.amount.amount, currency: use.amount.currency },
  });
  const done = (id: string, text: string): Done => ({ outcome: "done", id, text });

  return {
    async proposeStanding(act, input) {
      const judged = judgeProposal(act, input, {
        trust: trust(),
        workflows: o.workflows,
        now: clock.now(),
        id: () => o.ids.next("s"),
      });
      if ("code" in judged) {
        return refuse(act, judged);
      }
      const terms = judged;
      const { id } = terms;
      const grant = { terms, by: act.person, at: clock.now(), given: [], revoked: null, uses: [] };
      const entry = { ...noted(id, "proposed", act), body: asJson(terms) };
      await store.papers.save(kind, { id, version: 1, value: asJson(grant) }, [entry]);
      const { quorum } = view(grant);
      return done(id, proposedText(terms, quorum));
    },

    async approveStanding(act, id) {
      const { policy, demo } = trust();
      const changed = await change(id, (grant) => {
        const { terms } = grant;
        const refused = givingRefused(policy, terms, act, {
          at: clock.now(),
          demo,
          person: (person) => trust().person(person),
        });
        const { status, approvedBy } = view(grant);
        if (refused !== null) {
          return refused;
        }
        if (approvedBy.includes(act.person)) {
          return refusal("already-counted", `"${act.person}" has approved it already`);
        }
        if (status !== "waiting") {
          return refusal("standing-closed", `standing grant "${id}" is ${status}`);
        }
        const here = { trustSerial: trust().serial, now: clock.now() };
        const signed = o.sign({ tag: "countersign/standing/1", terms, ...stated(act, here) });
        const others = grant.given.filter(({ statement }) => statement.person !== act.person);
        return { next: { ...grant, given: [...others, signed] }, journal: noted(id, "approved", act) };
      });
      if ("code" in changed) {
        return refuse(act, changed);
      }
      const { status, approvedBy, quorum } = view(changed);
      if (status === "waiting") {
        return done(id, `Counted: ${quorum - approvedBy.length} more must approve.`);
      }
      o.changed();
      return done(
        id,
        `Standing grant ${id} is in force until ${isoMinute(Date.parse(changed.terms.notAfter))}.`,
      );
    },

    async revokeStanding(act, id) {
      const person = trust().person(act.person);
      const foreign = person === undefined ? null : notTheirs(person, act.account);
      const changed = await change(id, (grant) => {
        const refused = foreign ?? revokingRefused(grant, act.person, trust());
        if (refused !== null) {
          return refused;
        }
        const revoked = { by: act.person, at: clock.now() };
        return { next: { ...grant, revoked }, journal: noted(id, "revoked", act) };
      });
      return "code" in changed
        ? refuse(act, changed)
        : done(id, `Standing grant ${id} is revoked: nothing is approved by it any more.`);
    },

    async standing(viewer) {
      const person = trust().person(viewer);
      const seesAll = person?.active === true && hasRole(person, trust().policy.cancel);
      const grants = (await kept()).toSorted((a, b) => b.at - a.at);
      return grants
        .map((grant) => shownStanding(grant, viewer, trust(), clock.now()))
        .filter(
          ({ terms, by, approvedBy, may }) =>
            seesAll ||
            may.approve ||
            may.revoke ||
            [terms.requester ?? viewer, by, ...approvedBy].includes(viewer),
        );
    },

    async inForce() {
      const found = (await kept()).flatMap((grant) => {
        const { status, approvedBy } = view(grant);
        const given = grant.given.filter(({ statement }) => approvedBy.includes(statement.person));
        return status === "in-force" ? [{ ...grant, given }] : [];
      });
      return found.toSorted((a, b) => Date.parse(a.terms.notAfter) - Date.parse(b.terms.notAfter));
    },

    async count(id, use) {
      const changed = await change(id, (grant) => {
        const { status } = view(grant);
        const known = grant.uses.some(({ approval }) => approval === use.approval);
        const next =
          status === "in-force" || (known && status === "used-up") ? withUse(grant, use) : undefined;
        return next === undefined
          ? refusal("standing-spent", `standing grant "${id}" does not reach`)
          : { next, journal: usedEntry(id, "used", use) };
      });
      return !("code" in changed);
    },

    async release(id, use) {
      await change(id, (grant) => ({
        next: { ...grant, uses: grant.uses.filter(({ approval }) => approval !== use.approval) },
        journal: usedEntry(id, "released", use),
      }));
    },
  };
}

/** What the record keeps: everything here is JSON by its schema, the interfaces only lack index signatures. */
function asJson(value: StandingGrant | StandingTerms): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
