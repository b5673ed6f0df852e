import type { Card } from "./card.ts";
import type { ChatAdapter, Clock, Logger, Store } from "./ports.ts";
import type { CardRow } from "./record-types.ts";
import { AppError, toErrorInfo } from "./errors.ts";

/** A card that was drawn rests this long: what changes meanwhile is drawn as one change, the last state of it. */
const restMs = 100;
/** Cards drawn at a time. */
const mostDrawn = 200;
/** How long an adapter may take for one call. */
const callMs = 10_000;
/** A card that could not be drawn is tried again after this, then twice that, and so on. */
const firstRetryMs = 5_000;
const longestRetryMs = 3_600_000;

/**
 * Makes the platforms show what the record says. Cards are redrawn from rows, one change at a time per card; what a
 * crash interrupted is found again because a card's shown version lags behind its version.
 */
export interface Presenter {
  /** Something changed: look at once, unless it is known to be cards that rest or are being drawn. */
  kick(changed?: readonly string[]): void;
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
  let looking: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let cancelWake: (() => void) | undefined;
  const drawnAt = new Map<string, number>();
  const drawing = new Map<string, Promise<void>>();
  /** Cards that changed while they were drawn. */
  const missed = new Set<string>();
  const failures = new Map<string, number>();

  /** True for a card that is being drawn or rests: it is looked at again when that is over. */
  function isHeld(key: string, now: number): boolean {
    if (drawing.has(key)) {
      missed.add(key);
      return true;
    }
    const rests = now - (drawnAt.get(key) ?? Number.NEGATIVE_INFINITY) < restMs;
    if (rests) {
      cancelWake ??= o.after(restMs, () => {
        cancelWake = undefined;
        kick();
      });
    }
    return rests;
  }

  /** The cards to draw now. */
  function ready(rows: readonly CardRow[], most: number): readonly CardRow[] {
    const now = o.clock.now();
    for (const [key, at] of drawnAt) {
      if (now - at >= restMs) {
        drawnAt.delete(key);
      }
    }
    const chosen: CardRow[] = [];
    for (const row of rows) {
      if (!isHeld(row.key, now) && chosen.length < most) {
        drawnAt.set(row.key, now);
        chosen.push(row);
      }
    }
    return chosen;
  }

  /** What the adapter answers; fails when it gives no answer in time. What it still does then is found by its key. */
  async function answer<T>(call: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const cancel = o.after(callMs, () => {
      const message = `the chat adapter gave no answer within ${callMs} ms`;
      late.reject(new AppError("adapter-timeout", message, { retryable: true }));
    });
    try {
      return await Promise.race([call, late.promise]);
    } finally {
      cancel();
    }
  }

  async function draw(row: CardRow): Promise<void> {
    const name = row.thread.split(":")[0];
    const adapter = o.adapters().find((each) => each.name === name);
    if (adapter === undefined) {
      throw new AppError("no-adapter", `nothing here shows the cards of "${name}"`);
    }
    const card = await o.render(row);
    if (card === null) {
      await o.store.cardShown(row, row.message);
      return;
    }
    const known = row.message ?? (await answer(adapter.find(row.thread, row.key)));
    if (known !== undefined && (await answer(adapter.update(known, card))) === "ok") {
      await o.store.cardShown(row, known);
      return;
    }
    await o.store.cardShown(row, await answer(adapter.post(row.thread, card, { key: row.key })));
  }

  /** Draws one card; when that fails it is put aside, longer each time. */
  async function drawOrPostpone(row: CardRow): Promise<void> {
    try {
      await draw(row);
      failures.delete(row.key);
    } catch (error) {
      const count = failures.get(row.key) ?? 0;
      failures.set(row.key, count + 1);
      o.log.warn({ card: row.key, error: toErrorInfo(error).code }, "card-not-drawn");
      const delay = Math.min(firstRetryMs * 2 ** count, longestRetryMs);
      await o.store.postponeCard(row.key, o.clock.now() + delay);
    }
  }

  function start(row: CardRow): void {
    const task = drawOrPostpone(row)
      .catch((error: unknown) => {
        o.log.error({ card: row.key, error: toErrorInfo(error).code }, "card-not-kept");
      })
      .finally(() => {
        drawing.delete(row.key);
        if (missed.delete(row.key) || drawing.size === mostDrawn - 1) {
          kick();
        }
      });
    drawing.set(row.key, task);
  }

  async function look(): Promise<void> {
    do {
      again = false;
      // Those that are being drawn or rest may come first: they must not hide the others.
      const rows = await o.store.staleCards(o.clock.now(), mostDrawn + drawnAt.size);
      if (stopped) {
        return;
      }
      ready(rows, mostDrawn - drawing.size).forEach(start);
    } while (again);
  }
  function kick(changed?: readonly string[]): void {
    const now = o.clock.now();
    if (stopped || changed?.map((key) => isHeld(key, now)).every((held) => held) === true) {
      return;
    }
    again = true;
    looking ??= look()
      .catch((error: unknown) => o.log.error({ error: toErrorInfo(error).code }, "presenter-failed"))
      .finally(() => {
        looking = undefined;
        // A call that came after the last look.
        if (again) {
          kick();
        }
      });
  }
  return {
    kick,
    async stop() {
      stopped = true;
      cancelWake?.();
      await looking;
      await Promise.all(drawing.values());
    },
  };
}
