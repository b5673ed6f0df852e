import type { Clock } from "../../../../src/ports.ts";
import type { Events } from "../events.ts";
import type { Channel, Fields } from "../model.ts";
import { asText } from "../model.ts";
import type { Tier } from "../rate-limits.ts";
import { SlackFailure } from "../slack-failure.ts";
import type { SocketMode } from "../socket-mode.ts";
import type { Triggers } from "../triggers.ts";
import type { Workspace } from "../workspace.ts";

/** What the methods work with. */
export interface Desk {
  readonly workspace: Workspace;
  readonly events: Events;
  readonly triggers: Triggers;
  readonly sockets: SocketMode;
  readonly clock: Clock;
}
/** One method of the Web API: the facts of its page and what it does. Throws SlackFailure for `ok: false`. */
export interface Method {
  readonly tier: Tier;
  /** The scope this call needs, if any. */
  readonly scope: string | ((args: Fields, workspace: Workspace) => string | undefined) | undefined;
  /** "app" for an app-level token (xapp), else a bot token. */
  readonly token?: "app";
  readonly call: (args: Fields, desk: Desk) => Fields;
}
export type Methods = Readonly<Record<string, Method>>;

/** A string argument that must be there. */
export function required(args: Fields, name: string, error = "invalid_arguments"): string {
  const value = asText(args, name);
  if (value === undefined || value === "") {
    throw new SlackFailure(error, {
      response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
    });
  }
  return value;
}
/** An argument that is JSON: a string in a form, or the thing itself in a JSON body. */
export function json(args: Fields, name: string, error: string): unknown {
  const value = args[name];
  if (typeof value !== "string") {
    return value ?? undefined;
  }
  if (value === "") {
    return undefined;
  }
  try {
    return JSON.parse(value);
  } catch {
    throw new SlackFailure(error);
  }
}
export function flag(args: Fields, name: string): boolean {
  return args[name] === true || args[name] === "true" || args[name] === "1";
}
/** A page's size: `limit`, at most `max`. */
export function limitOf(args: Fields, usual: number, max: number): number {
  const asked = Number(args["limit"] ?? usual);
  if (!Number.isInteger(asked) || asked < 0) {
    throw new SlackFailure("invalid_limit");
  }
  return asked === 0 ? usual : Math.min(asked, max);
}
/** One page of a list, and the cursor of the next. */
export function page<Item>(
  all: readonly Item[],
  args: Fields,
  size: number,
): { items: readonly Item[]; cursor: string } {
  const given = asText(args, "cursor") ?? "";
  const start =
    given === ""
      ? 0
      : Number(
          Buffer.from(given, "base64")
            .toString()
            .replace(/^next:/, ""),
        );
  if (!Number.isInteger(start) || start < 0) {
    throw new SlackFailure("invalid_cursor");
  }
  const end = start + size;
  return {
    items: all.slice(start, end),
    cursor: end < all.length ? Buffer.from(`next:${end}`).toString("base64") : "",
  };
}
/** A channel the bot can see. Private channels and conversations without it do not exist for it. */
export function visibleChannel(id: string, workspace: Workspace): Channel {
  const channel = workspace.channels.get(id);
  if (channel === undefined || (channel.kind !== "public" && !channel.members.has(workspace.app.botUserId))) {
    throw new SlackFailure("channel_not_found");
  }
  return channel;
}
/** The scope of a family such as "history" that fits the channel's kind. */
export function channelScope(what: "history" | "read"): Exclude<Method["scope"], string | undefined> {
  return (args, workspace) => {
    const kind = workspace.channels.get(asText(args, "channel") ?? "")?.kind ?? "public";
    return `${{ public: "channels", private: "groups", im: "im" }[kind]}:${what}`;
  };
}
