import type { Fields } from "./model.ts";

/** An answer with `ok: false`: Slack's name of the error, and what else Slack says. */
export class SlackFailure extends Error {
  readonly error: string;
  readonly details: Fields;

  constructor(error: string, details: Fields = {}) {
    super(error);
    this.error = error;
    this.details = details;
  }
}
