import type { KeyHolderStep } from "./answer-invitation.ts";
import type { KeyHolder } from "./key-holder.ts";

export interface AnswerOptions {
  readonly holder: Pick<KeyHolder, "approve" | "register" | "watch">;
  /** Whom it waits for; default: everybody who is invited. */
  readonly instances?: readonly string[];
  readonly onStep: (step: KeyHolderStep) => void;
  /** Resolves after `ms`, or when `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Nobody is told when an instance that was let in asks for its grant, or has taken it up. */
const underWayMs = 150;
/** Requests are told of as they come; a notice that was lost is found out by then. */
const safetyMs = 3_000;

/** Answers an agent's invited instances as they ask, until nobody is waited for any more. */
export async function answerWaiting(o: AnswerOptions): Promise<void> {
  const { holder, onStep, wait } = o;
  const stopping = new AbortController();
  let asked = new AbortController();
  // Where the notices are refused, looking now and then is what is left.
  const watching = holder.watch(() => asked.abort(), stopping.signal).catch(() => undefined);
  try {
    for (;;) {
      asked = new AbortController();
      (await holder.approve()).forEach(onStep);
      const { invitations } = await holder.register();
      if (!invitations.some(({ instance }) => o.instances?.includes(instance) ?? true)) {
        return;
      }
      const isUnderWay = invitations.some(({ state }) => state !== "invited");
      await wait(isUnderWay ? underWayMs : safetyMs, asked.signal);
    }
  } finally {
    stopping.abort();
    await watching;
  }
}
