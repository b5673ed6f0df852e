import type { Card } from "../../src/card.ts";
import type { RunId, ThreadId } from "../../src/domain.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import { BoundedMap } from "../../src/bounded-map.ts";
import { line } from "./blocks/safe-text.ts";
import { answers, payloads } from "./payloads.ts";
import { placeOf } from "./slack-ids.ts";
import type { SlackWeb } from "./web.ts";
import type { Who } from "./who.ts";

/** Slack's most. https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts */
const mostPrompts = 4;
const longestTitle = 75;
const mostRemembered = 2_000;
const workingText = "is working on your request…";

/** Slack's assistant: prompts in a new thread, and a status line there while a run works. Nothing depends on either. */
export interface Assistant {
  /** The event `assistant_thread_started`. */
  started(body: unknown): Promise<void>;
  /** A card was drawn; where, if it was posted. */
  drawn(card: Card, thread?: ThreadId): Promise<void>;
}

export function createAssistant(o: {
  readonly web: Pick<SlackWeb, "call">;
  readonly who: Pick<Who, "identify">;
  /** What may be asked for, e.g. the workflows' examples. */
  readonly examples: readonly string[];
  readonly log: Logger;
}): Assistant {
  const prompts = [...new Set(o.examples)]
    .slice(0, mostPrompts)
    .map((message) => ({ title: line(message, longestTitle), message }));
  /** Threads of the assistant that were started here, by "channel/ts". */
  const threads = new BoundedMap<string, true>(mostRemembered);
  /** What is said of runs in them, and where. */
  const runs = new BoundedMap<RunId, { readonly channel: string; readonly threadTs: string; status: string }>(
    mostRemembered,
  );

  async function call(method: string, args: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      await o.web.call(method, args, { answer: answers.ok });
    } catch (error) {
      o.log.warn({ method, error: toErrorInfo(error).code }, "slack-assistant-failed");
    }
  }
  function begin(run: RunId, thread: ThreadId): void {
    const place = placeOf(thread);
    if ("channel" in place && place.threadTs !== undefined) {
      const { channel, threadTs } = place;
      if (threads.has(`${channel}/${threadTs}`) && !runs.has(run)) {
        runs.set(run, { channel, threadTs, status: "" });
      }
    }
  }

  return {
    async started(body) {
      const {
        user_id: user,
        channel_id: channel,
        thread_ts: ts,
      } = payloads.assistantStarted.parse(body).event.assistant_thread;
      threads.set(`${channel}/${ts}`, true);
      const caller = await o.who.identify(user, []);
      if ("person" in caller && caller.person.active && prompts.length > 0) {
        await call("assistant.threads.setSuggestedPrompts", { channel_id: channel, thread_ts: ts, prompts });
      }
    },
    async drawn({ kind, run, tone }, thread) {
      if (kind !== "progress" || run === null) {
        return;
      }
      if (thread !== undefined) {
        begin(run, thread);
      }
      const shown = runs.get(run);
      const status = tone === "neutral" ? workingText : "";
      if (shown === undefined || shown.status === status) {
        return;
      }
      shown.status = status;
      const { channel, threadTs } = shown;
      await call("assistant.threads.setStatus", { channel_id: channel, thread_ts: threadTs, status });
    },
  };
}
