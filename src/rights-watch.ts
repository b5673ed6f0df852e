import type { Delegations } from "./delegations.ts";
import { toErrorInfo } from "./errors.ts";
import { awayAt } from "./policy/may-decide.ts";
import type { Policy } from "./policy-types.ts";
import type { Clock, Logger } from "./ports.ts";
import { repeat } from "./repeat.ts";

const everyMs = 5_000;

export interface RightsWatch {
  /** Resolves when it is known how things stand; from then on what changes is noticed. */
  start(): Promise<void>;
  /** Resolves when no look is under way. */
  stop(): Promise<void>;
}

/**
 * Notices what nobody tells a bot: that others may decide since people handed their rights on, or took them back, at
 * another bot, or because an absence or a delegation has begun or ended.
 */
export function watchRights(o: {
  readonly delegations: Pick<Delegations, "known" | "refresh">;
  readonly policy: () => Pick<Policy, "absences">;
  /** Others may decide than before. */
  readonly changed: () => void;
  readonly clock: Clock;
  /** Calls back once after `ms`; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly log: Logger;
}): RightsWatch {
  let before = "";

  async function state(): Promise<string> {
    await o.delegations.refresh();
    const now = o.clock.now();
    const inForce = o.delegations.known().filter(({ notAfter }) => Date.parse(notAfter) > now);
    return JSON.stringify([inForce.map(({ id }) => id).toSorted(), awayAt(o.policy(), now).toSorted()]);
  }
  async function look(): Promise<void> {
    try {
      const found = await state();
      if (found !== before) {
        before = found;
        o.changed();
      }
    } catch (error) {
      o.log.warn({ code: toErrorInfo(error).code }, "rights-not-read");
    }
  }
  const looks = repeat(look, { firstMs: everyMs, everyMs, after: o.after });
  return {
    async start() {
      before = await state();
      looks.start();
    },
    stop: () => looks.stop(),
  };
}
