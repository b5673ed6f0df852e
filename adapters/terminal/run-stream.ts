import type { Context } from "hono";
import { stream } from "hono/streaming";
import type { Desk } from "../../src/desk-types.ts";
import type { PersonId, Run } from "../../src/domain.ts";
import { toRequestError } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import type { TerminalAdapter } from "./terminal-adapter.ts";

const lookAgainMs = 500;
/** Also who is alone: another bot may have come, drawn what changed, and gone. */
const lookAloneMs = 5_000;

/**
 * The cards of a run, a line for each that changed, until whoever reads leaves or is no active person any more. An empty
 * line says that this process does not stand still; a last one `{"error":…}` says why nothing more comes.
 */
export function runStream(
  context: Context,
  o: {
    readonly desk: Pick<Desk, "cards" | "person">;
    readonly adapter: Pick<TerminalAdapter, "subscribe">;
    readonly log: Logger;
    /** Whether other bots work on the same record. */
    readonly others: () => boolean;
    readonly after: (ms: number, call: () => void) => () => void;
  },
  { run, who }: { readonly run: Pick<Run, "id" | "thread">; readonly who: PersonId },
): Response {
  return stream(context, async (out) => {
    const told = new Map<string, string>();
    let lines: string[] = [];
    let wake: () => void = () => undefined;
    const push = (key: string, card: unknown): void => {
      const line = `${JSON.stringify({ key, card })}\n`;
      if (told.get(key) !== line) {
        told.set(key, line);
        lines.push(line);
        wake();
      }
    };
    /** False when nobody was woken in that time. */
    const wokenWithin = async (ms: number): Promise<boolean> => {
      const woken = Promise.withResolvers<boolean>();
      wake = () => woken.resolve(true);
      const cancel = o.after(ms, () => woken.resolve(false));
      if (lines.length > 0 || out.aborted) {
        wake();
      }
      return woken.promise.finally(cancel);
    };
    const look = async (): Promise<void> => {
      for (const { key, card } of await o.desk.cards(run.id, who)) {
        push(key, card);
      }
    };
    // Another run may have been started in the same thread: its cards are not asked for here.
    const stop = o.adapter.subscribe(run.thread, (key, card) => {
      if (card.run === run.id) {
        push(key, card);
      }
    });
    out.onAbort(() => {
      stop();
      wake();
    });
    try {
      await look();
      while (!out.aborted && (o.desk.person(who)?.active ?? false)) {
        const ready = lines;
        lines = [];
        for (const line of ready) {
          await out.write(line);
        }
        const woken = await wokenWithin(o.others() ? lookAgainMs : lookAloneMs);
        if (!woken || o.others()) {
          // Another bot may have drawn what changed: this terminal was told nothing.
          await look();
        }
        if (!woken && lines.length === 0) {
          lines.push("\n");
        }
      }
    } catch (error) {
      const info = toRequestError(error);
      o.log.warn({ run: run.id, code: info.code }, "run-not-told");
      await out.write(`${JSON.stringify({ error: info })}\n`);
    } finally {
      stop();
    }
  });
}
