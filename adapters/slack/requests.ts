import { toErrorInfo } from "../../src/errors.ts";
import { listIn, requestsFromList } from "./attached-list.ts";
import { createListRequests, keysOfList } from "./list-requests.ts";
import { createOnce } from "./once.ts";
import type { Parts } from "./parts.ts";
import { payloads, type PostedMessage } from "./payloads.ts";
import { mentions, plainText } from "./plain-text.ts";
import { accountOf, requestKeyOf, threadOf } from "./slack-ids.ts";
import { strangerText } from "./who.ts";

/** Messages that somebody typed; joins, topics and the like are not. */
const typed = new Set<string | undefined>([undefined, "file_share", "thread_broadcast", "me_message"]);
const mostRemembered = 10_000;

/** What the author is told whose change or deletion of a message changes nothing any more. */
const keptText: Readonly<Record<string, string>> = {
  "already-started":
    "Your request was taken up as you wrote it before. To end it, use the Cancel button or /countersign cancel.",
  "already-answered": "Your answer was taken as you wrote it before.",
};

/** The same of a list, by what became of each of its requests; the first is of the message as a whole. */
function listKeptText([, ...codes]: readonly string[]): string | undefined {
  const numbers = codes.flatMap((code, index) => (code === "already-started" ? [index + 1] : []));
  return numbers.length === 0
    ? undefined
    : `Of your list these were taken up as you wrote them before: ${numbers.join(", ")}. To end them, use the Cancel button or /countersign cancel. The others were taken back; to order them changed, send a new list.`;
}
const problemOf = (found: object | undefined): string | undefined =>
  found !== undefined && "problem" in found ? String(found.problem) : undefined;

/** Talk that is none of ours, and texts that their authors took back before they came. */
const silently = new Set(["no-question", "withdrawn"]);

/** Listens to messages: mentions, direct messages, answers in threads, edits and deletions. Each resolves after the commit. */
export interface Requests {
  mention(body: unknown): Promise<void>;
  message(body: unknown): Promise<void>;
}

