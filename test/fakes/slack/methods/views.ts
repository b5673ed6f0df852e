import { randomBytes } from "node:crypto";
import { acceptView } from "../block-kit/payloads.ts";
import type { Fields, View } from "../model.ts";
import { asText } from "../model.ts";
import { SlackFailure } from "../slack-failure.ts";
import { wireView } from "../wire.ts";
import type { Workspace } from "../workspace.ts";
import type { Desk, Methods } from "./method.ts";
import { json, required } from "./method.ts";

/** https://docs.slack.dev/reference/methods/views.push, "push_limit_reached": three views in a modal. */
const maxStack = 3;

/** https://docs.slack.dev/reference/methods/views.open and its siblings. */
export const viewMethods: Methods = {
  "views.open": { tier: 4, scope: undefined, call: open },
  "views.push": { tier: 4, scope: undefined, call: push },
  "views.update": { tier: 4, scope: undefined, call: update },
  "views.publish": { tier: 4, scope: undefined, call: publish },
};

function open(args: Fields, { workspace, triggers }: Desk): Fields {
  const accepted = accept(args, "modal", workspace);
  const { user } = triggers.exchange(asText(args, "trigger_id"));
  return { view: wireView(workspace, openModal(workspace, user, accepted, [])) };
}

function push(args: Fields, { workspace, triggers }: Desk): Fields {
  const accepted = accept(args, "modal", workspace);
  const { user, view } = triggers.exchange(asText(args, "trigger_id"));
  const stack = workspace.modals.get(user) ?? [];
  if (view === undefined || !stack.includes(view)) {
    throw new SlackFailure("not_found");
  }
  return { view: wireView(workspace, openModal(workspace, user, accepted, stack)) };
}

function update(args: Fields, { workspace }: Desk): Fields {
  const external = asText(args, "external_id");
  const view =
    external === undefined
      ? workspace.views.get(required(args, "view_id", "not_found"))
      : [...workspace.views.values()].find((each) => asText(each.body, "external_id") === external);
  if (
    view === undefined ||
    (view.type === "modal" && !(workspace.modals.get(view.user) ?? []).includes(view.id))
  ) {
    throw new SlackFailure("not_found");
  }
  refuseOldHash(args, view);
  updateView(workspace, view, accept(args, view.type, workspace, view.id));
  return { view: wireView(workspace, view) };
}

function publish(args: Fields, { workspace }: Desk): Fields {
  const user = workspace.users.get(required(args, "user_id"));
  if (!workspace.app.homeTab) {
    throw new SlackFailure("not_enabled");
  }
  if (user === undefined || user.deleted) {
    throw new SlackFailure("user_not_found");
  }
  const known = workspace.views.get(workspace.homes.get(user.id) ?? "");
  const accepted = accept(args, "home", workspace, known?.id);
  if (known !== undefined) {
    refuseOldHash(args, known);
    updateView(workspace, known, accepted);
    return { view: wireView(workspace, known) };
  }
  const view = newView(workspace, user.id, "home", accepted, []);
  workspace.homes.set(user.id, view.id);
  workspace.changed();
  return { view: wireView(workspace, view) };
}

type Accepted = Pick<View, "body" | "blocks">;

function accept(args: Fields, type: View["type"], workspace: Workspace, own?: string): Accepted {
  const accepted = acceptView(json(args, "view", "invalid_arguments"), type, () => workspace.id("b"));
  const external = asText(accepted.body, "external_id") ?? "";
  const taken = [...workspace.views.values()].some(
    (each) => each.id !== own && external !== "" && asText(each.body, "external_id") === external,
  );
  if (taken) {
    throw new SlackFailure("duplicate_external_id");
  }
  return accepted;
}

function refuseOldHash(args: Fields, view: View): void {
  const hash = asText(args, "hash");
  if (hash !== undefined && hash !== view.hash) {
    throw new SlackFailure("hash_conflict");
  }
}

/** Shows a modal on top of those given; an empty stack makes it the root. Throws "push_limit_reached". */
export function openModal(
  workspace: Workspace,
  user: string,
  accepted: Accepted,
  stack: readonly string[],
): View {
  if (stack.length >= maxStack) {
    throw new SlackFailure("push_limit_reached");
  }
  if (stack.length === 0) {
    closeModals(workspace, user);
  }
  const view = newView(workspace, user, "modal", accepted, stack);
  workspace.modals.set(user, [...stack, view.id]);
  workspace.changed();
  return view;
}

/** Replaces what a view shows. */
export function updateView(workspace: Workspace, view: View, accepted: Accepted): void {
  view.body = accepted.body;
  view.blocks = accepted.blocks;
  view.hash = newHash(workspace);
  workspace.changed();
}

/** Takes the visible modal away, or all of them. */
export function closeModals(workspace: Workspace, user: string, only?: string): void {
  const stack = workspace.modals.get(user) ?? [];
  const gone = only === undefined ? stack : stack.filter((each) => each === only);
  workspace.modals.set(
    user,
    stack.filter((each) => !gone.includes(each)),
  );
  for (const id of gone) {
    workspace.views.delete(id);
  }
  workspace.changed();
}

function newView(
  workspace: Workspace,
  user: string,
  type: View["type"],
  accepted: Accepted,
  stack: readonly string[],
): View {
  const id = workspace.id("V");
  const view: View = {
    id,
    type,
    user,
    rootId: stack[0] ?? id,
    previousId: stack.at(-1) ?? null,
    ...accepted,
    hash: newHash(workspace),
  };
  workspace.views.set(id, view);
  return view;
}

function newHash(workspace: Workspace): string {
  return `${workspace.ts().split(".")[0] ?? ""}.${randomBytes(4).toString("hex")}`;
}
