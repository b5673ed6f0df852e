import type { z } from "zod";
import type { Card } from "../../src/card.ts";
import type { MessageId, ThreadId } from "../../src/domain.ts";
import { toErrorInfo } from "../../src/errors.ts";
import { BoundedMap } from "../../src/bounded-map.ts";
import { cardMessage, plainMessage } from "./blocks/card-message.ts";
import { pages } from "./pages.ts";
import { patienceMs } from "./patience.ts";
import { answers } from "./payloads.ts";
import { messageIdOf, messageOf, placeOf } from "./slack-ids.ts";
import type { SlackWeb } from "./web.ts";

/** Recognises our own cards in a history. */
const markerType = "countersign_card";
const mostPages = 5;
const mostConversations = 5_000;
/** Slack adds nothing to our messages: no previews, no links, no names, no mentions. */
const asWritten = { unfurl_links: false, unfurl_media: false, parse: "none", link_names: false } as const;

/** A channel, or a thread in it. */
interface Where {
  readonly channel: string;
  readonly threadTs?: string;
}
export interface Messages {
  post(thread: ThreadId, card: Card, key: string): Promise<MessageId>;
  find(thread: ThreadId, key: string): Promise<MessageId | undefined>;
  update(message: MessageId, card: Card): Promise<"ok" | "gone">;
  /** Whether one of our messages there has a file of this name. */
  hasFile(where: Where, name: string): Promise<boolean>;
  /** Tells one user something that nobody else sees. */
  tell(where: Where, user: string, text: string): Promise<void>;
  tellIn(thread: ThreadId, user: string, text: string): Promise<void>;
  /** Posts plain text; gives its `ts`. */
  say(channel: string, text: string): Promise<string>;
  /** Where a thread is; opens direct messages. */
  locate(thread: ThreadId): Promise<Where>;
  /** The channel of direct messages with a user. */
  conversationWith(user: string): Promise<string>;
}

/** What we write in Slack. `self` are the ids under which Slack shows our own messages. */
export function createMessages(o: {
  readonly web: Pick<SlackWeb, "call">;
  readonly self: () => { readonly user: string; readonly bot: string };
}): Messages {
  const { web } = o;
  const conversations = new BoundedMap<string, string>(mostConversations);

  async function conversationWith(user: string): Promise<string> {
    const known = conversations.get(user);
    if (known !== undefined) {
      return known;
    }
    const opened = await web.call(
      "conversations.open",
      { users: user },
      { answer: answers.conversation, urgent: true },
    );
    conversations.set(user, opened.channel.id);
    return opened.channel.id;
  }
  async function locate(thread: ThreadId): Promise<Where> {
    const place = placeOf(thread);
    return "user" in place ? { channel: await conversationWith(place.user) } : place;
  }
  const isUrgent = (card: Card): boolean => card.kind !== "progress";

  async function tell({ channel, threadTs }: Where, user: string, text: string): Promise<void> {
    const body = { user, ...plainMessage(text), ...asWritten };
    const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
    try {
      await web.call(
        "chat.postEphemeral",
        { channel, ...thread, ...body },
        { answer: answers.ok, urgent: true, patienceMs: patienceMs.whisper },
      );
    } catch (error) {
      const { code } = toErrorInfo(error);
      if (code !== "slack-channel-unusable" && code !== "slack-user-unreachable") {
        throw error;
      }
      // Not where they wrote, so where they certainly read.
      await say(await conversationWith(user), text);
    }
  }
  async function say(channel: string, text: string): Promise<string> {
    const posted = await web.call(
      "chat.postMessage",
      { channel, ...plainMessage(text), ...asWritten },
      { answer: answers.posted, channel, urgent: true, patienceMs: patienceMs.whisper },
    );
    return posted.ts;
  }

  /** The newest of our messages that fits; nobody else's, though other apps may write the same. */
  async function findOwn(
    { channel, threadTs }: Where,
    fits: (message: z.infer<typeof answers.history>["messages"][number]) => boolean,
  ): Promise<string | undefined> {
    const own = o.self();
    const method = threadTs === undefined ? "conversations.history" : "conversations.replies";
    const args = { channel, ...(threadTs === undefined ? {} : { ts: threadTs }), include_all_metadata: true };
    const reading = { answer: answers.history, urgent: true, mostPages };
    try {
      for await (const page of pages(web, method, args, reading)) {
        const message = page.messages.find(
          (each) => (each.user === own.user || each.bot_id === own.bot) && fits(each),
        );
        if (message !== undefined) {
          return message.ts;
        }
      }
    } catch (error) {
      if (toErrorInfo(error).code !== "slack-message-gone") {
        throw error;
      }
    }
    return undefined;
  }

  return {
    locate,
    conversationWith,
    say,
    tell,
    async tellIn(thread, user, text) {
      await tell(await locate(thread), user, text);
    },
    async post(thread, card, key) {
      const { channel, threadTs } = await locate(thread);
      const posted = await web.call(
        "chat.postMessage",
        {
          channel,
          ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
          ...cardMessage(card),
          ...asWritten,
          metadata: { event_type: markerType, event_payload: { key } },
        },
        { answer: answers.posted, channel, urgent: isUrgent(card) },
      );
      return messageIdOf(posted.channel, posted.ts);
    },
    async find(thread, key) {
      const where = await locate(thread);
      const ts = await findOwn(
        where,
        ({ metadata }) => metadata?.event_type === markerType && metadata.event_payload["key"] === key,
      );
      return ts === undefined ? undefined : messageIdOf(where.channel, ts);
    },
    async hasFile(where, name) {
      return (await findOwn(where, ({ files }) => files.some((file) => file.name === name))) !== undefined;
    },
    async update(id, card) {
      const { channel, ts } = messageOf(id);
      try {
        await web.call(
          "chat.update",
          { channel, ts, ...cardMessage(card), parse: "none", link_names: false },
          { answer: answers.ok, urgent: isUrgent(card) },
        );
        return "ok";
      } catch (error) {
        if (toErrorInfo(error).code === "slack-message-gone") {
          return "gone";
        }
        throw error;
      }
    },
  };
}
