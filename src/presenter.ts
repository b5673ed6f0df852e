import type { Card } from "./card.ts";
import type { ChatAdapter, Clock, Logger, Store } from "./ports.ts";
import type { CardRow } from "./record-types.ts";
import { toErrorInfo } from "./errors.ts";

const batch = 200;
/** A card that was drawn rests this long: what changes meanwhile is drawn as one change, the last state of it. */
const restMs = 100;

/**
 * Makes the platforms show what the record says. Cards are redrawn from rows, one change at a time per card; what a
 * crash interrupted is found again because a card's shown version lags behind its version.
 */
export interface Presenter {
  /** Something changed: look at once. */
  kick(): void;
  /** Resolves when no card is being drawn. What is not drawn by then is at the next start. */
  stop(): Promise<void>;
}

/** `render` opens the run and gives the card a row stands for, or null when there is nothing to show. */
export function createPresenter(o: {
  readonly store: Store;
  /** Asked at every card, because adapters start after what they show. */
  readonly adapters: () => readonly ChatAdapter[];
  readonly render: (row: CardRow) => Promise<Card | null>;
  readonly clock: Clock;
  /** Calls back once after `ms`; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly log: Logger;
}): Presenter {
  let pass: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let cancelWake: (() => void) | undefined;
  const drawnAt = new Map<string, number>();

  /** The cards whose rest is over; the others are looked at again when theirs is. */
  function rested(rows: readonly CardRow[]): readonly CardRow[] {
    const now = o.clock.now();
    for (const [key, at] of drawnAt) {
      if (now - at >= restMs) {
        drawnAt.delete(key);
      }
    }
    const ready = rows.filter((row) => !drawnAt.has(row.key));
    if (ready.length < rows.length) {
      cancelWake ??= o.after(restMs, () => {
        cancelWake = undefined;
        kick();
      });
    }
    ready.forEach((row) => drawnAt.set(row.key, now));
    return ready;
  }

  async function draw(row: CardRow): Promise<void> {
    const name = row.thread.split(":")[0];
    const adapter = o.adapters().find((each) => each.name === name);
    if (adapter === undefined) {
      o.log.warn({ card: row.key, thread: row.thread }, "card-without-adapter");
      await o.store.cardShown(row.key, row.version, row.message ?? "");
      return;
    }
    const card = await o.render(row);
    if (card === null) {
      await o.store.cardShown(row.key, row.version, row.message ?? "");
      return;
    }
    const known = row.message ?? (await adapter.find(row.thread, row.key));
    if (known !== undefined && (await adapter.update(known, card)) === "ok") {
      await o.store.cardShown(row.key, row.version, known);
      return;
    }
    await o.store.cardShown(row.key, row.version, await adapter.post(row.thread, card, { key: row.key }));
  }

  async function drawAll(): Promise<void> {
    do {
      again = false;
      const rows = rested(await o.store.staleCards(batch));
      const drawn = await Promise.allSettled(rows.map(draw));
      for (const [index, result] of drawn.entries()) {
        if (result.status === "rejected") {
          o.log.warn(
            { card: rows[index]?.key ?? "?", error: toErrorInfo(result.reason).code },
            "card-not-drawn",
          );
        }
      }
    } while (again);
  }
  const run = (): Promise<void> =>
    drawAll()
      .catch((error: unknown) => o.log.error({ error: toErrorInfo(error).code }, "presenter-failed"))
      .finally(() => {
        pass = undefined;
      });
  function kick(): void {
    if (stopped) {
      return;
    }
    again = true;
    pass ??= run();
  }
  return {
    kick,
    async stop() {
      stopped = true;
      cancelWake?.();
      await pass;
    },
  };
}
