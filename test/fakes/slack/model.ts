/** What the stand-in remembers of a workspace. Names are Slack's where Slack has one. */

/** A JSON object as it came from outside: read it with `asText` and `asFields`. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Team {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  /** Enterprise Grid: the organisation this workspace belongs to. */
  readonly enterprise?: { readonly id: string; readonly name: string };
}
export interface SlackUser {
  readonly id: string;
  /** Another team's id makes a Slack Connect stranger of the user. */
  readonly teamId: string;
  /** The handle, without "@". */
  readonly name: string;
  readonly realName: string;
  readonly email?: string;
  /** "guest" is `is_restricted`, "single-channel-guest" also `is_ultra_restricted`. */
  kind: "member" | "guest" | "single-channel-guest" | "bot";
  readonly admin: boolean;
  /** Enterprise Grid: the id in the organisation, where it differs from `id`. */
  readonly enterpriseUserId?: string;
  /** Enterprise Grid: the workspaces of the organisation whose member the user is; this one when left out. */
  readonly orgTeams?: readonly string[];
  /** Deactivated. */
  deleted: boolean;
}
export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: "public" | "private" | "im";
  readonly members: Set<string>;
  /** Shared with another workspace by Slack Connect. */
  readonly shared: boolean;
  archived: boolean;
}
export interface Message {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly botId?: string;
  readonly threadTs?: string;
  readonly clientMsgId?: string;
  text: string;
  blocks: readonly Fields[];
  attachments: readonly Fields[];
  metadata?: Fields | undefined;
  files: readonly string[];
  edited?: { readonly user: string; readonly ts: string };
  /** A deleted parent stays as a tombstone while it has replies. */
  deleted: boolean;
}
/** Seen by one user only; gone with a reload of their Slack, so never in a history. */
export interface EphemeralMessage {
  readonly channel: string;
  readonly user: string;
  readonly ts: string;
  readonly threadTs?: string;
  text: string;
  blocks: readonly Fields[];
}
export interface SlackFile {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  readonly mimetype: string;
  title: string;
  /** Bytes announced, then those that came. */
  readonly expected: number;
  content: Buffer | undefined;
  /** Visible to anyone but Slack only once it is shared or completed. */
  shared: boolean;
  /** The channels it was shared into. */
  readonly channels: Set<string>;
}
export interface View {
  readonly id: string;
  readonly type: "modal" | "home";
  readonly user: string;
  readonly rootId: string;
  readonly previousId: string | null;
  /** As the app gave it, checked. */
  body: Fields;
  blocks: readonly Fields[];
  hash: string;
}
/** The one app installed in the workspace. */
export interface SlackApp {
  readonly id: string;
  readonly name: string;
  readonly botUserId: string;
  readonly botId: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly verificationToken: string;
  /** The bot token's scopes. */
  readonly scopes: Set<string>;
  /** Subscribed bot events, e.g. "app_mention", "message.im". */
  readonly events: Set<string>;
  readonly commands: ReadonlySet<string>;
  readonly shortcuts: readonly {
    readonly name: string;
    readonly callbackId: string;
    readonly type: "message" | "global";
  }[];
  readonly homeTab: boolean;
  readonly messagesTab: boolean;
  readonly agent: boolean;
  readonly interactivity: boolean;
}

/** The string under a name, or undefined for anything else. */
export function asText(fields: Fields | undefined, name: string): string | undefined {
  const value = fields?.[name];
  return typeof value === "string" ? value : undefined;
}
/** The value as an object, or undefined for anything else. */
export function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
/** The objects of a list; anything else is left out. */
export function asList(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(asFields).filter((each) => each !== undefined) : [];
}
