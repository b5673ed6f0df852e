import type { Card } from "./card.ts";
import type { MessageId } from "./domain.ts";
import type { ChatAdapter, Clock, Logger, Store } from "./ports.ts";
import type { CardRow } from "./record-types.ts";
import { AppError, toErrorInfo } from "./errors.ts";
import { inTime } from "./with-deadline.ts";

/**
 * A card that was drawn rests this long, unless its adapter says otherwise: what changes meanwhile is drawn as one
 * change, the last state of it.
 */
const defaultRestMs = 100;
/**
 * Copies drawn at a time by one adapter; of these, some are kept for approvals. Few, because what people do is committed
 * by the same thread; a platform that answers within 300 ms still shows eighty a second.
 */
const mostDrawn = 24;
const keptForApprovals = 8;
/** Copies looked at, beside those whose turn it is: one slow adapter's do not soon hide the others'. */
const mostSeen = 200;
/** Between two looks while there is more to draw than may be drawn at a time: looking costs more than drawing. */
const lookRestMs = 50;
/** How long an adapter may take for one call. */
const callMs = 10_000;
/**
 * A card that could not be drawn is tried again after this, then twice that, and so on: at least once a minute where
 * the platform did not answer, at least once an hour where it refused.
 */
const firstRetryMs = 5_000;
const longestRetryMs = { silent: 60_000, refused: 3_600_000 };
/** Nobody else posts a copy meanwhile: a call that gives no answer is over by the time of the next try. */
const postingMs = callMs + firstRetryMs;

/**
 * Makes the platforms show what the record says. Each copy of a card is redrawn from its row, one change at a time;
 * what a crash interrupted is found again because a copy's shown version lags behind its version.
 */
export interface Presenter {
  /** Something changed: look at once, unless only cards did whose turn it is. */
  kick(changed?: readonly string[]): void;
  /** Resolves when no card is being drawn. What is not drawn by then is at the next start. */
  stop(): Promise<void>;
}
/** A copy's turn: while it is drawn, and rests, nothing else is done about it. */
interface Turn {
  /** It changed meanwhile. */
  changed: boolean;
  /** Its message was never begun to be posted before. */
  firstPost: boolean;
  cancelRest: () => void;
}

const late = () =>
  new AppError("adapter-timeout", `the chat adapter gave no answer within ${callMs} ms`, { retryable: true });

