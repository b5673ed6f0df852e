import { toErrorInfo } from "./errors.ts";
import { createFreezes, type FreezesOptions } from "./freezes.ts";
import type { Store } from "./ports.ts";
import type { SafetyInbox, ShadowStatement } from "./safety-types.ts";
import type { Signed } from "./domain.ts";
import { createShadows } from "./shadows.ts";

/** Freeze and shadow mode of one bot, kept up to date with what other bots were told. */
export interface Safety {
  readonly inbox: Omit<SafetyInbox, "pause">;
  /** True while nothing with an effect is to be sent. */
  frozen(): boolean;
  /** Whether a request that is given to this workflow now has no effects. */
  isShadow(workflow: string): boolean;
  /** Knows how things stand when it resolves. */
  start(): Promise<void>;
  stop(): void;
}

/** So often a bot looks at what other bots were told. */
const everyMs = 1_000;

export function createSafety(
  o: Omit<FreezesOptions, "store" | "sign"> & {
    readonly store: FreezesOptions["store"] & Pick<Store, "getValues" | "setValue">;
    /** Signs with the bot's evidence key. */
    readonly sign: FreezesOptions["sign"] & ((statement: ShadowStatement) => Signed<ShadowStatement>);
    readonly workflows: readonly string[];
    /** Whether a workflow of which nothing was said begins in shadow mode. */
    readonly shadowByDefault: boolean;
    /** Calls once after `ms`; the function returned cancels it. */
    readonly timers: { after(ms: number, call: () => void): () => void };
  },
): Safety {
  const freezes = createFreezes(o);
  const shadows = createShadows({ ...o, byDefault: o.shadowByDefault });
  let cancel = (): void => undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    await freezes.refresh();
    await shadows.refresh();
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
    inbox: {
      freeze: (act, reason) => freezes.freeze(act, reason),
      unfreeze: (act) => freezes.unfreeze(act),
      shadow: (act, workflow, on) => shadows.set(act, workflow, on),
      safety: () => ({ freeze: freezes.view(), shadow: shadows.list() }),
    },
    frozen: () => freezes.frozen(),
    isShadow: (workflow) => shadows.isShadow(workflow),
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
