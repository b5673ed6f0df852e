import type { Clock } from "../../../src/ports.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Channel, Fields, Message } from "./model.ts";
import { wireMessage } from "./wire.ts";
import type { Workspace } from "./workspace.ts";

/** https://docs.slack.dev/reference/events: what happened, told to the app where it subscribed and may know. */
export class Events {
  readonly #workspace: Workspace;
  readonly #deliveries: Deliveries;
  readonly #clock: Clock;

  constructor(o: { workspace: Workspace; deliveries: Deliveries; clock: Clock }) {
    this.#workspace = o.workspace;
    this.#deliveries = o.deliveries;
    this.#clock = o.clock;
  }

  /** A message was posted: "message" by the channel's kind, and "app_mention" where the app is named. */
  posted(message: Message): void {
    const channel = this.#channel(message.channel);
    const wire = wireMessage(this.#workspace, message);
    this.#message(channel, {
      ...wire,
      channel: channel.id,
      channel_type: typeOf(channel),
      event_ts: message.ts,
    });
    if (this.#names(message.text)) {
      this.#mention(channel, message);
    }
  }

  changed(message: Message, before: Fields): void {
    const channel = this.#channel(message.channel);
    const ts = this.#workspace.ts();
    this.#message(channel, {
      type: "message",
      subtype: "message_changed",
      hidden: true,
      channel: channel.id,
      channel_type: typeOf(channel),
      ts,
      event_ts: ts,
      message: wireMessage(this.#workspace, message),
      previous_message: before,
    });
    // Also when it named the app before: https://github.com/slackapi/bolt-js/issues/960
    if (this.#names(message.text)) {
      this.#mention(channel, message);
    }
  }

  deleted(message: Message, before: Fields): void {
    const channel = this.#channel(message.channel);
    const ts = this.#workspace.ts();
    this.#message(channel, {
      type: "message",
      subtype: "message_deleted",
      hidden: true,
      channel: channel.id,
      channel_type: typeOf(channel),
      deleted_ts: message.ts,
      ts,
      event_ts: ts,
      previous_message: before,
    });
  }

  /** Any other event, if the app subscribed to it. */
  publish(event: Fields, channel?: Channel): void {
    if (this.#workspace.app.events.has(String(event["type"]))) {
      this.#send(event, channel);
    }
  }

  #mention(channel: Channel, message: Message): void {
    if (channel.kind !== "im" && channel.members.has(this.#workspace.app.botUserId)) {
      const { subtype: _subtype, ...wire } = wireMessage(this.#workspace, message);
      this.publish({ ...wire, type: "app_mention", channel: channel.id, event_ts: message.ts }, channel);
    }
  }

  #message(channel: Channel, event: Fields): void {
    const { app } = this.#workspace;
    const name = { public: "message.channels", private: "message.groups", im: "message.im" }[channel.kind];
    if (app.events.has(name) && channel.members.has(app.botUserId)) {
      this.#send(event, channel);
    }
  }

  #send(event: Fields, channel: Channel | undefined): void {
    const { team, app } = this.#workspace;
    const id = () => this.#workspace.id("Ev");
    const body = {
      token: app.verificationToken,
      team_id: team.id,
      context_team_id: team.id,
      context_enterprise_id: team.enterprise?.id ?? null,
      ...(team.enterprise === undefined ? {} : { enterprise_id: team.enterprise.id }),
      api_app_id: app.id,
      event,
      type: "event_callback",
      event_id: id(),
      event_time: Math.floor(this.#clock.now() / 1000),
      authorizations: [
        {
          enterprise_id: team.enterprise?.id ?? null,
          team_id: team.id,
          user_id: app.botUserId,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
      is_ext_shared_channel: channel?.shared ?? false,
    };
    this.#deliveries.event(body, (original) => ({ ...original, event_id: id() }));
  }

  #names(text: string): boolean {
    return text.includes(`<@${this.#workspace.app.botUserId}>`);
  }

  #channel(id: string): Channel {
    const channel = this.#workspace.channels.get(id);
    if (channel === undefined) {
      throw new Error(`no channel ${id}`);
    }
    return channel;
  }
}

function typeOf(channel: Channel): string {
  return { public: "channel", private: "group", im: "im" }[channel.kind];
}
