import type { TrustView } from "./define-agent.ts";
import type { Accepted, Approval, ApprovalId, ErrorInfo, Person, PersonId, Refused } from "./domain.ts";
import { notTheirs, refusal, unknownPerson } from "./policy/refusal.ts";
import type { Store } from "./ports.ts";
import { refusedAct } from "./refused-act.ts";
import type { SafetyAct } from "./safety-types.ts";

const longestQuestion = 1_000;
const why = {
  "not-answered": "the question before is not answered yet",
  "too-many": "too much was asked about this plan already: decide, or reject it with the reason",
  stale: "it is decided, or over",
} as const;

/** Has who may decide ask the requester something; it is answered as any question of the run is. */
export type AskBack = (act: SafetyAct, approval: ApprovalId, text: string) => Promise<Accepted | Refused>;

export function createAskBack(o: {
  readonly store: Pick<Store, "approval" | "appendJournal">;
  readonly engine: {
    /** See the engine's. */
    askBack(
      approval: ApprovalId,
      question: { readonly by: PersonId; readonly text: string },
    ): Promise<"asked" | keyof typeof why>;
  };
  readonly trust: () => TrustView;
  /** Whose verdict would count now. */
  readonly deciders: (approval: Approval) => Promise<readonly Person[]>;
}): AskBack {
  const unknown = refusal("unknown-approval", "there is no such approval");

  async function refused(act: SafetyAct, approval: Approval, text: string): Promise<ErrorInfo | null> {
    const person = o.trust().person(act.person);
    if (person?.active !== true) {
      return unknownPerson(act.person);
    }
    if (text === "" || text.length > longestQuestion) {
      return refusal("bad-question", `ask something, in 1 to ${longestQuestion} characters`);
    }
    const foreign = notTheirs(person, act.account);
    const may = (await o.deciders(approval)).some(({ id }) => id === person.id);
    return may || foreign !== null
      ? foreign
      : refusal("not-allowed", `"${person.id}" may not decide on this, and asks nothing back`);
  }

  return async (act, id, input) => {
    const text = input.trim();
    const approval = await o.store.approval(id);
    if (approval === undefined) {
      return refusedAct(o, act, "ask-back", unknown);
    }
    const error = await refused(act, approval, text);
    if (error !== null) {
      return refusedAct(o, act, "ask-back", error);
    }
    const asked = await o.engine.askBack(id, { by: act.person, text });
    return asked === "asked"
      ? { outcome: "accepted", run: approval.run }
      : refusedAct(o, act, "ask-back", refusal(`ask-back-${asked}`, `nothing was asked: ${why[asked]}`));
  };
}
