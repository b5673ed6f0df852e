import { randomBytes } from "node:crypto";
import type { Clock } from "../../../src/ports.ts";
import { SlackFailure } from "./slack-failure.ts";

/** https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses: a trigger lives three seconds. */
const lifeMs = 3_000;

interface Trigger {
  readonly user: string;
  readonly at: number;
  /** The modal that the user acted in, if it was one. */
  readonly view: string | undefined;
  used: boolean;
}

/** Trigger ids: what a user's act allows the app to open, once and soon. */
export class Triggers {
  readonly #clock: Clock;
  readonly #known = new Map<string, Trigger>();
  #counter = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(user: string, view?: string): string {
    this.#counter += 1;
    const id = `${1_000_000_000 + this.#counter}.${this.#clock.now() % 10_000_000_000}.${randomBytes(16).toString("hex")}`;
    this.#known.set(id, { user, at: this.#clock.now(), view, used: false });
    return id;
  }

  /** Uses a trigger up. Throws Slack's error when it is unknown, old or used. */
  exchange(id: string | undefined): Trigger {
    const trigger = this.#known.get(id ?? "");
    if (trigger === undefined) {
      throw new SlackFailure("invalid_trigger_id");
    }
    if (trigger.used) {
      throw new SlackFailure("exchanged_trigger_id");
    }
    if (this.#clock.now() - trigger.at > lifeMs) {
      throw new SlackFailure("expired_trigger_id");
    }
    trigger.used = true;
    return trigger;
  }
}
