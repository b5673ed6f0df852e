import type { Channel, Fields, Message } from "../model.ts";
import { asText } from "../model.ts";
import { SlackFailure } from "../slack-failure.ts";
import { wireChannel, wireMessage } from "../wire.ts";
import type { Workspace } from "../workspace.ts";
import type { Desk, Methods } from "./method.ts";
import { channelScope, flag, limitOf, page, required, visibleChannel } from "./method.ts";

/** https://docs.slack.dev/reference/methods/conversations.open and its siblings. */
export const conversationMethods: Methods = {
  "conversations.open": { tier: 3, scope: "im:write", call: open },
  "conversations.info": {
    tier: 3,
    scope: channelScope("read"),
    call: (args, { workspace }) => ({
      channel: wireChannel(
        workspace,
        visibleChannel(required(args, "channel", "channel_not_found"), workspace),
      ),
    }),
  },
  "conversations.members": {
    tier: 4,
    scope: channelScope("read"),
    call: (args, { workspace }) => {
      const channel = visibleChannel(required(args, "channel", "channel_not_found"), workspace);
      const { items, cursor } = page([...channel.members], args, limitOf(args, 100, 1000));
      return { members: items, response_metadata: { next_cursor: cursor } };
    },
  },
  "conversations.list": { tier: 2, scope: listScope, call: list },
  "conversations.history": { tier: 3, scope: channelScope("history"), call: history },
  "conversations.replies": { tier: 3, scope: channelScope("history"), call: replies },
};

function open(args: Fields, { workspace }: Desk): Fields {
  const known = asText(args, "channel");
  if (known !== undefined) {
    const channel = visibleChannel(known, workspace);
    return { no_op: true, already_open: true, channel: { id: channel.id } };
  }
  const users = required(args, "users", "users_list_not_supplied").split(",");
  if (users.length > 1) {
    throw new SlackFailure("missing_scope", {
      needed: "mpim:write",
      provided: [...workspace.app.scopes].join(","),
    });
  }
  const user = workspace.users.get(users[0] ?? "");
  if (user === undefined || user.id === workspace.app.botUserId) {
    throw new SlackFailure("user_not_found");
  }
  if (user.deleted) {
    throw new SlackFailure("user_disabled");
  }
  const channel = workspace.directMessages(user.id, workspace.app.botUserId);
  return { channel: flag(args, "return_im") ? wireChannel(workspace, channel) : { id: channel.id } };
}

function kindsOf(args: Fields): readonly Channel["kind"][] {
  const types = (asText(args, "types") ?? "public_channel").split(",");
  return types.map((type) => {
    const kind = { public_channel: "public", private_channel: "private", im: "im", mpim: undefined }[type];
    if (kind === undefined) {
      throw new SlackFailure("invalid_types");
    }
    return kind as Channel["kind"];
  });
}
function listScope(args: Fields, workspace: Workspace): string | undefined {
  return kindsOf(args)
    .map((kind) => `${{ public: "channels", private: "groups", im: "im" }[kind]}:read`)
    .find((scope) => !workspace.app.scopes.has(scope));
}
function list(args: Fields, { workspace }: Desk): Fields {
  const kinds = kindsOf(args);
  const all = [...workspace.channels.values()]
    .filter((each) => kinds.includes(each.kind))
    .filter((each) => each.kind === "public" || each.members.has(workspace.app.botUserId))
    .filter((each) => !each.archived || !flag(args, "exclude_archived"));
  const { items, cursor } = page(all, args, limitOf(args, 100, 1000));
  return {
    channels: items.map((each) => wireChannel(workspace, each)),
    response_metadata: { next_cursor: cursor },
  };
}

/** Newest first, without replies; metadata only with `include_all_metadata`. */
function history(args: Fields, desk: Desk): Fields {
  const { workspace } = desk;
  const channel = memberChannel(args, workspace);
  const all = workspace
    .messages(channel.id)
    .filter((each) => each.threadTs === undefined)
    .filter(between(args))
    .toReversed();
  return { ...messagesPage(all, args, workspace, 100), pin_count: 0 };
}

/** The parent, then its replies, oldest first. */
function replies(args: Fields, { workspace }: Desk): Fields {
  const channel = memberChannel(args, workspace);
  const ts = required(args, "ts", "thread_not_found");
  const named = workspace.messages(channel.id).find((each) => each.ts === ts);
  if (named === undefined) {
    throw new SlackFailure("thread_not_found");
  }
  const parentTs = named.threadTs ?? named.ts;
  const parent = workspace.messages(channel.id).filter((each) => each.ts === parentTs);
  return messagesPage(
    [...parent, ...workspace.replies(channel.id, parentTs).filter(between(args))],
    args,
    workspace,
    1000,
  );
}

function messagesPage(all: readonly Message[], args: Fields, workspace: Workspace, usual: number): Fields {
  const { items, cursor } = page(all, args, limitOf(args, usual, 999));
  const withMetadata = flag(args, "include_all_metadata");
  return {
    messages: items.map((each) => wireMessage(workspace, each, withMetadata)),
    has_more: cursor !== "",
    ...(cursor === "" ? {} : { response_metadata: { next_cursor: cursor } }),
  };
}

function memberChannel(args: Fields, workspace: Workspace): Channel {
  const channel = visibleChannel(required(args, "channel", "channel_not_found"), workspace);
  if (!channel.members.has(workspace.app.botUserId)) {
    throw new SlackFailure("not_in_channel");
  }
  return channel;
}

function between(args: Fields): (message: Message) => boolean {
  const bound = (name: "oldest" | "latest", usual: number) => {
    const value = Number(args[name] ?? usual);
    if (Number.isNaN(value)) {
      throw new SlackFailure(`invalid_ts_${name}`);
    }
    return value;
  };
  const oldest = bound("oldest", 0);
  const latest = bound("latest", Number.MAX_SAFE_INTEGER);
  const inclusive = flag(args, "inclusive");
  return (message) => {
    const ts = Number(message.ts);
    return inclusive ? ts >= oldest && ts <= latest : ts > oldest && ts < latest;
  };
}
