import type { Clock } from "../../../src/ports.ts";
import type {
  Channel,
  EphemeralMessage,
  Message,
  SlackApp,
  SlackFile,
  SlackUser,
  Team,
  View,
} from "./model.ts";

type NewUser = Partial<Omit<SlackUser, "id">> & { readonly id: string };
type NewChannel = Partial<Omit<Channel, "members">> & {
  readonly id: string;
  readonly members?: Iterable<string>;
};

/** Everything one workspace holds. Knows no rules: who may do what is decided by the methods and actions above it. */
export class Workspace {
  readonly team: Team;
  readonly app: SlackApp;
  /** Where the server answers, with a slash at the end. */
  address = "http://127.0.0.1/";
  readonly users = new Map<string, SlackUser>();
  readonly channels = new Map<string, Channel>();
  readonly files = new Map<string, SlackFile>();
  readonly views = new Map<string, View>();
  /** Open modals by user, the visible one last. */
  readonly modals = new Map<string, string[]>();
  /** Published home tabs by user. */
  readonly homes = new Map<string, string>();
  /** Status line, title and prompts of assistant threads, by "channel/ts". */
  readonly assistants = new Map<string, { status: string; title: string; prompts: readonly string[] }>();
  ephemerals: readonly EphemeralMessage[] = [];
  readonly #messages = new Map<string, Map<string, Message>>();
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  #lastTs = 0;
  #counter = 0;
  /** Raised with every change. */
  version = 0;

  constructor(team: Team, app: SlackApp, clock: Clock) {
    this.team = team;
    this.app = app;
    this.#clock = clock;
    this.addUser({ id: app.botUserId, name: app.name, kind: "bot" });
  }

  addUser(user: NewUser): SlackUser {
    const name = user.name ?? user.id.toLowerCase();
    const added: SlackUser = {
      teamId: this.team.id,
      name,
      realName: name,
      kind: "member",
      admin: false,
      deleted: false,
      ...user,
    };
    this.users.set(added.id, added);
    this.changed();
    return added;
  }

  addChannel(channel: NewChannel): Channel {
    const added: Channel = {
      name: channel.id.toLowerCase(),
      kind: "public",
      shared: false,
      archived: false,
      ...channel,
      members: new Set(channel.members),
    };
    this.channels.set(added.id, added);
    this.changed();
    return added;
  }

  /** The direct-message channel of two users, made when there is none. */
  directMessages(user: string, other: string): Channel {
    const known = [...this.channels.values()].find(
      (each) => each.kind === "im" && each.members.has(user) && each.members.has(other),
    );
    return (
      known ??
      this.addChannel({ id: this.id("D"), name: "directmessage", kind: "im", members: [user, other] })
    );
  }

  /** A new id in Slack's style: a letter and ten of A-Z and 0-9. */
  id(prefix: string): string {
    this.#counter += 1;
    return `${prefix}0${this.#counter.toString(36).toUpperCase().padStart(9, "0")}`;
  }

  /** A message's time stamp: seconds and microseconds, unique in the workspace, growing. */
  ts(): string {
    this.#lastTs = Math.max(Math.round(this.#clock.now() * 1000), this.#lastTs + 1);
    return `${Math.floor(this.#lastTs / 1_000_000)}.${String(this.#lastTs % 1_000_000).padStart(6, "0")}`;
  }

  add(message: Message): void {
    const byTs = this.#messages.get(message.channel) ?? new Map<string, Message>();
    byTs.set(message.ts, message);
    this.#messages.set(message.channel, byTs);
    this.changed();
  }

  /** Living messages of a channel, oldest first, replies and tombstones of parents included. */
  messages(channel: string): readonly Message[] {
    const all = [...(this.#messages.get(channel)?.values() ?? [])];
    return all.filter(
      (each) => !each.deleted || all.some((reply) => reply.threadTs === each.ts && !reply.deleted),
    );
  }

  message(channel: string, ts: string): Message | undefined {
    const found = this.#messages.get(channel)?.get(ts);
    return found?.deleted === true ? undefined : found;
  }

  replies(channel: string, threadTs: string): readonly Message[] {
    const all = [...(this.#messages.get(channel)?.values() ?? [])];
    return all.filter((each) => each.threadTs === threadTs && !each.deleted);
  }

  userBy(nameOrId: string): SlackUser | undefined {
    return this.users.get(nameOrId) ?? [...this.users.values()].find((each) => each.name === nameOrId);
  }

  channelBy(nameOrId: string): Channel | undefined {
    const name = nameOrId.replace(/^#/, "");
    return (
      this.channels.get(nameOrId) ??
      [...this.channels.values()].find((each) => each.name === name && each.kind !== "im")
    );
  }

  /** Tells whoever watches that something is different now. */
  changed(): void {
    this.version += 1;
    for (const watcher of this.#watchers) {
      watcher();
    }
  }

  /** Calls after each change, until the function returned is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
