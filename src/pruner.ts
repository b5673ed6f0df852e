import { toErrorInfo } from "./errors.ts";
import type { Clock, Logger, Prunable } from "./ports.ts";
import { repeat, type Repeated } from "./repeat.ts";

/** After a start, when what is urgent is done. */
const firstMs = 60_000;
const everyMs = 3_600_000;

/** Has a store delete what is old and done, every hour; what fails is done by the next time. */
export function createPruner(o: {
  readonly store: Prunable;
  readonly clock: Clock;
  /** Calls back once after `ms`; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly log: Logger;
}): Repeated {
  async function prune(): Promise<void> {
    try {
      const rows = await o.store.prune(o.clock.now());
      if (rows > 0) {
        o.log.info({ rows }, "pruned");
      }
    } catch (error) {
      o.log.warn({ code: toErrorInfo(error).code }, "not-pruned");
    }
  }
  return repeat(prune, { firstMs, everyMs, after: o.after });
}
