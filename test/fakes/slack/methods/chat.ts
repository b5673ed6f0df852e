import { acceptAttachments, acceptBlocks, acceptMetadata } from "../block-kit/payloads.ts";
import type { Channel, Fields, Message } from "../model.ts";
import { asText } from "../model.ts";
import { SlackFailure } from "../slack-failure.ts";
import { wireMessage } from "../wire.ts";
import type { Workspace } from "../workspace.ts";
import type { Desk, Methods } from "./method.ts";
import { json, required, visibleChannel } from "./method.ts";

/**
 * https://docs.slack.dev/reference/methods/chat.postMessage: beyond 40,000 characters. Slack cuts the text and warns;
 * it is refused here, because nothing of ours may be cut.
 */
const maxPostText = 40_000;
/** https://docs.slack.dev/reference/methods/chat.update, "msg_too_long": 4,000 characters. */
const maxUpdateText = 4_000;

/** https://docs.slack.dev/reference/methods/chat.postMessage and its siblings. */
export const chatMethods: Methods = {
  "chat.postMessage": { tier: "special", scope: "chat:write", call: postMessage },
  "chat.update": { tier: 3, scope: "chat:write", call: update },
  "chat.delete": { tier: 3, scope: "chat:write", call: remove },
  "chat.postEphemeral": { tier: 4, scope: "chat:write", call: postEphemeral },
  "chat.getPermalink": {
    tier: "special",
    scope: undefined,
    call: (args, { workspace }) => {
      const channel = visibleChannel(required(args, "channel", "channel_not_found"), workspace);
      const ts = required(args, "message_ts", "message_not_found");
      const message = found(workspace, channel, ts);
      const thread = message.threadTs === undefined ? "" : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
      return {
        channel: channel.id,
        permalink: `${workspace.address}archives/${channel.id}/p${ts.replace(".", "")}${thread}`,
      };
    },
  },
};

function postMessage(args: Fields, { workspace, events }: Desk): Fields {
  const channel = targetChannel(required(args, "channel", "channel_not_found"), workspace);
  if (channel.archived) {
    throw new SlackFailure("is_archived");
  }
  if (!channel.members.has(workspace.app.botUserId) && !workspace.app.scopes.has("chat:write.public")) {
    throw new SlackFailure("not_in_channel");
  }
  const content = contentOf(args, workspace, maxPostText);
  const threadTs = threadOf(args, channel, workspace);
  const message: Message = {
    channel: channel.id,
    ts: workspace.ts(),
    user: workspace.app.botUserId,
    botId: workspace.app.botId,
    ...(threadTs === undefined ? {} : { threadTs }),
    ...content,
    metadata: acceptMetadata(json(args, "metadata", "invalid_metadata_format")),
    files: [],
    deleted: false,
  };
  workspace.add(message);
  events.posted(message);
  return { channel: channel.id, ts: message.ts, message: wireMessage(workspace, message, true) };
}

function update(args: Fields, { workspace, events }: Desk): Fields {
  const channel = visibleChannel(required(args, "channel", "channel_not_found"), workspace);
  const message = found(workspace, channel, required(args, "ts", "message_not_found"));
  if (channel.archived) {
    throw new SlackFailure("is_inactive");
  }
  if (message.botId !== workspace.app.botId) {
    throw new SlackFailure("cant_update_message");
  }
  const content = contentOf(args, workspace, maxUpdateText);
  const before = wireMessage(workspace, message);
  if (args["metadata"] !== undefined) {
    message.metadata = acceptMetadata(json(args, "metadata", "invalid_metadata_format"));
  }
  message.text = content.text;
  /** "If you don't include this field, the message's previous blocks will be retained." */
  if (args["blocks"] !== undefined) {
    message.blocks = content.blocks;
  }
  if (args["attachments"] !== undefined) {
    message.attachments = content.attachments;
  }
  message.edited = { user: message.user, ts: workspace.ts() };
  workspace.changed();
  events.changed(message, before);
  return {
    channel: channel.id,
    ts: message.ts,
    text: message.text,
    message: wireMessage(workspace, message, true),
  };
}

