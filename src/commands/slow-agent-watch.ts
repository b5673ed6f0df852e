import type { Card } from "../card.ts";
import { tell } from "./output.ts";

/** When an agent's silence is said, and where. */
export interface SlowAgent {
  readonly afterMs: number;
  readonly say: (line: string) => void;
}
export const slowAgent: SlowAgent = { afterMs: 10_000, say: tell };

/** Says once per step that an agent has been silent for long; the request stays and goes on when it answers. */
export function slowAgentWatch({ afterMs, say }: SlowAgent): { see(card: Card): void; end(): void } {
  const timers = new Map<string, NodeJS.Timeout>();
  const stop = (id: string): void => {
    clearTimeout(timers.get(id));
    timers.delete(id);
  };
  return {
    see(card) {
      for (const { id, agent, status, atSign } of card.steps) {
        const silent = status === "waiting" && atSign !== null && agent !== "hitl";
        if (silent && !timers.has(id)) {
          const line = `  … ${atSign} has not answered ${id} yet; the request waits and goes on when it does`;
          timers.set(
            id,
            setTimeout(() => say(line), afterMs),
          );
        } else if (!silent) {
          stop(id);
        }
      }
    },
    end() {
      [...timers.keys()].forEach(stop);
    },
  };
}
