import type { PersonDesk } from "./acts.ts";
import type { Channel, Fields, SlackUser } from "./model.ts";
import { wireFile, wireMessage, wireView } from "./wire.ts";

/** Older messages are not shown on the page. */
const shownPerChannel = 200;

/** The workspace as one user sees it, for the page. */
export function pageState({ workspace, drafts, viewErrors }: PersonDesk, user: SlackUser): Fields {
  const { app } = workspace;
  const stack = workspace.modals.get(user.id) ?? [];
  const modal = workspace.views.get(stack.at(-1) ?? "");
  const home = workspace.views.get(workspace.homes.get(user.id) ?? "");
  const channels = [...workspace.channels.values()].filter((each) => each.members.has(user.id));
  return {
    version: workspace.version,
    me: { id: user.id, name: user.name, realName: user.realName },
    app: {
      name: app.name,
      user: app.botUserId,
      commands: [...app.commands],
      shortcuts: app.shortcuts.filter((each) => each.type === "message").map((each) => each.name),
    },
    people: [...workspace.users.values()].map((each) => ({
      id: each.id,
      name: each.name,
      realName: each.realName,
      kind: each.teamId === workspace.team.id ? each.kind : "stranger",
      deleted: each.deleted,
    })),
    channels: channels.map((channel) => ({
      id: channel.id,
      kind: channel.kind,
      name: channel.kind === "im" ? nameOfOther(workspace.users, channel, user.id) : channel.name,
      messages: [
        ...workspace.messages(channel.id).map((each) => wireMessage(workspace, each)),
        ...workspace.ephemerals
          .filter((each) => each.user === user.id && each.channel === channel.id)
          .map((each) => ({
            ts: each.ts,
            user: app.botUserId,
            text: each.text,
            blocks: each.blocks,
            thread_ts: each.threadTs,
            ephemeral: true,
          })),
      ]
        .toSorted((a, b) => Number((a as Fields)["ts"]) - Number((b as Fields)["ts"]))
        .slice(-shownPerChannel),
      assistant: [...workspace.assistants]
        .filter(([key]) => key.startsWith(`${channel.id}/`))
        .map(([key, value]) => ({ ...value, thread: key.slice(channel.id.length + 1) })),
    })),
    files: [...workspace.files.values()]
      .filter((each) => each.shared)
      .map((each) => wireFile(workspace, each.id)),
    modal:
      modal === undefined
        ? null
        : {
            ...wireView(workspace, modal),
            depth: stack.length,
            inputs: drafts.get(modal.id) ?? {},
            errors: viewErrors.get(modal.id) ?? {},
          },
    home: home === undefined ? null : wireView(workspace, home),
  };
}

function nameOfOther(users: ReadonlyMap<string, SlackUser>, channel: Channel, me: string): string {
  const other = [...channel.members].find((each) => each !== me);
  return users.get(other ?? "")?.name ?? "direct message";
}
