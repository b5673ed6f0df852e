import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { PersonId } from "../../src/domain.ts";
import type { LiveEvent, LiveFeed } from "./live-feed.ts";

/** A page that reads this much too slowly is cut off; it connects again and loads its state anew. */
const longestBacklog = 1_000;

/** The feed of one open page as server-sent events, for as long as `mayListen` holds. */
export function eventStream(
  context: Context,
  feed: LiveFeed,
  person: PersonId,
  mayListen: () => boolean,
): Response {
  return streamSSE(context, async (out) => {
    const backlog: LiveEvent[] = [];
    let wake: () => void = () => undefined;
    const ending = new AbortController();
    const end = () => {
      ending.abort();
      stop();
      wake();
    };
    const stop = feed.open(
      person,
      (event) => {
        backlog.push(event);
        if (backlog.length > longestBacklog || !mayListen()) {
          // Also a write that waits for who does not read.
          out.abort();
        }
        wake();
      },
      end,
    );
    out.onAbort(end);
    try {
      // The page loads its state when it hears this: from now on it misses nothing.
      await out.writeSSE({ event: "ready", data: "{}" });
      while (!ending.signal.aborted) {
        for (const event of backlog.splice(0)) {
          await out.writeSSE({ event: event.type, data: JSON.stringify(event) });
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (backlog.length > 0 || ending.signal.aborted) {
            resolve();
          }
        });
      }
    } finally {
      stop();
    }
  });
}
