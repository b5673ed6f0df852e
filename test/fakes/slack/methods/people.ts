import { asText } from "../model.ts";
import { SlackFailure } from "../slack-failure.ts";
import { wireUser } from "../wire.ts";
import type { Workspace } from "../workspace.ts";
import type { Methods } from "./method.ts";
import { limitOf, page, required } from "./method.ts";

/** Users, the team, the bot and the token: https://docs.slack.dev/reference/methods/users.info and others. */
export const peopleMethods: Methods = {
  "users.info": {
    tier: 4,
    scope: "users:read",
    call: (args, { workspace }) => {
      const user = workspace.users.get(required(args, "user", "user_not_found"));
      if (user === undefined) {
        throw new SlackFailure("user_not_found");
      }
      return { user: wireUser(workspace, user, mayReadEmail(workspace)) };
    },
  },
  "users.list": {
    tier: 2,
    scope: "users:read",
    call: (args, { workspace, clock }) => {
      const { items, cursor } = page([...workspace.users.values()], args, limitOf(args, 1000, 1000));
      return {
        members: items.map((each) => wireUser(workspace, each, mayReadEmail(workspace))),
        cache_ts: Math.floor(clock.now() / 1000),
        response_metadata: { next_cursor: cursor },
      };
    },
  },
  /** Finds no deactivated users and no strangers. */
  "users.lookupByEmail": {
    tier: 3,
    scope: "users:read.email",
    call: (args, { workspace }) => {
      const email = required(args, "email", "users_not_found").toLowerCase();
      const user = [...workspace.users.values()].find(
        (each) => each.email?.toLowerCase() === email && !each.deleted && each.teamId === workspace.team.id,
      );
      if (user === undefined) {
        throw new SlackFailure("users_not_found");
      }
      return { user: wireUser(workspace, user, true) };
    },
  },
  "team.info": {
    tier: 3,
    scope: "team:read",
    call: (_args, { workspace: { team } }) => ({
      team: {
        id: team.id,
        name: team.name,
        domain: team.domain,
        email_domain: "",
        icon: {},
        ...(team.enterprise === undefined
          ? {}
          : {
              enterprise_id: team.enterprise.id,
              enterprise_name: team.enterprise.name,
              enterprise_domain: team.domain,
            }),
      },
    }),
  },
  "bots.info": {
    tier: 3,
    scope: "users:read",
    call: (args, { workspace: { app } }) => {
      if ((asText(args, "bot") ?? app.botId) !== app.botId) {
        throw new SlackFailure("bot_not_found");
      }
      return {
        bot: {
          id: app.botId,
          deleted: false,
          name: app.name,
          updated: 0,
          app_id: app.id,
          user_id: app.botUserId,
          icons: {},
        },
      };
    },
  },
  "auth.test": {
    tier: "special",
    scope: undefined,
    call: (_args, { workspace: { team, app, address } }) => ({
      url: address,
      team: team.name,
      user: app.name,
      team_id: team.id,
      user_id: app.botUserId,
      bot_id: app.botId,
      is_enterprise_install: false,
      ...(team.enterprise === undefined ? {} : { enterprise_id: team.enterprise.id }),
    }),
  },
  "apps.connections.open": {
    tier: 3,
    scope: undefined,
    token: "app",
    call: (_args, { workspace, sockets }) => {
      const address = new URL("/link/", workspace.address.replace(/^http/, "ws"));
      address.searchParams.set("ticket", sockets.ticket());
      address.searchParams.set("app_id", workspace.app.id);
      return { url: address.href };
    },
  },
};

/** The address appears in a profile only with this scope. */
function mayReadEmail(workspace: Workspace): boolean {
  return workspace.app.scopes.has("users:read.email");
}