/** `render` opens the run and gives the card a row stands for, or null when there is nothing to show. */
export function createPresenter(o: {
  readonly store: Pick<Store, "staleCards" | "beginPost" | "cardShown" | "postponeCard" | "leases">;
  /** Whether other bots draw the same cards. Default: never. */
  readonly others?: () => boolean;
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
  /** The last look left something out because enough was being drawn. */
  let leftOut = false;
  let endLookRest = (): void => undefined;
  const turns = new Map<string, Turn>();
  /** Each with its adapter's name. */
  const drawing = new Map<Promise<void>, string>();
  const failures = new Map<string, number>();

  /** What the adapter answers; fails when it gives no answer in time. What it still does then is found by its key. */
  function answer<T>(call: Promise<T>): Promise<T> {
    return inTime(call, { ms: callMs, after: o.after, late });
  }

  function adapterOf(row: CardRow): ChatAdapter | undefined {
    const name = adapterName(row);
    return o.adapters().find((each) => each.name === name);
  }

  async function draw(row: CardRow, turn: Turn): Promise<void> {
    const lease = { now: o.clock.now(), leaseMs: postingMs };
    if (o.others?.() === true && !(await o.store.leases.draw(row, lease))) {
      // Should the other bot die of it, the copy is found again by a later look.
      return;
    }
    const adapter = adapterOf(row);
    if (adapter === undefined) {
      throw new AppError("no-adapter", `nothing here shows cards in "${adapterName(row)}"`);
    }
    const card = await o.render(row);
    if (card === null) {
      await o.store.cardShown(row, row.message);
      return;
    }
    const updated = row.message !== null && (await answer(adapter.update(row.message, card))) === "ok";
    const message = updated ? row.message : await post(adapter, row, card, turn);
    if (message !== null) {
      await o.store.cardShown(row, message);
    }
  }

  /** Posts a copy whose message was never posted, or is gone; null when another bot is about it. */
  async function post(adapter: ChatAdapter, row: CardRow, card: Card, turn: Turn): Promise<MessageId | null> {
    if (adapter.find !== undefined) {
      const begun = await o.store.beginPost(row, o.clock.now(), postingMs);
      if (begun === "taken") {
        turn.changed = true;
        return null;
      }
      turn.firstPost = begun === "first";
      const found = turn.firstPost ? undefined : await answer(adapter.find(row.thread, row.key));
      if (found !== undefined && (await answer(adapter.update(found, card))) === "ok") {
        return found;
      }
    }
    return answer(adapter.post(row.thread, card, { key: row.key }));
  }

  /** Resolves with how long the copy is put aside: longer each time it fails, or as long as the platform asks. */
  async function drawOrPostpone(row: CardRow, turn: Turn): Promise<number> {
    const name = nameOf(row);
    try {
      await draw(row, turn);
      failures.delete(name);
      return 0;
    } catch (error) {
      const { code, retryable } = toErrorInfo(error);
      o.log.warn({ card: row.key, copy: row.copy, error: code }, "card-not-drawn");
      const asked = waitAskedBy(error);
      const count = failures.get(name) ?? 0;
      if (asked === undefined) {
        failures.set(name, count + 1);
      }
      const longestMs = longestRetryMs[retryable && asked === undefined ? "silent" : "refused"];
      const waitMs = Math.min(asked ?? firstRetryMs * 2 ** count, longestMs);
      const unposted = asked !== undefined && turn.firstPost;
      await o.store.postponeCard(row, o.clock.now() + waitMs, { unposted });
      return waitMs;
    }
  }

  function start(row: CardRow): void {
    const turn: Turn = { changed: false, firstPost: false, cancelRest: () => undefined };
    turns.set(nameOf(row), turn);
    const task = takeTurn(row, turn).finally(() => {
      drawing.delete(task);
      if (leftOut) {
        kick();
      }
    });
    drawing.set(task, adapterName(row));
  }
  /** A copy is drawn, then rests, and only then may be drawn again. */
  async function takeTurn(row: CardRow, turn: Turn): Promise<void> {
    const startedAt = o.clock.now();
    const waitMs = await drawOrPostpone(row, turn).catch((error: unknown) => {
      o.log.error({ card: row.key, error: toErrorInfo(error).code }, "card-not-kept");
      return firstRetryMs;
    });
    const restMs = (adapterOf(row)?.restMs ?? defaultRestMs) - (o.clock.now() - startedAt);
    turn.changed ||= waitMs > 0;
    rest(nameOf(row), turn, Math.max(restMs, waitMs));
  }
  function rest(name: string, turn: Turn, ms: number): void {
    const end = () => {
      turns.delete(name);
      if (turn.changed) {
        kick();
      }
    };
    if (ms <= 0) {
      end();
    } else if (!stopped) {
      turn.cancelRest = o.after(ms, end);
    }
  }

  async function look(): Promise<void> {
    do {
      again = false;
      // Those whose turn it is may come first: they must not hide the others.
      const limit = mostSeen + turns.size;
      const rows = await o.store.staleCards(o.clock.now(), limit);
      if (stopped) {
        return;
      }
      leftOut = rows.length === limit;
      rows.forEach(startOrRemember);
      if (leftOut) {
        await restFromLooking();
      }
      if (stopped) {
        return;
      }
    } while (again);
  }
  function restFromLooking(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = o.after(lookRestMs, resolve);
    endLookRest = () => {
      cancel();
      resolve();
    };
    return promise;
  }
  function startOrRemember(row: CardRow): void {
    const turn = turns.get(nameOf(row));
    const room = row.key.startsWith("approval-") ? mostDrawn : mostDrawn - keptForApprovals;
    if (turn !== undefined) {
      turn.changed = true;
    } else if (drawnBy(adapterName(row)) < room) {
      start(row);
    } else {
      leftOut = true;
    }
  }

  function drawnBy(adapter: string): number {
    return [...drawing.values()].filter((each) => each === adapter).length;
  }

  /** True when nothing of a card can be drawn before its turn is over; who changes it then is remembered. */
  function waitsForItsTurn(key: string): boolean {
    // Approvals may stand in several places, whose turns end one by one.
    const turn = key.startsWith("approval-") ? undefined : turns.get(nameOf({ key, copy: 0 }));
    if (turn !== undefined) {
      turn.changed = true;
    }
    return turn !== undefined;
  }

  function kick(changed?: readonly string[]): void {
    if (stopped || changed?.map(waitsForItsTurn).every((waits) => waits) === true) {
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
      endLookRest();
      await looking;
      await Promise.all(drawing.keys());
      turns.forEach((turn) => turn.cancelRest());
    },
  };
}

function nameOf({ key, copy }: Pick<CardRow, "key" | "copy">): string {
  return `${key} ${copy}`;
}
function adapterName({ thread }: Pick<CardRow, "thread">): string {
  return thread.split(":")[0] ?? "";
}
/** How long a platform that limits rates asks to be left alone. */
function waitAskedBy(error: unknown): number | undefined {
  return error instanceof AppError && error.code === "rate-limited" ? error.retryAfterMs : undefined;
}
