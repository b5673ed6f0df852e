import type { Fields } from "../model.ts";
import { asList, asText } from "../model.ts";
import { SlackFailure } from "../slack-failure.ts";
import type { Workspace } from "../workspace.ts";
import type { Methods } from "./method.ts";
import { json, required, visibleChannel } from "./method.ts";

/** https://docs.slack.dev/reference/methods/assistant.threads.setStatus and its siblings. */
export const assistantMethods: Methods = {
  "assistant.threads.setStatus": {
    tier: "special",
    scope: "chat:write",
    call: (args, { workspace }) => {
      thread(args, workspace).status = asText(args, "status") ?? "";
      workspace.changed();
      return {};
    },
  },
  "assistant.threads.setTitle": {
    tier: 4,
    scope: "assistant:write",
    call: (args, { workspace }) => {
      thread(args, workspace).title = required(args, "title");
      workspace.changed();
      return {};
    },
  },
  "assistant.threads.setSuggestedPrompts": {
    tier: 4,
    scope: "assistant:write",
    call: (args, { workspace }) => {
      if (!workspace.app.agent) {
        throw new SlackFailure("not_agent_app");
      }
      const prompts = asList(json(args, "prompts", "invalid_arguments"));
      /** "Up to four prompts." */
      if (
        prompts.length === 0 ||
        prompts.length > 4 ||
        prompts.some((each) => asText(each, "title") === undefined || asText(each, "message") === undefined)
      ) {
        throw new SlackFailure("invalid_arguments");
      }
      thread(args, workspace).prompts = prompts.map((each) => asText(each, "message") ?? "");
      workspace.changed();
      return {};
    },
  },
};

function thread(
  args: Fields,
  workspace: Workspace,
): { status: string; title: string; prompts: readonly string[] } {
  const channel = visibleChannel(required(args, "channel_id", "channel_not_found"), workspace);
  const ts = required(args, "thread_ts", "invalid_thread_ts");
  if (workspace.message(channel.id, ts) === undefined) {
    throw new SlackFailure("invalid_thread_ts");
  }
  const key = `${channel.id}/${ts}`;
  const known = workspace.assistants.get(key) ?? { status: "", title: "", prompts: [] };
  workspace.assistants.set(key, known);
  return known;
}
