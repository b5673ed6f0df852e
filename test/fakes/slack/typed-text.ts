import type { Fields } from "./model.ts";
import type { Workspace } from "./workspace.ts";

/** What Slack makes of typed text: "@name" becomes a mention, and "&", "<" and ">" are escaped. */
export function slackText(workspace: Workspace, typed: string): string {
  return typed
    .split(/(<[@#!][^<>\s]+>|<https?:[^<>]+>)/)
    .map((part, index) => (index % 2 === 1 ? part : mentions(workspace, escaped(part))))
    .join("");
}
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
function mentions(workspace: Workspace, text: string): string {
  return text.replace(/@([a-z0-9][a-z0-9._-]*[a-z0-9])/g, (whole, name: string) => {
    const user = [...workspace.users.values()].find((each) => each.name === name);
    return user === undefined ? whole : `<@${user.id}>`;
  });
}

/** The rich text block that Slack's composer sends with every message. */
export function richTextOf(workspace: Workspace, text: string): Fields {
  const elements = text
    .split(/(<@[A-Z0-9]+>)/)
    .filter((part) => part !== "")
    .map((part) => {
      const user = /^<@([A-Z0-9]+)>$/.exec(part)?.[1];
      const plain = part.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
      return user === undefined ? { type: "text", text: plain } : { type: "user", user_id: user };
    });
  return {
    type: "rich_text",
    block_id: workspace.id("b"),
    elements: [{ type: "rich_text_section", elements }],
  };
}
