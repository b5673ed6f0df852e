import type { Desk } from "../../src/desk-types.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import type { LiveFeed } from "./live-feed.ts";

const lookMs = 1_000;
/** Who is alone looks this many times more seldom: another bot may have come, drawn what changed, and gone. */
const aloneEvery = 5;
const newest = 20;

/** Tells open pages what other bots of the same record have drawn. Returns what ends it. */
export function watchOtherBots(o: {
  readonly desk: Pick<Desk, "runs" | "cards">;
  readonly feed: Pick<LiveFeed, "people" | "card">;
  readonly others: () => boolean;
  readonly after: (ms: number, call: () => void) => () => void;
  readonly log: Logger;
}): () => void {
  /** When each run was looked at last, by its own time. */
  let seen = new Map<string, number>();
  let looks = 0;
  let cancel = (): void => undefined;
  let stopped = false;

  async function look(): Promise<void> {
    looks += 1;
    if (!o.others() && looks % aloneEvery !== 0) {
      return;
    }
    const now = new Map<string, number>();
    const people = o.feed.people();
    for (const person of people) {
      const own = await o.desk.runs(person, { limit: newest });
      const all = await o.desk.runs(person, { limit: newest, all: true });
      const runs = new Map([...own, ...all].map((each) => [each.id, each]));
      for (const { id, updatedAt, requester } of runs.values()) {
        // Of those whose requester looks at no page here others are told, once.
        const isTurn = requester === person || (!now.has(id) && !people.includes(requester));
        now.set(id, updatedAt);
        if (isTurn && seen.get(id) !== updatedAt) {
          for (const { key, card } of await o.desk.cards(id, person)) {
            o.feed.card(requester, key, card);
          }
        }
      }
    }
    seen = now;
  }
  function lookAgain(): void {
    cancel = o.after(lookMs, () => {
      void look()
        .catch((error: unknown) => o.log.warn({ error: toErrorInfo(error).code }, "other-bots-not-seen"))
        .finally(() => {
          if (!stopped) {
            lookAgain();
          }
        });
    });
  }
  lookAgain();
  return () => {
    stopped = true;
    cancel();
  };
}
