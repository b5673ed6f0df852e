import { acceptView } from "./block-kit/payloads.ts";
import type { Deliveries, Outcome } from "./deliveries.ts";
import type { Inputs, PlacedElement } from "./element-state.ts";
import { clientComplaints } from "./element-state.ts";
import type { Events } from "./events.ts";
import type { Surface } from "./interactions.ts";
import { blockActions, viewSubmission } from "./interactions.ts";
import { closeModals, openModal, updateView } from "./methods/views.ts";
import type { Channel, Fields, SlackUser, View } from "./model.ts";
import { asFields, asText } from "./model.ts";
import type { ResponseUrls } from "./response-urls.ts";
import { SlackFailure } from "./slack-failure.ts";
import type { Triggers } from "./triggers.ts";
import type { Workspace } from "./workspace.ts";

/** What the user saw after an act: it went through (with what the app acknowledged it), or Slack's error. */
export type Seen =
  | { readonly ok: true; readonly payload: Fields | undefined }
  | { readonly ok: false; readonly error: string; readonly text: string };
/** An act that failed before a user's eyes: nothing retries it. */
export interface SeenFailure {
  readonly user: string;
  readonly what: string;
  readonly error: string;
  readonly text: string;
}
/** Where a message is. */
export interface MessagePlace {
  readonly channel: string;
  readonly ts: string;
}
/** What a person's acts need of the server. */
export interface PersonDesk {
  readonly workspace: Workspace;
  readonly events: Events;
  readonly deliveries: Deliveries;
  readonly triggers: Triggers;
  readonly responseUrls: ResponseUrls;
  readonly failures: SeenFailure[];
  /** What a user typed into open views, by view id. */
  readonly drafts: Map<string, Inputs>;
  /** Messages at inputs that the app sent back with "errors", by view id. */
  readonly viewErrors: Map<string, Fields>;
}

/** What a user sees of an outcome. `apply` shows the app's answer and may throw what Slack refuses in it. */
export function seen(
  desk: PersonDesk,
  user: SlackUser,
  what: string,
  outcome: Outcome,
  text: string,
  apply: (payload: Fields | undefined) => void = () => {},
): Seen {
  if (!outcome.ok) {
    return failed(
      desk,
      user,
      what,
      outcome.reason === "no-ack" ? "operation_timeout" : "dispatch_failed",
      text,
    );
  }
  try {
    apply(outcome.payload);
    return { ok: true, payload: outcome.payload };
  } catch (error) {
    if (error instanceof SlackFailure) {
      return failed(desk, user, what, error.error, text);
    }
    throw error;
  }
}

export function failed(desk: PersonDesk, user: SlackUser, what: string, error: string, text: string): Seen {
  desk.failures.push({ user: user.id, what, error, text });
  desk.workspace.changed();
  return { ok: false, error, text };
}

/** Works one element and waits for the app. */
export async function workElement(
  desk: PersonDesk,
  user: SlackUser,
  surface: Surface,
  placed: PlacedElement,
  input: string | undefined,
): Promise<Seen> {
  const { workspace, triggers, responseUrls, deliveries, drafts } = desk;
  const text = "This app did not respond. Try again?";
  if (!workspace.app.interactivity) {
    return failed(desk, user, "block_actions", "interactivity_disabled", text);
  }
  const inView = surface.kind === "view" ? surface.view.id : undefined;
  const source =
    surface.kind === "view" ? undefined : { ts: surface.message.ts, ephemeral: surface.kind === "ephemeral" };
  const payload = blockActions({
    workspace,
    user,
    surface,
    placed,
    input,
    inputs: inView === undefined ? {} : (drafts.get(inView) ?? {}),
    triggerId: triggers.issue(user.id, inView),
    responseUrl:
      surface.kind === "view"
        ? undefined
        : responseUrls.issue({
            user: user.id,
            channel: surface.channel.id,
            threadTs: surface.message.threadTs,
            source,
          }),
  });
  const outcome = await deliveries.interaction("interactive", "block_actions", { ...payload });
  return seen(desk, user, "block_actions", outcome, text);
}

/** Submits a view and shows what the app answers to it. */
export async function submitView(desk: PersonDesk, user: SlackUser, view: View): Promise<Seen> {
  const { workspace, deliveries, triggers, drafts, viewErrors } = desk;
  const inputs = drafts.get(view.id) ?? {};
  const complaints = clientComplaints(view.blocks, inputs);
  viewErrors.delete(view.id);
  if (Object.keys(complaints).length > 0) {
    viewErrors.set(view.id, complaints);
    workspace.changed();
    return { ok: false, error: "incomplete", text: Object.values(complaints).join(" ") };
  }
  const triggerId = triggers.issue(user.id, view.id);
  const payload = viewSubmission({ workspace, user, view, inputs, triggerId });
  const outcome = await deliveries.interaction("interactive", "view_submission", { ...payload });
  return seen(
    desk,
    user,
    "view_submission",
    outcome,
    "We had some trouble connecting. Try again?",
    (answer) => afterSubmit(desk, user, view, answer),
  );
}

/** https://docs.slack.dev/surfaces/modals#response_actions */
function afterSubmit(desk: PersonDesk, user: SlackUser, view: View, answer: Fields | undefined): void {
  const { workspace, viewErrors } = desk;
  const action = asText(answer, "response_action");
  const accepted = () => acceptView(answer?.["view"], "modal", () => workspace.id("b"));
  if (action === undefined) {
    closeModals(workspace, user.id, view.id);
  } else if (action === "clear") {
    closeModals(workspace, user.id);
  } else if (action === "update") {
    updateView(workspace, view, accepted());
  } else if (action === "push") {
    openModal(workspace, user.id, accepted(), workspace.modals.get(user.id) ?? []);
  } else if (action === "errors") {
    const errors = asFields(answer?.["errors"]) ?? {};
    const inputs = new Set(
      view.blocks.filter((each) => each["type"] === "input").map((each) => each["block_id"]),
    );
    if (Object.keys(errors).length === 0 || Object.keys(errors).some((blockId) => !inputs.has(blockId))) {
      throw new SlackFailure("invalid_arguments");
    }
    viewErrors.set(view.id, errors);
    workspace.changed();
  } else {
    throw new SlackFailure("invalid_arguments");
  }
}

/** The channel of this id or name; "@name" is the user's direct messages with them. The user must be in it. */
export function channelOf(workspace: Workspace, user: SlackUser, where: string): Channel {
  const other = where.startsWith("@") ? workspace.userBy(where.slice(1)) : undefined;
  const channel =
    other === undefined ? workspace.channelBy(where) : workspace.directMessages(user.id, other.id);
  if (channel?.members.has(user.id) !== true) {
    throw new Error(`${user.name} is in no channel "${where}"`);
  }
  return channel;
}
