import { z } from "zod";
import type { ListedMember } from "../../src/accounts.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import { createLimiter } from "./limiter.ts";
import { membership } from "./membership.ts";
import { answers, enterpriseUserSchema } from "./payloads.ts";
import { cursorField, pages } from "./pages.ts";
import { patienceMs } from "./patience.ts";
import { accountOf } from "./slack-ids.ts";
import { type After, createSlackWeb } from "./web.ts";

export interface SlackSettings {
  readonly botToken: string;
  readonly appToken: string;
  /** The channel of those who decide, if there is one. */
  readonly approvals: string | undefined;
  /** Another place than Slack: a stand-in on this machine. */
  readonly apiUrl: string | undefined;
}

const mostPages = 200;
const listed = z.object({
  ok: z.literal(true),
  members: z.array(
    z.object({
      id: z.string().regex(/^[A-Z0-9]{2,40}$/),
      team_id: z.string().optional(),
      enterprise_user: enterpriseUserSchema.optional(),
      name: z.string().default(""),
      real_name: z.string().optional(),
      deleted: z.boolean().default(false),
      is_bot: z.boolean().default(false),
      is_restricted: z.boolean().default(false),
      is_ultra_restricted: z.boolean().default(false),
      is_stranger: z.boolean().default(false),
      profile: z.object({ email: z.string().optional() }).default({}),
    }),
  ),
  ...cursorField,
});
const slackbot = "USLACKBOT";

/** Everybody that Slack lists, page by page, within its limits. Needs the scopes users:read and users:read.email. */
export async function listMembers(
  settings: SlackSettings,
  o: { readonly clock: Clock; readonly after: After; readonly log: Logger },
): Promise<readonly ListedMember[]> {
  const web = createSlackWeb({
    token: settings.botToken,
    apiUrl: settings.apiUrl,
    limiter: createLimiter(o.clock),
    after: o.after,
    log: o.log,
  });
  const { team_id: home, enterprise_id: enterprise } = await web.call(
    "auth.test",
    {},
    { answer: answers.identity },
  );
  const members: ListedMember[] = [];
  const reading = { answer: listed, patienceMs: patienceMs.list, mostPages };
  for await (const page of pages(web, "users.list", {}, reading)) {
    for (const each of page.members) {
      // Only members of this workspace are listed without saying where they are.
      const isHome = membership(each, { team: home, enterprise: enterprise ?? undefined }) !== "elsewhere";
      members.push({
        account: accountOf(isHome ? home : (each.team_id ?? home), each.id),
        email: each.profile.email ?? null,
        name: each.real_name ?? each.name,
        kind: kindOf(each, isHome),
      });
    }
  }
  return members;
}

function kindOf(member: z.infer<typeof listed>["members"][number], isHome: boolean): ListedMember["kind"] {
  if (member.deleted) {
    return "deactivated";
  }
  if (member.is_bot || member.id === slackbot) {
    return "bot";
  }
  if (member.is_stranger || !isHome) {
    return "external";
  }
  return member.is_restricted || member.is_ultra_restricted ? "guest" : "member";
}
