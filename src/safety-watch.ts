import { toErrorInfo } from "./errors.ts";
import type { Freezes } from "./freezes.ts";
import type { Logger } from "./ports.ts";
import type { Shadows } from "./shadows.ts";

/** So often a bot looks at what other bots were told: freezes, lifts, shadow modes. */
const everyMs = 1_000;

/** Keeps one bot's view of freeze and shadow mode up to date. */
export function createSafetyWatch(o: {
  readonly freezes: Pick<Freezes, "refresh">;
  readonly shadows: Pick<Shadows, "refresh">;
  /** Calls once after `ms`; the function returned cancels it. */
  readonly timers: { after(ms: number, call: () => void): () => void };
  readonly log: Logger;
}): { start(): Promise<void>; stop(): void } {
  let cancel = (): void => undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    await o.freezes.refresh();
    await o.shadows.refresh();
  };
  const lookAgain = (): void => {
    cancel = o.timers.after(everyMs, () => {
      void look()
        .catch((error: unknown) => o.log.warn({ code: toErrorInfo(error).code }, "safety-not-read"))
        .finally(() => {
          if (!stopped) {
            lookAgain();
          }
        });
    });
  };
  return {
    async start() {
      await look();
      lookAgain();
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
