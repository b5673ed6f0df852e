import type { ApprovalId } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { Clock, Logger } from "../ports.ts";
import type { VerdictAnswer } from "./decision-messages.ts";
import type { KeptVerdict } from "./kept-verdicts.ts";
import { resend } from "./resend.ts";
import type { Timers } from "./timers.ts";

/** Sends signed verdicts, ever more seldom, until the bot says what became of them. */
export interface VerdictDelivery {
  /** Throws `no-answer` when none came in time: the verdict is kept, and may be sent again. */
  deliver(approval: ApprovalId, verdict: KeptVerdict, patienceMs: number): Promise<VerdictAnswer>;
  /** Takes what the bot says. */
  answered(approval: ApprovalId, answer: VerdictAnswer): void;
  stop(): void;
}

const firstMs = 2_000;
const mostMs = 30_000;

export function createVerdictDelivery(o: {
  readonly send: (approval: ApprovalId, verdict: KeptVerdict) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}): VerdictDelivery {
  const { clock, timers, log } = o;
  const answers = new Map<ApprovalId, (answer: VerdictAnswer) => void>();
  const stopping = new AbortController();
  return {
    async deliver(approval, verdict, patienceMs) {
      const answered = new AbortController();
      let answer: VerdictAnswer | undefined;
      answers.set(approval, (given) => {
        answer = given;
        answered.abort();
      });
      try {
        await resend({
          send: () =>
            o.send(approval, verdict).catch((error: unknown) => {
              log.warn({ approval, code: toErrorInfo(error).code }, "verdict-not-sent");
            }),
          over: AbortSignal.any([answered.signal, stopping.signal]),
          expiresAt: Math.min(Date.parse(verdict.decision.statement.expiry), clock.now() + patienceMs),
          firstMs,
          mostMs,
          clock,
          timers,
        });
      } finally {
        answers.delete(approval);
      }
      if (answer === undefined) {
        throw new AppError(
          "no-answer",
          "the verdict is signed and kept here, but the bot has not answered yet: it is sent again whenever you open this inbox",
          { retryable: true },
        );
      }
      return answer;
    },
    answered: (approval, answer) => answers.get(approval)?.(answer),
    stop: () => stopping.abort(),
  };
}
