import type { KeyHolderStep } from "./answer-invitation.ts";
import type { KeyHolder } from "./key-holder.ts";

export interface AnswerOptions {
  readonly holder: Pick<KeyHolder, "approve" | "register" | "watch">;
  /** Whom it waits for; default: everybody who is invited. */
  readonly instances?: readonly string[];
  readonly onStep: (step: KeyHolderStep) => void;
  readonly now: () => number;
  /** Resolves after `ms`, or when `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Nobody is told when an instance that was let in asks for its grant, or has taken it up. */
const underWayMs = 150;
/** Requests are told of as they come; a notice that was lost is found out by then. */
const safetyMs = 3_000;
const notTakenUp =
  "it was let in, and has not taken up its keys in the time of its invitation: end it with `keys revoke`, and invite it again";

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
      const wanted = invitations.filter(({ instance }) => o.instances?.includes(instance) ?? true);
      // One that was let in stays so: it is not forgotten, but waited for no longer.
      const late = wanted.filter(
        ({ state, expiresAt }) => state === "granted" && Date.parse(expiresAt) <= o.now(),
      );
      if (late.length === wanted.length) {
        late.forEach(({ instance }) => onStep({ instance, did: "not taken up", reason: notTakenUp }));
        return;
      }
      const isUnderWay = wanted.some(({ state }) => state !== "invited");
      await wait(isUnderWay ? underWayMs : safetyMs, asked.signal);
    }
  } finally {
    stopping.abort();
    await watching;
  }
}
