import type { Desk } from "../../src/desk-types.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import type { LiveFeed } from "./live-feed.ts";

const lookMs = 1_000;
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
  let cancel = (): void => undefined;
  let stopped = false;

  async function look(): Promise<void> {
    const now = new Map<string, number>();
    for (const person of o.others() ? o.feed.people() : []) {
      for (const { id, updatedAt, requester } of await o.desk.runs(person, { limit: newest })) {
        now.set(id, updatedAt);
        if (requester === person && seen.get(id) !== updatedAt) {
          for (const { key, card } of await o.desk.cards(id, person)) {
            o.feed.card(person, key, card);
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
