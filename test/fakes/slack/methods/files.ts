import type { Fields, Message } from "../model.ts";
import { asList, asText } from "../model.ts";
import { SlackFailure } from "../slack-failure.ts";
import { wireFile } from "../wire.ts";
import type { Desk, Methods } from "./method.ts";
import { json, required, visibleChannel } from "./method.ts";

/** https://docs.slack.dev/messaging/working-with-files: an address, the bytes, then the sharing. */
export const fileMethods: Methods = {
  "files.getUploadURLExternal": {
    tier: 4,
    scope: "files:write",
    call: (args, { workspace }) => {
      const name = required(args, "filename", "missing_argument");
      const length = Number(args["length"]);
      if (!Number.isInteger(length) || length < 1) {
        throw new SlackFailure("missing_argument");
      }
      const id = workspace.id("F");
      workspace.files.set(id, {
        id,
        user: workspace.app.botUserId,
        name,
        mimetype: name.endsWith(".csv") ? "text/csv" : "application/octet-stream",
        title: name,
        expected: length,
        content: undefined,
        shared: false,
        channels: new Set(),
      });
      return { upload_url: `${workspace.address}upload/v1/${id}`, file_id: id };
    },
  },
  "files.completeUploadExternal": { tier: 4, scope: "files:write", call: complete },
  "files.info": {
    tier: 4,
    scope: "files:read",
    call: (args, { workspace }) => {
      const id = required(args, "file", "file_not_found");
      const file = workspace.files.get(id);
      const seen =
        file?.user === workspace.app.botUserId ||
        [...(file?.channels ?? [])].some((each) =>
          workspace.channels.get(each)?.members.has(workspace.app.botUserId),
        );
      if (file?.shared !== true || !seen) {
        throw new SlackFailure("file_not_found");
      }
      return { file: wireFile(workspace, id) };
    },
  },
};

function complete(args: Fields, { workspace, events }: Desk): Fields {
  const wanted = asList(json(args, "files", "invalid_arguments"));
  if (wanted.length === 0) {
    throw new SlackFailure("invalid_arguments");
  }
  const files = wanted.map((each) => {
    const file = workspace.files.get(asText(each, "id") ?? "");
    if (file?.content === undefined || file.shared) {
      throw new SlackFailure("file_not_found");
    }
    return { file, title: asText(each, "title") };
  });
  const channelId = asText(args, "channel_id");
  const channel = channelId === undefined ? undefined : visibleChannel(channelId, workspace);
  if (channel?.members.has(workspace.app.botUserId) === false) {
    throw new SlackFailure("not_in_channel");
  }
  for (const { file, title } of files) {
    file.title = title ?? file.title;
    file.shared = true;
    if (channel !== undefined) {
      file.channels.add(channel.id);
    }
  }
  if (channel !== undefined) {
    const threadTs = asText(args, "thread_ts");
    const message: Message = {
      channel: channel.id,
      ts: workspace.ts(),
      user: workspace.app.botUserId,
      botId: workspace.app.botId,
      ...(threadTs === undefined ? {} : { threadTs }),
      text: asText(args, "initial_comment") ?? "",
      blocks: [],
      attachments: [],
      files: files.map(({ file }) => file.id),
      deleted: false,
    };
    workspace.add(message);
    events.posted(message);
  }
  return { files: files.map(({ file }) => wireFile(workspace, file.id)) };
}
