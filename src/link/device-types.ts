import type { ApprovalId, Person, Verdict } from "../domain.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import type { CheckedPlan } from "./check-plan.ts";
import type { VerdictAnswer } from "./decision-messages.ts";

/** What a person's machine knows and does; see `decision-device.ts`. */

/** A checked plan, and the verdict that was signed here on it before. */
export interface WaitingPlan extends CheckedPlan {
  readonly signed: Verdict | null;
}
/** An approval that waits no more, and how it ended in the bot's words. */
export interface ClosedPlan {
  readonly approval: ApprovalId;
  readonly outcome: string;
}
/** What came and is not put before anybody, with the reason. */
export interface RefusedPlan {
  readonly approval: ApprovalId;
  readonly code: string;
  readonly why: string;
}
/** A verdict of before; without an answer it is still to be sent. */
export interface ResumedVerdict {
  readonly approval: ApprovalId;
  readonly verdict: Verdict;
  readonly answer: VerdictAnswer | null;
}
export interface DecisionDevice {
  /** Who decides here; throws `no-person` when the trust document names nobody for this atSign. */
  person(): Person;
  /** Those that wait for this person, oldest first. */
  plans(): readonly WaitingPlan[];
  refused(): readonly RefusedPlan[];
  /** Those that ended since the person last heard of them, here or elsewhere; each is given once. */
  closed(): Promise<readonly ClosedPlan[]>;
  /** Asks the bot for all that is open. */
  ask(): Promise<void>;
  /** True once everything that was asked for is here. */
  isComplete(): boolean;
  /**
   * Signs a verdict on the checked plan that the person read, and sends it until the bot answers. Throws
   * `unknown-approval`, `wrong-plan`, `already-decided`, `trust-stale`, `no-answer`.
   */
  decide(
    shown: Pick<CheckedPlan, "approval" | "planHash">,
    verdict: Verdict,
    reason?: string,
  ): Promise<VerdictAnswer>;
  /** Sends again what was signed here and never answered: this machine ended, or the bot was away. */
  resume(): Promise<readonly ResumedVerdict[]>;
  /** Takes a message of the bot. */
  receive(message: ReceivedEnvelope): Promise<void>;
  stop(): void;
}
