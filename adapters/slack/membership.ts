import type { z } from "zod";
import type { enterpriseUserSchema } from "./payloads.ts";

/** Where we are: a workspace and, on Enterprise Grid, the organisation it belongs to. */
export interface OwnWorkspace {
  readonly team: string;
  readonly enterprise: string | undefined;
}

/**
 * Whether Slack's user object is a member's of our own workspace. In an organisation a user has one id in all its
 * workspaces, and `team_id` may be another of these or missing: there the list of the user's workspaces counts.
 * https://docs.slack.dev/enterprise, https://docs.slack.dev/reference/objects/user-object
 */
export function membership(
  member: {
    readonly team_id?: string | undefined;
    readonly enterprise_user?: z.infer<typeof enterpriseUserSchema> | undefined;
  },
  own: OwnWorkspace,
): "ours" | "elsewhere" | "not-said" {
  const { team_id: team, enterprise_user: user } = member;
  if (own.enterprise !== undefined && user?.teams !== undefined) {
    return user.enterprise_id === own.enterprise && user.teams.includes(own.team) ? "ours" : "elsewhere";
  }
  if (team === undefined) {
    return "not-said";
  }
  return team === own.team ? "ours" : "elsewhere";
}
