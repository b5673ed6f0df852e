import type { ClickedDecision } from "../../src/decision-types.ts";
import type { Approval, Verdict } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import { inTime } from "../../src/with-deadline.ts";
import { adapterName } from "./slack-ids.ts";
import type { Parts } from "./parts.ts";
import { type Caller, strangerText } from "./who.ts";

/** Slack gives up on a click after three seconds; what is not committed by this is not acknowledged. */
const commitMs = 2_500;

/** What became of somebody's verdict, in words for them. */
export interface Verdicts {
  /**
   * Resolves after the commit. Fails with "decision-late" when that takes too long: then Slack is not told, the person
   * sees that the click failed, and the next one finds what the record says.
   */
  decide(
    caller: Caller,
    o: {
      readonly approval: string;
      readonly verdict: Verdict;
      readonly reason?: string;
      /** Of the plan on the card with the button. */
      readonly planHash?: string;
    },
  ): Promise<{ readonly counted: boolean; readonly text: string }>;
}

const late = () =>
  new AppError("decision-late", `the decision was not committed within ${commitMs} ms`, { retryable: true });

export function createVerdicts({ inbox, after }: Pick<Parts, "inbox" | "after">): Verdicts {
  return {
    async decide(caller, { approval, verdict, reason, planHash }) {
      const clicked: ClickedDecision = {
        approval,
        person: caller.by,
        verdict,
        ...(reason === undefined ? {} : { reason }),
        ...(planHash === undefined ? {} : { planHash }),
        adapter: adapterName,
        assurance: "clicked",
        account: caller.account,
      };
      const outcome = await inTime(inbox.decision(clicked), { ms: commitMs, after, late });
      if (outcome.outcome === "accepted") {
        const { more = 0 } = outcome;
        const text = more === 0 ? "Approved." : `Counted: ${more} more must approve.`;
        return { counted: true, text: verdict === "approved" ? text : "Rejected." };
      }
      if (outcome.outcome === "already-decided") {
        return { counted: false, text: decidedText(outcome.approval, caller.by) };
      }
      return {
        counted: false,
        text: "stranger" in caller ? strangerText[caller.stranger] : `Not counted: ${outcome.error.message}.`,
      };
    },
  };
}

function decidedText({ decision, status }: Approval, by: string): string {
  if (decision === null) {
    return status === "expired"
      ? "Too late: it expired."
      : "It was withdrawn: the plan changed or the run ended.";
  }
  const who = decision.by === by ? "you" : decision.by;
  return `It was ${decision.verdict} by ${who} already.`;
}
