import { z } from "zod";
import { AppError } from "../../src/errors.ts";
import type { TextFile } from "./blocks/plan-file.ts";
import type { OwnWorkspace } from "./membership.ts";
import { patienceMs } from "./patience.ts";
import { answers } from "./payloads.ts";
import type { SlackWeb } from "./web.ts";

/** Files of messages: those that people attach, and ours. */
export interface Files {
  /**
   * The bytes of a file of this workspace, if they are at most `mostBytes`. Fails with "file-refused" for a file that
   * is kept elsewhere or belongs to another company, and with the codes of `SlackWeb.download`.
   */
  read(file: string, mostBytes: number): Promise<Uint8Array>;
  /** Posts a text file. */
  send(where: { readonly channel: string; readonly threadTs?: string }, file: TextFile): Promise<void>;
}

/** https://docs.slack.dev/reference/objects/file-object */
const fileAnswer = z.object({
  ok: z.literal(true),
  file: z.object({
    mode: z.string(),
    is_external: z.boolean(),
    size: z.int().min(0),
    user_team: z.string().nullish(),
    url_private_download: z.url().optional(),
  }),
});
/** Kept by Slack itself; a short text is a snippet. */
const ownModes = new Set(["hosted", "snippet"]);

export function createFiles({
  web,
  own,
}: {
  readonly web: SlackWeb;
  readonly own: () => OwnWorkspace;
}): Files {
  return {
    async read(id, mostBytes) {
      const { file } = await web.call(
        "files.info",
        { file: id },
        { answer: fileAnswer, urgent: true, patienceMs: patienceMs.answer },
      );
      const { url_private_download: url, user_team: owner, size } = file;
      const { team, enterprise } = own();
      const isOwned = owner === undefined || owner === null || owner === team || owner === enterprise;
      const isOurs = isOwned && !file.is_external && ownModes.has(file.mode);
      if (!isOurs || url === undefined || !new URL(url).pathname.includes(`-${id}/`)) {
        throw new AppError("file-refused", "the file is not one of this workspace's own");
      }
      if (size > mostBytes) {
        throw new AppError("file-too-large", `the file has ${size} bytes; at most ${mostBytes} are read`);
      }
      return web.download(url, mostBytes);
    },
    async send({ channel, threadTs }, { name, title, content }) {
      const bytes = Buffer.from(content, "utf8");
      const place = await web.call(
        "files.getUploadURLExternal",
        { filename: name, length: bytes.length },
        { answer: answers.uploadPlace, urgent: true, patienceMs: patienceMs.answer },
      );
      await web.upload(place.upload_url, bytes);
      await web.call(
        "files.completeUploadExternal",
        {
          files: [{ id: place.file_id, title }],
          channel_id: channel,
          ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
        },
        { answer: answers.ok, urgent: true, patienceMs: patienceMs.answer },
      );
    },
  };
}