export function createRequests(parts: Parts): Requests {
  const { inbox, who, messages, memory, log } = parts;
  const lists = createListRequests(parts);
  const once = createOnce(mostRemembered);

  function keyOf({ channel, ts, user, edited }: PostedMessage): string {
    return requestKeyOf({ team: parts.team(), channel, ts, user: user ?? "", editedTs: edited?.ts });
  }
  /** Under this the record keeps that a message's request goes on, whatever its author makes of the message. */
  const keptName = (first: PostedMessage): string => `slack-kept:${keyOf(first)}`;
  const isOwnOrApp = (message: PostedMessage): boolean =>
    message.user === undefined ||
    message.user === parts.self() ||
    (message.bot_id !== undefined && message.bot_id !== null) ||
    !typed.has(message.subtype);
  const isDirect = (message: PostedMessage): boolean => message.channel_type === "im";
  /** Written to the bot: everything in its direct messages, elsewhere what mentions it. */
  const isAddressed = (message: PostedMessage): boolean =>
    isDirect(message) || message.type === "app_mention" || mentions(message.text, parts.self());
  /** Where only the author is told something: Slack shows that in a thread only if there are replies in it. */
  const whereOf = ({ channel, thread_ts }: PostedMessage) => ({
    channel,
    ...(thread_ts === undefined ? {} : { threadTs: thread_ts }),
  });
  const teamsOf = ({ team, user_team, source_team }: PostedMessage) => [user_team, source_team, team];

  async function take(message: PostedMessage): Promise<void> {
    const addressed = isAddressed(message);
    const key = keyOf(message);
    const chatter = !addressed && message.thread_ts === undefined;
    if (isOwnOrApp(message) || chatter) {
      return;
    }
    if (addressed || mayAnswer(message.user)) {
      // A mention comes as two events, and each of them up to eleven times.
      await once.do(key, () => request(message, key, addressed));
    }
  }
  async function request(message: PostedMessage, key: string, addressed: boolean): Promise<void> {
    const user = message.user ?? "";
    const caller = await who.identify(user, teamsOf(message));
    const { channel, ts, thread_ts: threadTs = ts } = message;
    const thread = threadOf({ team: parts.team(), channel, threadTs });
    const said = plainText(message.text, parts.self());
    const mayAsk = addressed && "person" in caller && caller.person.active;
    const list = mayAsk ? listIn(message.files) : undefined;
    const asked = list === undefined ? { requests: [said] } : await requestsFromList(parts.files, list, said);
    const answered =
      list === undefined && threadTs !== ts ? await lists.answered(thread, caller.by, said) : undefined;
    const problem = problemOf(asked) ?? problemOf(answered);
    if (problem !== undefined) {
      await explain(whereOf(message), user, problem);
      return;
    }
    const requests = "requests" in asked ? asked.requests : [];
    if (requests.length > 1) {
      const unsaid = await lists.start({ key, ts, thread, person: caller.by, requests });
      if (unsaid !== undefined) {
        await explain(whereOf(message), user, unsaid);
      }
      return;
    }
    const outcome = await inbox.request({
      key,
      person: caller.by,
      ...(answered !== undefined && "text" in answered ? answered : { thread, text: requests[0] ?? "" }),
      ...(addressed && answered === undefined ? {} : { onlyAnswer: true }),
    });
    if (outcome.outcome === "refused" && !silently.has(outcome.error.code)) {
      await explain(
        whereOf(message),
        user,
        "stranger" in caller ? strangerText[caller.stranger] : `Not taken: ${outcome.error.message}.`,
      );
    }
  }
  /** People's talk in a thread is none of ours; only who is linked can answer there. Cheap: asked of every reply. */
  function mayAnswer(user = ""): boolean {
    return parts.desk.personOf(accountOf(parts.team(), user))?.active === true;
  }

  /** Takes back what the message before its change or deletion had started. */
  async function takeBack(before: PostedMessage): Promise<"withdrawn" | "never-started" | "kept"> {
    const key = keyOf(before);
    const first = { ...before, edited: undefined };
    if ((await memory.getValue(keptName(first))) !== undefined) {
      return "kept";
    }
    const user = before.user ?? "";
    const caller = await who.identify(user, teamsOf(before));
    // The message itself may still be on its way into the record.
    await once.settled(key);
    const codes = [];
    for (const each of listIn(before.files) === undefined ? [key] : keysOfList(key)) {
      const outcome = await inbox.withdraw(each, caller.by);
      codes.push(outcome.outcome === "accepted" ? "accepted" : outcome.error.code);
    }
    const code = codes.find((each) => each !== "accepted" && each !== "unknown-request");
    if (code === undefined && codes.includes("accepted")) {
      return "withdrawn";
    }
    if (code === undefined) {
      // The change before this one was not taken: then what counts is what became of the first text.
      return before.edited === undefined ? "never-started" : takeBack(first);
    }
    await memory.setValue(keptName(first), code, { passing: true });
    const told = codes[0] === "unknown-request" ? listKeptText(codes) : keptText[code];
    if (told !== undefined) {
      await explain(whereOf(before), user, told);
    }
    return "kept";
  }

  /** The commit is done: that the explanation does not arrive must not bring the message again. */
  async function explain(
    where: { channel: string; threadTs?: string },
    user: string,
    text: string,
  ): Promise<void> {
    await messages.tell(where, user, text).catch((error: unknown) => {
      log.warn({ user, error: toErrorInfo(error).code }, "slack-not-told");
    });
  }

  async function changed(after: PostedMessage, before: PostedMessage): Promise<void> {
    // Slack also announces previews and replies as changes: then the text is the same.
    if (isOwnOrApp(before) || isOwnOrApp(after) || after.text === before.text) {
      return;
    }
    if (!isAddressed(before) && !isAddressed(after)) {
      return;
    }
    if ((await takeBack(before)) !== "kept" && isAddressed(after)) {
      await take(after);
    }
  }
  async function deleted(before: PostedMessage): Promise<void> {
    if (!isOwnOrApp(before) && isAddressed(before)) {
      await takeBack(before);
    }
  }

  return {
    async mention(body) {
      const { event } = payloads.posted.parse(body);
      // Slack tells of a mention again whenever its message is edited; what that means is told by the change itself.
      if (event.edited === undefined) {
        await take(event);
      }
    },
    async message(body) {
      const { event } = payloads.posted.safeParse(body).data ?? {};
      const change = payloads.changed.safeParse(body).data?.event;
      if (change !== undefined) {
        const { channel, channel_type } = change;
        const place = { channel, ...(channel_type === undefined ? {} : { channel_type }) };
        const before = { ...change.previous_message, ...place };
        // The first message of a thread, deleted, stays as a stone.
        await (change.message.subtype === "tombstone"
          ? deleted(before)
          : changed({ ...change.message, ...place }, before));
        return;
      }
      const deletion = payloads.deleted.safeParse(body).data?.event;
      if (deletion !== undefined) {
        const { channel, channel_type } = deletion;
        await deleted({
          ...deletion.previous_message,
          channel,
          ...(channel_type === undefined ? {} : { channel_type }),
        });
      } else if (event !== undefined) {
        await take(event);
      }
    },
  };
}
