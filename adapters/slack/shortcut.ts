import { toErrorInfo } from "../../src/errors.ts";
import type { Ack } from "./actions.ts";
import { noticeModal } from "./blocks/modals.ts";
import type { Parts } from "./parts.ts";
import { answers, payloads } from "./payloads.ts";
import { plainText } from "./plain-text.ts";
import { requestKeyOf, threadOf } from "./slack-ids.ts";
import { createViews } from "./views.ts";
import { strangerText } from "./who.ts";

const title = "Make this a request";

/**
 * The message shortcut: whoever uses it asks for what the message says. Cards stand in the message's thread, or, where
 * the bot is no member, under a copy of it in the asker's direct messages. The view says what became of it.
 */
export function createShortcut(parts: Parts): (body: unknown, ack: Ack) => Promise<void> {
  const { inbox, messages, web } = parts;
  const views = createViews(parts);

  async function isMember(channel: string): Promise<boolean> {
    try {
      const found = await web.call(
        "conversations.info",
        { channel },
        { answer: answers.membership, urgent: true },
      );
      return found.channel.is_member && !found.channel.is_archived;
    } catch (error) {
      parts.log.info({ error: toErrorInfo(error).code }, "slack-channel-unknown");
      return false;
    }
  }

  async function placeOf(channel: string, ts: string, user: string, text: string) {
    if (await isMember(channel)) {
      return { channel, threadTs: ts, words: "The message's thread will show how it goes." };
    }
    const own = await messages.conversationWith(user);
    const threadTs = await messages.say(own, text);
    return { channel: own, threadTs, words: "Our direct messages will show how it goes." };
  }

  return async (input, ack) => {
    const { user, channel, message, trigger_id: trigger } = payloads.shortcut.parse(input);
    const text = plainText(message.text, parts.self());
    const key = requestKeyOf({ team: parts.team(), channel: channel.id, ts: message.ts, user: user.id });
    await views.open(trigger, title, async () => {
      const caller = await parts.who.identify(user.id, [user.team_id]);
      const place =
        "stranger" in caller
          ? { channel: channel.id, threadTs: message.ts, words: "" }
          : await placeOf(channel.id, message.thread_ts ?? message.ts, user.id, text);
      const thread = threadOf({ team: parts.team(), channel: place.channel, threadTs: place.threadTs });
      const outcome = await inbox.request({ key, thread, person: caller.by, text });
      await ack();
      if (outcome.outcome === "accepted") {
        return noticeModal(title, `Taken. ${place.words}`);
      }
      const why = "stranger" in caller ? strangerText[caller.stranger] : outcome.error.message;
      return noticeModal(title, `Not taken: ${why}`);
    });
  };
}
