import type { MessagePlace, PersonDesk, Seen } from "./acts.ts";
import { channelOf, failed, seen, submitView, workElement } from "./acts.ts";
import type { Inputs } from "./element-state.ts";
import { findElement } from "./element-state.ts";
import type { Surface } from "./interactions.ts";
import { messageAction, slashCommand, viewClosed } from "./interactions.ts";
import { closeModals } from "./methods/views.ts";
import type { Channel, EphemeralMessage, Fields, Message, SlackUser, View } from "./model.ts";
import { asList, asText } from "./model.ts";
import { uploaded } from "./uploaded.ts";
import { richTextOf, slackText } from "./typed-text.ts";
import { wireMessage, wireView } from "./wire.ts";

/** One user at the keyboard. Acts are Slack's client's; each resolves with what the user then saw. */
export class Person {
  readonly #desk: PersonDesk;
  readonly #user: SlackUser;

  constructor(desk: PersonDesk, user: SlackUser) {
    this.#desk = desk;
    this.#user = user;
  }

  /** Posts a message; "@name" mentions. To a user's name or id, "@countersign" say, it is a direct message. */
  says(
    where: string,
    text: string,
    o: { thread?: string; files?: readonly { name: string; content: string }[] } = {},
  ): MessagePlace {
    const { workspace, events } = this.#desk;
    const channel = this.#channel(where);
    const body = slackText(workspace, text);
    const message: Message = {
      channel: channel.id,
      ts: workspace.ts(),
      user: this.#user.id,
      clientMsgId: crypto.randomUUID(),
      ...(o.thread === undefined
        ? {}
        : { threadTs: workspace.message(channel.id, o.thread)?.threadTs ?? o.thread }),
      text: body,
      blocks: body === "" ? [] : [richTextOf(workspace, body)],
      attachments: [],
      files: (o.files ?? []).map((each) => uploaded(workspace, this.#user.id, channel.id, each)),
      deleted: false,
    };
    workspace.add(message);
    events.posted(message);
    return { channel: channel.id, ts: message.ts };
  }

  edits(place: MessagePlace, text: string): void {
    const message = this.#own(place);
    const before = wireMessage(this.#desk.workspace, message);
    message.text = slackText(this.#desk.workspace, text);
    message.blocks = [richTextOf(this.#desk.workspace, message.text)];
    message.edited = { user: this.#user.id, ts: this.#desk.workspace.ts() };
    this.#desk.workspace.changed();
    this.#desk.events.changed(message, before);
  }

  deletes(place: MessagePlace): void {
    const message = this.#own(place);
    const before = wireMessage(this.#desk.workspace, message);
    message.deleted = true;
    this.#desk.workspace.changed();
    this.#desk.events.deleted(message, before);
  }

  /** The messages of a channel as this user sees them now, ephemeral ones among them, oldest first. */
  sees(where: string): readonly (Message | EphemeralMessage)[] {
    const { workspace } = this.#desk;
    const { id } = this.#channel(where);
    const whispered = workspace.ephemerals.filter(
      (each) => each.user === this.#user.id && each.channel === id,
    );
    return [...workspace.messages(id), ...whispered].toSorted((a, b) => Number(a.ts) - Number(b.ts));
  }

  /** The modal on top, if one is open. */
  get modal(): View | undefined {
    const { workspace } = this.#desk;
    return workspace.views.get(workspace.modals.get(this.#user.id)?.at(-1) ?? "");
  }

  get home(): View | undefined {
    const { workspace } = this.#desk;
    return workspace.views.get(workspace.homes.get(this.#user.id) ?? "");
  }

  /**
   * Works an element: a button by its action id or its text, a menu with the `input` chosen. In a message (or one that
   * only this user sees), in the open modal or on the home tab, always as it is now.
   */
  async clicks(where: MessagePlace | "modal" | "home", name: string, input?: string): Promise<Seen> {
    const surface = this.#surface(where);
    const placed = findElement(blocksOf(surface), name);
    if (placed === undefined) {
      throw new Error(`${this.#user.name} sees nothing to click with action id or text "${name}"`);
    }
    return await workElement(this.#desk, this.#user, surface, placed, input);
  }

  /** Types into the open modal without sending it. */
  fills(inputs: Inputs): void {
    const id = this.#open().id;
    this.#desk.drafts.set(id, { ...this.#desk.drafts.get(id), ...inputs });
    this.#desk.workspace.changed();
  }

  /** Submits the open modal, with these inputs besides those filled in before. */
  async submits(inputs: Inputs = {}): Promise<Seen> {
    this.fills(inputs);
    return await submitView(this.#desk, this.#user, this.#open());
  }

  /** Closes the open modal: the one on top, or all of the stack where the view says so. */
  async closes(): Promise<void> {
    const { workspace, deliveries, drafts } = this.#desk;
    const view = this.#open();
    const cleared = view.body["clear_on_close"] === true;
    const payload = viewClosed({
      workspace,
      user: this.#user,
      view,
      inputs: drafts.get(view.id) ?? {},
      cleared,
    });
    closeModals(workspace, this.#user.id, cleared ? undefined : view.id);
    if (view.body["notify_on_close"] === true) {
      await deliveries.interaction("interactive", "view_closed", { ...payload });
    }
  }

  /** Runs a slash command in a channel, e.g. `runs("/countersign status", "general")`. */
  async runs(line: string, where: string): Promise<Seen> {
    const { workspace, deliveries, triggers, responseUrls } = this.#desk;
    const channel = this.#channel(where);
    const [command = "", ...rest] = line.trim().split(" ");
    if (!workspace.app.commands.has(command)) {
      return failed(
        this.#desk,
        this.#user,
        "slash_commands",
        "unknown_command",
        `${command} is not a valid command.`,
      );
    }
    const place = { user: this.#user.id, channel: channel.id };
    const payload = slashCommand({
      workspace,
      user: this.#user,
      channel,
      command,
      text: rest.join(" ").trim(),
      triggerId: triggers.issue(this.#user.id),
      responseUrl: responseUrls.issue(place),
    });
    const outcome = await deliveries.interaction("slash_commands", command, { ...payload });
    const error = outcome.ok || outcome.reason === "no-ack" ? "operation_timeout" : "dispatch_failed";
    const text = `${command} failed with the error "${error}"`;
    return seen(this.#desk, this.#user, "slash_commands", outcome, text, (answer) => {
      if (answer !== undefined && (asText(answer, "text") !== undefined || answer["blocks"] !== undefined)) {
        responseUrls.show(place, answer);
      }
    });
  }

  /** Uses a message shortcut, by its name or callback id. */
  async usesShortcut(name: string, place: MessagePlace): Promise<Seen> {
    const { workspace, deliveries, triggers, responseUrls } = this.#desk;
    const shortcut = workspace.app.shortcuts.find((each) => each.name === name || each.callbackId === name);
    const message = workspace.message(place.channel, place.ts);
    if (shortcut?.type !== "message" || message === undefined) {
      throw new Error(`${this.#user.name} finds no shortcut "${name}" at that message`);
    }
    const payload = messageAction({
      workspace,
      user: this.#user,
      message,
      channel: this.#channel(place.channel),
      callbackId: shortcut.callbackId,
      triggerId: triggers.issue(this.#user.id),
      responseUrl: responseUrls.issue({
        user: this.#user.id,
        channel: place.channel,
        source: { ts: place.ts, ephemeral: false },
      }),
    });
    const outcome = await deliveries.interaction("interactive", "message_action", { ...payload });
    return seen(this.#desk, this.#user, "message_action", outcome, `${shortcut.name} failed. Try again?`);
  }

  /** Opens the app's home tab, or its messages. */
  opensHome(tab: "home" | "messages" = "home"): void {
    const { workspace, events } = this.#desk;
    const channel = workspace.directMessages(this.#user.id, workspace.app.botUserId);
    events.publish({
      type: "app_home_opened",
      user: this.#user.id,
      channel: channel.id,
      tab,
      ...(this.home === undefined ? {} : { view: wireView(workspace, this.home) }),
      event_ts: workspace.ts(),
    });
  }

  /** Opens a new thread with the assistant, as if looking at `context`. */
  opensAssistant(context?: string): MessagePlace {
    const { workspace, events } = this.#desk;
    const { app, team } = workspace;
    const channel = workspace.directMessages(this.#user.id, app.botUserId);
    const message: Message = {
      channel: channel.id,
      ts: workspace.ts(),
      user: app.botUserId,
      botId: app.botId,
      text: "New Assistant Thread",
      blocks: [],
      attachments: [],
      files: [],
      deleted: false,
    };
    workspace.add(message);
    events.publish({
      type: "assistant_thread_started",
      assistant_thread: {
        user_id: this.#user.id,
        context: context === undefined ? {} : { channel_id: this.#channel(context).id, team_id: team.id },
        channel_id: channel.id,
        thread_ts: message.ts,
      },
      event_ts: workspace.ts(),
    });
    return { channel: channel.id, ts: message.ts };
  }

  #channel(where: string): Channel {
    return channelOf(this.#desk.workspace, this.#user, where);
  }

  #own(place: MessagePlace): Message {
    const message = this.#desk.workspace.message(place.channel, place.ts);
    if (message?.user !== this.#user.id) {
      throw new Error(`${this.#user.name} wrote no message ${place.ts}`);
    }
    return message;
  }

  #open(): View {
    const view = this.modal;
    if (view === undefined) {
      throw new Error(`${this.#user.name} has no modal open`);
    }
    return view;
  }

  #surface(where: MessagePlace | "modal" | "home"): Surface {
    if (where === "modal") {
      return { kind: "view", view: this.#open() };
    }
    if (where === "home") {
      if (this.home === undefined) {
        throw new Error(`${this.#user.name} sees an empty home tab`);
      }
      return { kind: "view", view: this.home };
    }
    const { workspace } = this.#desk;
    const channel = this.#channel(where.channel);
    const whispered = workspace.ephemerals.find(
      (each) => each.ts === where.ts && each.user === this.#user.id,
    );
    if (whispered !== undefined) {
      return { kind: "ephemeral", message: whispered, channel };
    }
    const message = workspace.message(channel.id, where.ts);
    if (message === undefined) {
      throw new Error(`${this.#user.name} sees no message ${where.ts} in ${channel.name}`);
    }
    return { kind: "message", message, channel };
  }
}

function blocksOf(surface: Surface): readonly Fields[] {
  if (surface.kind === "view") {
    return surface.view.blocks;
  }
  const attached = surface.kind === "message" ? surface.message.attachments : [];
  return [...surface.message.blocks, ...attached.flatMap((each) => asList(each["blocks"]))];
}