function remove(args: Fields, { workspace, events }: Desk): Fields {
  const channel = visibleChannel(required(args, "channel", "channel_not_found"), workspace);
  const message = found(workspace, channel, required(args, "ts", "message_not_found"));
  if (message.botId !== workspace.app.botId) {
    throw new SlackFailure("cant_delete_message");
  }
  const before = wireMessage(workspace, message);
  message.deleted = true;
  workspace.changed();
  events.deleted(message, before);
  return { channel: channel.id, ts: message.ts };
}

function postEphemeral(args: Fields, { workspace }: Desk): Fields {
  const channel = visibleChannel(required(args, "channel", "channel_not_found"), workspace);
  const user = required(args, "user", "user_not_in_channel");
  if (channel.archived) {
    throw new SlackFailure("is_archived");
  }
  if (!channel.members.has(workspace.app.botUserId)) {
    throw new SlackFailure("not_in_channel");
  }
  if (!channel.members.has(user)) {
    throw new SlackFailure("user_not_in_channel");
  }
  const { text, blocks } = contentOf(args, workspace, maxPostText);
  const threadTs = asText(args, "thread_ts");
  const ts = workspace.ts();
  // https://docs.slack.dev/reference/methods/chat.postEphemeral: "only shown if there is already an active thread"
  if (threadTs === undefined || workspace.replies(channel.id, threadTs).length > 0) {
    workspace.ephemerals = [
      ...workspace.ephemerals,
      { channel: channel.id, user, ts, text, blocks, ...(threadTs === undefined ? {} : { threadTs }) },
    ];
    workspace.changed();
  }
  return { message_ts: ts };
}

function contentOf(
  args: Fields,
  workspace: Workspace,
  maxText: number,
): { text: string; blocks: readonly Fields[]; attachments: readonly Fields[] } {
  const nextId = () => workspace.id("b");
  const markdown = asText(args, "markdown_text");
  if (markdown !== undefined && (args["text"] !== undefined || args["blocks"] !== undefined)) {
    throw new SlackFailure("markdown_text_conflict");
  }
  const text = markdown ?? asText(args, "text") ?? "";
  if (text.length > (markdown === undefined ? maxText : 12_000)) {
    throw new SlackFailure("msg_too_long");
  }
  const blocks = acceptBlocks(json(args, "blocks", "invalid_blocks_format"), nextId);
  const attachments = acceptAttachments(json(args, "attachments", "invalid_attachments"), nextId);
  if (text.trim() === "" && blocks.length === 0 && attachments.length === 0) {
    throw new SlackFailure("no_text");
  }
  return { text, blocks, attachments };
}

/** An id or a name of a channel, or a user's id, which means the direct messages with that user. */
function targetChannel(target: string, workspace: Workspace): Channel {
  const user = workspace.users.get(target);
  if (user !== undefined) {
    if (user.deleted || user.kind === "bot") {
      throw new SlackFailure("channel_not_found");
    }
    if (!workspace.app.messagesTab) {
      throw new SlackFailure("messages_tab_disabled");
    }
    return workspace.directMessages(user.id, workspace.app.botUserId);
  }
  return visibleChannel(workspace.channelBy(target)?.id ?? target, workspace);
}

function threadOf(args: Fields, channel: Channel, workspace: Workspace): string | undefined {
  const ts = asText(args, "thread_ts");
  if (ts === undefined || ts === "") {
    return undefined;
  }
  const parent = workspace.messages(channel.id).find((each) => each.ts === ts);
  if (parent === undefined) {
    throw new SlackFailure("thread_not_found");
  }
  return parent.threadTs ?? parent.ts;
}

function found(workspace: Workspace, channel: Channel, ts: string): Message {
  const message = workspace.message(channel.id, ts);
  if (message === undefined) {
    throw new SlackFailure("message_not_found");
  }
  return message;
}
