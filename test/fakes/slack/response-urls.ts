import { randomBytes } from "node:crypto";
import type { Clock } from "../../../src/ports.ts";
import { acceptBlocks } from "./block-kit/payloads.ts";
import type { Events } from "./events.ts";
import type { Fields } from "./model.ts";
import { asText } from "./model.ts";
import { SlackFailure } from "./slack-failure.ts";
import { wireMessage } from "./wire.ts";
import type { Workspace } from "./workspace.ts";

/** https://docs.slack.dev/interactivity/handling-user-interaction#message_responses: 5 times in 30 minutes. */
const maxUses = 5;
const lifeMs = 30 * 60_000;

/** Where a response goes: the user, the place, and the message that was acted on, if there was one. */
interface ResponsePlace {
  readonly user: string;
  readonly channel: string;
  readonly threadTs?: string | undefined;
  readonly source?: { readonly ts: string; readonly ephemeral: boolean } | undefined;
}

/** The addresses under which the app may answer an interaction later, without a token. */
export class ResponseUrls {
  readonly #workspace: Workspace;
  readonly #events: Events;
  readonly #clock: Clock;
  readonly #known = new Map<string, ResponsePlace & { readonly at: number; uses: number }>();

  constructor(o: { workspace: Workspace; events: Events; clock: Clock }) {
    this.#workspace = o.workspace;
    this.#events = o.events;
    this.#clock = o.clock;
  }

  issue(place: ResponsePlace): string {
    const key = randomBytes(16).toString("hex");
    this.#known.set(key, { ...place, at: this.#clock.now(), uses: 0 });
    return `${this.#workspace.address}actions/${this.#workspace.team.id}/${key}`;
  }

  /** Answers under an address issued before. Throws Slack's error: "expired_url", "used_url", "invalid_blocks" and others. */
  respond(key: string, body: Fields): void {
    const place = this.#known.get(key);
    if (place === undefined || this.#clock.now() - place.at > lifeMs) {
      throw new SlackFailure("expired_url");
    }
    if (place.uses >= maxUses) {
      throw new SlackFailure("used_url");
    }
    place.uses += 1;
    this.show(place, body);
  }

  /** Shows a response, or the payload of a command's acknowledgement, at a place. */
  show(place: ResponsePlace, body: Fields): void {
    const isTrue = (name: string) => body[name] === true || body[name] === "true";
    if (isTrue("delete_original")) {
      this.#removeSource(place);
      return;
    }
    const blocks = acceptBlocks(body["blocks"], () => this.#workspace.id("b"));
    const text = asText(body, "text") ?? "";
    if (text === "" && blocks.length === 0 && body["attachments"] === undefined) {
      throw new SlackFailure("no_text");
    }
    if (isTrue("replace_original") && place.source !== undefined) {
      this.#replaceSource(place, text, blocks);
    } else if (asText(body, "response_type") === "in_channel") {
      this.#post(place, text, blocks);
    } else {
      const { user, channel } = place;
      const threadTs = asText(body, "thread_ts") ?? place.threadTs;
      this.#workspace.ephemerals = [
        ...this.#workspace.ephemerals,
        {
          channel,
          user,
          ts: this.#workspace.ts(),
          text,
          blocks,
          ...(threadTs === undefined ? {} : { threadTs }),
        },
      ];
      this.#workspace.changed();
    }
  }

  #post(place: ResponsePlace, text: string, blocks: readonly Fields[]): void {
    const { app } = this.#workspace;
    const message = {
      channel: place.channel,
      ts: this.#workspace.ts(),
      user: app.botUserId,
      botId: app.botId,
      text,
      blocks,
      attachments: [],
      files: [],
      deleted: false,
    };
    this.#workspace.add(message);
    this.#events.posted(message);
  }

  #replaceSource(place: ResponsePlace, text: string, blocks: readonly Fields[]): void {
    const ts = place.source?.ts ?? "";
    if (place.source?.ephemeral === true) {
      for (const each of this.#workspace.ephemerals.filter(
        (one) => one.ts === ts && one.user === place.user,
      )) {
        each.text = text;
        each.blocks = blocks;
      }
      this.#workspace.changed();
      return;
    }
    const message = this.#workspace.message(place.channel, ts);
    if (message === undefined) {
      throw new SlackFailure("message_not_found");
    }
    const before = wireMessage(this.#workspace, message);
    message.text = text;
    message.blocks = blocks;
    message.edited = { user: message.user, ts: this.#workspace.ts() };
    this.#workspace.changed();
    this.#events.changed(message, before);
  }

  #removeSource(place: ResponsePlace): void {
    const ts = place.source?.ts ?? "";
    this.#workspace.ephemerals = this.#workspace.ephemerals.filter(
      (each) => each.ts !== ts || each.user !== place.user,
    );
    const message = this.#workspace.message(place.channel, ts);
    if (message !== undefined) {
      const before = wireMessage(this.#workspace, message);
      message.deleted = true;
      this.#events.deleted(message, before);
    }
    this.#workspace.changed();
  }
}
