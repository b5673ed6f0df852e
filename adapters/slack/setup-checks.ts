import { z } from "zod";
import type { Card } from "../../src/card.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import { createLimiter } from "./limiter.ts";
import { refuseOrgInstall } from "./connection.ts";
import manifest from "./manifest.json" with { type: "json" };
import type { SlackSettings } from "./members.ts";
import { createMessages } from "./messages.ts";
import { answers } from "./payloads.ts";
import { threadOf } from "./slack-ids.ts";
import { socketOpener } from "./socket.ts";
import { type After, createSlackWeb, type SlackWeb } from "./web.ts";

export interface SetupCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
  /** What to do about it; empty where it is well. */
  readonly todo: string;
}

/** A scope that is not in the manifest is not asked for. */
const scopes: readonly string[] = manifest.oauth_config.scopes.bot;
const identity = answers.identity.extend({ url: z.string().default("") });

/**
 * Checks, one after the other, what Slack says of both tokens, the scopes, a connection and the channel of approvals,
 * and posts a test card there. Goes on after a failure where the next check makes sense.
 */
export async function* checkSetup(o: {
  readonly settings: SlackSettings;
  readonly clock: Clock;
  readonly after: After;
  readonly log: Logger;
}): AsyncGenerator<SetupCheck> {
  const { settings, after, log } = o;
  const web = createSlackWeb({
    token: settings.botToken,
    apiUrl: settings.apiUrl,
    limiter: createLimiter(o.clock),
    after,
    log,
  });
  let self: z.infer<typeof identity> | undefined;
  yield await check(
    "bot token",
    "copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions to SLACK_BOT_TOKEN",
    async () => {
      const answer = await web.call("auth.test", {}, { answer: identity });
      refuseOrgInstall(answer);
      self = answer;
      return `team ${self.team_id} (${self.team}), bot user ${self.user_id}`;
    },
  );
  if (self !== undefined) {
    yield checkScopes(self.response_metadata?.scopes ?? []);
  }
  yield await check(
    "socket",
    "enable Socket Mode and copy an app-level token (xapp-…) with the scope connections:write to SLACK_APP_TOKEN",
    async () => {
      const open = socketOpener({ appToken: settings.appToken, apiUrl: settings.apiUrl, after, log });
      const ignore = { envelope: () => undefined, leaving: () => undefined, closed: () => undefined };
      const { socket, connections } = await open(ignore);
      await socket.close();
      return `opened and closed; the app then had ${connections} of at most 10`;
    },
  );
  const channel = settings.approvals;
  if (self === undefined) {
    return;
  }
  if (channel === undefined) {
    yield well("approvals", "no channel set: approvals go to the direct messages of those who may decide");
    return;
  }
  yield await check(
    "approvals",
    `invite the bot to ${channel} (/invite), correct COUNTERSIGN_SLACK_APPROVALS, or add the scope that Slack names`,
    () => membership(web, channel),
  );
  const { team_id: team, user_id: user, bot_id: bot } = self;
  yield await check("test card", "see the checks above", async () => {
    const messages = createMessages({ web, self: () => ({ user, bot }) });
    await messages.post(threadOf({ team, channel }), testCard, "setup-test");
    return `posted in ${channel}: look at it, then delete it`;
  });
}

const testCard: Card = {
  kind: "notice",
  run: null,
  title: "Countersign is connected",
  text: "This is a test of the set-up. Approvals of requests will appear here.",
  tone: "good",
  facts: [],
  steps: [],
  tables: [],
  plan: null,
  approval: null,
  undo: null,
  options: [],
};

function checkScopes(given: readonly string[]): SetupCheck {
  const missing = scopes.filter((scope) => !given.includes(scope));
  const unneeded = given.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) {
    const todo =
      "add them under OAuth & Permissions (or paste adapters/slack/manifest.json), then reinstall the app";
    return { name: "scopes", ok: false, text: `missing: ${missing.join(", ")}`, todo };
  }
  const more = unneeded.length === 0 ? "" : `; not needed: ${unneeded.join(", ")}`;
  return well("scopes", `all ${scopes.length} there${more}`);
}
async function membership(web: SlackWeb, channel: string): Promise<string> {
  const { channel: found } = await web.call(
    "conversations.info",
    { channel },
    { answer: answers.membership },
  );
  if (found.is_archived) {
    throw new Error(`#${found.name ?? channel} is archived`);
  }
  if (!found.is_member) {
    throw new Error(`the bot is no member of #${found.name ?? channel}`);
  }
  return `#${found.name ?? channel} (${channel}), the bot is a member`;
}

/** What to do where it is not the check's own setting that is wrong. */
const todoOf: Readonly<Record<string, string>> = {
  "slack-unavailable": "see that this machine reaches slack.com over HTTPS, then try again",
  "rate-limited": "wait a minute, then try again",
};
async function check(name: string, todo: string, look: () => Promise<string>): Promise<SetupCheck> {
  try {
    return well(name, await look());
  } catch (error) {
    const { code, message } = toErrorInfo(error);
    const text = code === "internal" && error instanceof Error ? error.message : `${message} (${code})`;
    return { name, ok: false, text, todo: todoOf[code] ?? todo };
  }
}
function well(name: string, text: string): SetupCheck {
  return { name, ok: true, text, todo: "" };
}
