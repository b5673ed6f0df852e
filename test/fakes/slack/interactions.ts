import type {
  BasicElementAction,
  BlockAction,
  MessageShortcut,
  SlashCommand,
  ViewClosedAction,
  ViewOutput,
  ViewSubmitAction,
} from "@slack/bolt";
import type { Inputs, PlacedElement } from "./element-state.ts";
import { elementState, stateOf } from "./element-state.ts";
import type { Channel, EphemeralMessage, Message, SlackUser, View } from "./model.ts";
import { asText } from "./model.ts";
import { wireMessage, wireView } from "./wire.ts";
import type { Workspace } from "./workspace.ts";

/** Payloads of interactions, as https://docs.slack.dev/reference/interaction-payloads and Bolt's types have them. */

/** What a message's element, or a view's, was worked in. */
export type Surface =
  | { readonly kind: "message"; readonly message: Message; readonly channel: Channel }
  | { readonly kind: "ephemeral"; readonly message: EphemeralMessage; readonly channel: Channel }
  | { readonly kind: "view"; readonly view: View };

export function blockActions(o: {
  workspace: Workspace;
  user: SlackUser;
  surface: Surface;
  placed: PlacedElement;
  input: string | undefined;
  inputs: Inputs;
  triggerId: string;
  responseUrl: string | undefined;
}): BlockAction<BasicElementAction> {
  const { workspace, surface } = o;
  const payload: Omit<BlockAction<BasicElementAction>, "response_url" | "message"> = {
    type: "block_actions",
    user: userOf(o.workspace, o.user),
    api_app_id: workspace.app.id,
    token: workspace.app.verificationToken,
    container: containerOf(surface),
    trigger_id: o.triggerId,
    ...placeOf(workspace),
    ...(surface.kind === "view"
      ? { view: viewOf(workspace, surface.view, o.inputs) }
      : {
          channel: { id: surface.channel.id, name: surface.channel.name },
          state: { values: stateOf(surface.message.blocks, o.inputs) },
        }),
    actions: [actionOf(workspace, o.placed, o.input)],
  };
  return {
    ...payload,
    ...(surface.kind === "message" ? { message: wireMessage(workspace, surface.message) } : {}),
    ...(o.responseUrl === undefined ? {} : { response_url: o.responseUrl }),
  } as BlockAction<BasicElementAction>;
}

export function viewSubmission(o: {
  workspace: Workspace;
  user: SlackUser;
  view: View;
  inputs: Inputs;
  triggerId: string;
}): ViewSubmitAction {
  return {
    type: "view_submission",
    ...placeOf(o.workspace),
    user: userOf(o.workspace, o.user),
    api_app_id: o.workspace.app.id,
    token: o.workspace.app.verificationToken,
    trigger_id: o.triggerId,
    view: viewOf(o.workspace, o.view, o.inputs),
    response_urls: [],
  };
}

export function viewClosed(o: {
  workspace: Workspace;
  user: SlackUser;
  view: View;
  inputs: Inputs;
  cleared: boolean;
}): ViewClosedAction {
  return {
    type: "view_closed",
    ...placeOf(o.workspace),
    user: userOf(o.workspace, o.user),
    api_app_id: o.workspace.app.id,
    token: o.workspace.app.verificationToken,
    view: viewOf(o.workspace, o.view, o.inputs),
    is_cleared: o.cleared,
  };
}

export function messageAction(o: {
  workspace: Workspace;
  user: SlackUser;
  message: Message;
  channel: Channel;
  callbackId: string;
  triggerId: string;
  responseUrl: string;
}): MessageShortcut {
  const wire = wireMessage(o.workspace, o.message);
  return {
    type: "message_action",
    token: o.workspace.app.verificationToken,
    action_ts: o.workspace.ts(),
    ...placeOf(o.workspace),
    user: userOf(o.workspace, o.user),
    channel: { id: o.channel.id, name: o.channel.name },
    callback_id: o.callbackId,
    trigger_id: o.triggerId,
    response_url: o.responseUrl,
    message_ts: o.message.ts,
    message: { ...wire, type: "message", ts: o.message.ts },
  };
}

/** https://docs.slack.dev/interactivity/implementing-slash-commands */
export function slashCommand(o: {
  workspace: Workspace;
  user: SlackUser;
  channel: Channel;
  command: string;
  text: string;
  triggerId: string;
  responseUrl: string;
}): SlashCommand {
  const { team, app } = o.workspace;
  return {
    token: app.verificationToken,
    team_id: team.id,
    team_domain: team.domain,
    channel_id: o.channel.id,
    channel_name: o.channel.kind === "private" ? "privategroup" : o.channel.name,
    user_id: o.user.id,
    user_name: o.user.name,
    command: o.command,
    text: o.text,
    api_app_id: app.id,
    is_enterprise_install: "false",
    response_url: o.responseUrl,
    trigger_id: o.triggerId,
    ...(team.enterprise === undefined
      ? {}
      : { enterprise_id: team.enterprise.id, enterprise_name: team.enterprise.name }),
  };
}

/** In an organisation its users' `team_id` is the organisation's id: slackapi/bolt-js#1875. */
function userOf(
  { team }: Workspace,
  user: SlackUser,
): { id: string; username: string; name: string; team_id: string } {
  const inOrg = user.teamId === team.id || user.orgTeams !== undefined;
  const teamId = inOrg ? (team.enterprise?.id ?? user.teamId) : user.teamId;
  return { id: user.id, username: user.name, name: user.name, team_id: teamId };
}

function placeOf({ team }: Workspace) {
  const { enterprise } = team;
  return {
    team: {
      id: team.id,
      domain: team.domain,
      ...(enterprise === undefined ? {} : { enterprise_id: enterprise.id, enterprise_name: enterprise.name }),
    },
    is_enterprise_install: false,
    ...(enterprise === undefined ? {} : { enterprise }),
  };
}

function containerOf(surface: Surface): Record<string, unknown> {
  if (surface.kind === "view") {
    return { type: "view", view_id: surface.view.id };
  }
  return {
    type: "message",
    message_ts: surface.message.ts,
    channel_id: surface.channel.id,
    is_ephemeral: surface.kind === "ephemeral",
    ...(surface.message.threadTs === undefined ? {} : { thread_ts: surface.message.threadTs }),
  };
}

function viewOf(workspace: Workspace, view: View, inputs: Inputs): ViewOutput {
  return wireView(workspace, view, stateOf(view.blocks, inputs)) as unknown as ViewOutput;
}

function actionOf(
  workspace: Workspace,
  { block, element }: PlacedElement,
  input: string | undefined,
): BasicElementAction {
  const { options: _options, option_groups: _groups, placeholder, ...rest } = element;
  return {
    ...rest,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...elementState(element, input),
    type: asText(element, "type") ?? "",
    action_id: asText(element, "action_id") ?? "",
    block_id: asText(block, "block_id") ?? "",
    action_ts: workspace.ts(),
  };
}
