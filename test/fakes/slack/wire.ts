import type { Channel, Fields, Message, SlackFile, SlackUser, View } from "./model.ts";
import { asText } from "./model.ts";
import type { Workspace } from "./workspace.ts";

/** How Slack writes things: https://docs.slack.dev/reference/objects. */

export function wireUser(workspace: Workspace, user: SlackUser, withEmail: boolean): Fields {
  const { team, app } = workspace;
  const stranger = user.teamId !== team.id && user.orgTeams === undefined;
  return {
    id: user.id,
    team_id: user.teamId,
    name: user.name,
    deleted: user.deleted,
    real_name: user.realName,
    tz: "Europe/Zurich",
    profile: {
      real_name: user.realName,
      display_name: user.name,
      team: user.teamId,
      ...(withEmail && user.email !== undefined && !stranger ? { email: user.email } : {}),
      ...(user.kind === "bot" ? { bot_id: app.botId, api_app_id: app.id } : {}),
    },
    is_bot: user.kind === "bot",
    is_app_user: false,
    updated: 0,
    ...(user.deleted
      ? {}
      : {
          is_admin: user.admin,
          is_owner: false,
          is_primary_owner: false,
          is_restricted: user.kind === "guest" || user.kind === "single-channel-guest",
          is_ultra_restricted: user.kind === "single-channel-guest",
          ...(stranger ? { is_stranger: true } : {}),
        }),
    ...(team.enterprise !== undefined && !stranger
      ? {
          enterprise_user: {
            id: user.enterpriseUserId ?? user.id,
            enterprise_id: team.enterprise.id,
            enterprise_name: team.enterprise.name,
            is_admin: user.admin,
            is_owner: false,
            teams: user.orgTeams ?? [team.id],
          },
        }
      : {}),
  };
}

export function wireChannel(workspace: Workspace, channel: Channel): Fields {
  const bot = workspace.app.botUserId;
  if (channel.kind === "im") {
    return {
      id: channel.id,
      created: 0,
      is_im: true,
      is_archived: channel.archived,
      is_org_shared: false,
      user: [...channel.members].find((each) => each !== bot) ?? bot,
      is_open: true,
    };
  }
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    created: 0,
    is_channel: channel.kind === "public",
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: channel.kind === "private",
    is_archived: channel.archived,
    is_general: channel.name === "general",
    is_shared: channel.shared,
    is_ext_shared: channel.shared,
    is_org_shared: false,
    is_member: channel.members.has(bot),
    num_members: channel.members.size,
    context_team_id: workspace.team.id,
  };
}

/** A message as events, payloads and histories carry it; metadata only where asked for. */
export function wireMessage(workspace: Workspace, message: Message, withMetadata = false): Fields {
  const { app, team } = workspace;
  if (message.deleted) {
    return {
      type: "message",
      subtype: "tombstone",
      hidden: true,
      user: "USLACKBOT",
      text: "This message was deleted.",
      ts: message.ts,
      thread_ts: message.ts,
    };
  }
  const replies = workspace.replies(message.channel, message.ts);
  const own = message.botId !== undefined;
  return {
    type: "message",
    ...(message.files.length > 0 && !own ? { subtype: "file_share" } : {}),
    user: message.user,
    ...(own
      ? {
          bot_id: message.botId,
          app_id: app.id,
          bot_profile: {
            id: app.botId,
            app_id: app.id,
            user_id: app.botUserId,
            name: app.name,
            deleted: false,
            updated: 0,
            team_id: team.id,
            icons: {},
          },
        }
      : {}),
    ...(message.clientMsgId === undefined ? {} : { client_msg_id: message.clientMsgId }),
    team: workspace.users.get(message.user)?.teamId ?? team.id,
    ...(team.enterprise === undefined ? {} : teamsOfAuthor(workspace, message.user)),
    text: message.text,
    ts: message.ts,
    ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
    ...(message.attachments.length > 0 ? { attachments: message.attachments } : {}),
    ...(message.metadata !== undefined && withMetadata ? { metadata: message.metadata } : {}),
    ...(message.files.length > 0
      ? { files: message.files.map((id) => wireFile(workspace, id)), upload: false }
      : {}),
    ...(message.edited === undefined ? {} : { edited: message.edited }),
    ...(message.threadTs === undefined
      ? {}
      : {
          thread_ts: message.threadTs,
          parent_user_id: workspace.message(message.channel, message.threadTs)?.user,
        }),
    ...(replies.length === 0
      ? {}
      : {
          thread_ts: message.ts,
          reply_count: replies.length,
          reply_users: [...new Set(replies.map((each) => each.user))],
          latest_reply: replies.at(-1)?.ts,
          subscribed: false,
        }),
  };
}

/** In an organisation, messages also name where their author and they come from. */
function teamsOfAuthor({ users, team }: Workspace, author: string): Fields {
  const home = users.get(author)?.teamId ?? team.id;
  return { user_team: home, source_team: home };
}

/** Paths below the server's address; `startSlack` makes whole addresses of them. */
export function wireFile(workspace: Workspace, id: string): Fields {
  const file = workspace.files.get(id);
  if (file === undefined) {
    return { id, mode: "tombstone" };
  }
  const extension = file.name.includes(".") ? (file.name.split(".").at(-1) ?? "") : "text";
  return {
    id: file.id,
    created: 0,
    timestamp: 0,
    name: file.name,
    title: file.title,
    mimetype: file.mimetype,
    filetype: extension,
    pretty_type: extension.toUpperCase(),
    user: file.user,
    user_team: workspace.team.id,
    editable: false,
    size: file.expected,
    mode: "hosted",
    is_external: false,
    is_public: [...file.channels].some((each) => workspace.channels.get(each)?.kind === "public"),
    public_url_shared: false,
    url_private: `${workspace.address}files-pri/${workspace.team.id}-${file.id}/${encodeURIComponent(file.name)}`,
    url_private_download: `${workspace.address}files-pri/${workspace.team.id}-${file.id}/download/${encodeURIComponent(file.name)}`,
    permalink: `${workspace.address}files/${file.user}/${file.id}/${encodeURIComponent(file.name)}`,
    has_rich_preview: false,
    file_access: "visible",
    ...sharesOf(workspace, file),
  };
}
function sharesOf(workspace: Workspace, file: SlackFile): Fields {
  const ids = (kind: Channel["kind"]) =>
    [...file.channels].filter((each) => workspace.channels.get(each)?.kind === kind);
  return { channels: ids("public"), groups: ids("private"), ims: ids("im") };
}

export function wireView(workspace: Workspace, view: View, state: Fields = {}): Fields {
  const { app, team } = workspace;
  return {
    id: view.id,
    team_id: team.id,
    type: view.type,
    blocks: view.blocks,
    private_metadata: asText(view.body, "private_metadata") ?? "",
    callback_id: asText(view.body, "callback_id") ?? "",
    state: { values: state },
    hash: view.hash,
    title: view.body["title"] ?? { type: "plain_text", text: "View Title", emoji: true },
    clear_on_close: view.body["clear_on_close"] === true,
    notify_on_close: view.body["notify_on_close"] === true,
    close: view.body["close"] ?? null,
    submit: view.body["submit"] ?? null,
    previous_view_id: view.previousId,
    root_view_id: view.rootId,
    app_id: app.id,
    external_id: asText(view.body, "external_id") ?? "",
    app_installed_team_id: team.id,
    bot_id: app.botId,
  };
}
