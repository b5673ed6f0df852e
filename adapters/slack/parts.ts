import type { types } from "@slack/bolt";
import type { Desk } from "../../src/desk-types.ts";
import type { ChatInbox, Clock, Logger } from "../../src/ports.ts";
import type { KeptValues } from "../../src/record-types.ts";
import type { Files } from "./files.ts";
import type { Home } from "./home.ts";
import type { Messages } from "./messages.ts";
import type { After, SlackWeb } from "./web.ts";
import type { Who } from "./who.ts";

/** What Slack's people may look at here, and who they are. */
export type SlackDesk = Pick<
  Desk,
  | "runs"
  | "run"
  | "cards"
  | "approvals"
  | "approvalCard"
  | "undos"
  | "undoCard"
  | "agents"
  | "people"
  | "personOf"
>;

/** What everything that listens to Slack needs. */
export interface Parts {
  readonly inbox: ChatInbox;
  readonly desk: SlackDesk;
  readonly web: SlackWeb;
  readonly who: Who;
  readonly messages: Messages;
  readonly files: Files;
  readonly home: Home;
  /** What must not be forgotten with this process. */
  readonly memory: KeptValues;
  /** The team that the app is installed in. */
  readonly team: () => string;
  /** The bot's own user. */
  readonly self: () => string;
  readonly clock: Clock;
  readonly after: After;
  readonly log: Logger;
}
export type View = types.ModalView;
