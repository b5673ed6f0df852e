import type { TrustView } from "./define-agent.ts";
import type { Approval, ApprovalId, ErrorInfo, PersonId, Refused } from "./domain.ts";
import { toErrorInfo } from "./errors.ts";
import { deciding } from "./policy/may-decide.ts";
import { hasRole, notTheirs, refusal, unknownPerson } from "./policy/refusal.ts";
import { tierNamed } from "./policy/tiers.ts";
import type { Clock, Logger, Store } from "./ports.ts";
import { refusedAct } from "./refused-act.ts";
import { repeat, type Repeated } from "./repeat.ts";
import type { Done } from "./rights-types.ts";
import type { SafetyAct } from "./safety-types.ts";

const longestNote = 2_000;
/** A review is asked for again as often. */
const remindMs = 24 * 3_600_000;
const firstMs = 30_000;
const everyMs = 10 * 60_000;

/** What people decided alone in an emergency, until somebody else has looked at it. */
export interface GlassReviews extends Repeated {
  /** Oldest first. */
  unreviewed(): Promise<readonly Approval[]>;
  /** By a person who neither decided nor asked; once. */
  review(act: SafetyAct, approval: ApprovalId, note: string): Promise<Done | Refused>;
  /** Reminds of what was not reviewed for a day, and every day again. */
  remind(): Promise<void>;
}

export function createGlassReviews(o: {
  readonly store: Pick<Store, "approval" | "approvals" | "contents" | "cards" | "appendJournal">;
  readonly engine: {
    /** See the engine's. */
    review(
      approval: ApprovalId,
      given: { readonly by: PersonId; readonly note: string; readonly reminders: number },
    ): Promise<"reviewed" | "reviewed-before">;
    remindReview(approval: ApprovalId, number: number): Promise<void>;
  };
  readonly trust: () => TrustView;
  readonly clock: Clock;
  /** Calls back once after `ms`; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly log: Logger;
}): GlassReviews {
  const { store, engine, clock } = o;

  async function isReviewed({ run, step, revision }: Approval): Promise<boolean> {
    const found = await store.contents(run, [{ step, name: "review" }]);
    return found.some((each) => each.revision === revision);
  }
  async function unreviewed(): Promise<readonly Approval[]> {
    const all = await store.approvals({ alone: true });
    const reviewed = await Promise.all(all.map(isReviewed));
    return all.filter((_each, index) => reviewed[index] === false);
  }

  function refused(act: SafetyAct, approval: Approval | undefined, note: string): ErrorInfo | null {
    const { policy } = o.trust();
    const person = o.trust().person(act.person);
    if (person?.active !== true) {
      return unknownPerson(act.person);
    }
    const decision = approval?.decision;
    if (approval === undefined || decision?.brokeGlass !== true) {
      return refusal("unknown-approval", "nobody decided alone on such an approval");
    }
    if (note === "" || note.length > longestNote) {
      return refusal("bad-note", `say what you found, in 1 to ${longestNote} characters`);
    }
    if ([decision.by, decision.insteadOf, approval.requester].includes(person.id)) {
      return refusal("own-request", `"${person.id}" decided or asked for it: somebody else reviews it`);
    }
    const named = policy.breakGlass?.announceTo.includes(person.id) === true;
    const may = named || hasRole(person, deciding(tierNamed(policy, approval.tier)));
    const foreign = notTheirs(person, act.account);
    return may || foreign !== null
      ? foreign
      : refusal("not-allowed", `"${person.id}" is neither named for it, nor may decide on such a plan`);
  }

  async function remindOf(approval: Approval): Promise<void> {
    const number = Math.floor((clock.now() - (approval.decision?.at ?? 0)) / remindMs);
    if (number >= 1 && (await store.cards(`review-${approval.id}-${number}`)).length === 0) {
      await engine.remindReview(approval.id, number);
    }
  }
  async function remind(): Promise<void> {
    try {
      for (const approval of await unreviewed()) {
        await remindOf(approval);
      }
    } catch (error) {
      o.log.warn({ code: toErrorInfo(error).code }, "review-not-reminded");
    }
  }

  return {
    ...repeat(remind, { firstMs, everyMs, after: o.after }),
    unreviewed,
    remind,
    async review(act, id, input) {
      const note = input.trim();
      const approval = await store.approval(id);
      const error = refused(act, approval, note);
      if (error !== null) {
        return refusedAct(o, act, "review", error);
      }
      const reminders = Math.floor((clock.now() - (approval?.decision?.at ?? 0)) / remindMs);
      const reviewed = await engine.review(id, { by: act.person, note, reminders });
      return reviewed === "reviewed"
        ? { outcome: "done", id, text: `Reviewed: ${id}.` }
        : refusedAct(o, act, "review", refusal("reviewed-before", "somebody has reviewed it already"));
    },
  };
}
