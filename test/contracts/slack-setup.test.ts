import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlackSettings } from "../../adapters/slack/members.ts";
import { checkSetup, type SetupCheck } from "../../adapters/slack/setup-checks.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { ownApp } from "../fakes/own-app.ts";
import type { AppManifest } from "../fakes/slack/app-manifest.ts";
import { type FakeSlack, startSlack } from "../fakes/slack/start-slack.ts";

/** What `countersign slack setup` says of wrong settings: which, what Slack says, and what to do; never a token. */

/** The checks by name, of an office with these settings. */
async function checksOf(
  change: (slack: FakeSlack) => Partial<SlackSettings>,
  manifest: AppManifest = ownApp,
): Promise<Readonly<Record<string, SetupCheck>>> {
  const slack = await startSlack({ manifest });
  try {
    const { botToken, appToken, apiUrl } = slack;
    const settings = { botToken, appToken, apiUrl, approvals: undefined, ...change(slack) };
    const found: Record<string, SetupCheck> = {};
    for await (const check of checkSetup({
      settings,
      clock: { now: () => Date.now() },
      after: () => () => undefined,
      log: silentLogger,
    })) {
      found[check.name] = check;
    }
    const said = JSON.stringify(found);
    assert.ok(!said.includes(settings.botToken) && !said.includes(settings.appToken), "a token is said");
    return found;
  } finally {
    await slack.stop();
  }
}

test("a bot token that Slack does not know: which setting, and the rest is still checked", async () => {
  const { "bot token": bot, socket, approvals } = await checksOf(() => ({ botToken: "xoxb-99999999-none" }));
  assert.equal(bot?.ok, false);
  assert.match(bot?.text ?? "", /auth\.test: invalid_auth/);
  assert.match(bot?.todo ?? "", /xoxb-.* to SLACK_BOT_TOKEN/);
  assert.equal(socket?.ok, true);
  assert.equal(approvals, undefined, "without an identity nothing is posted");
});

test("an app token that Slack does not know, or has revoked: which setting, and what token belongs there", async () => {
  for (const change of [
    () => ({ appToken: "xapp-99999999-none" }),
    (slack: FakeSlack) => {
      slack.revoke(slack.appToken);
      return {};
    },
  ]) {
    const { "bot token": bot, socket } = await checksOf(change);
    assert.equal(bot?.ok, true);
    assert.match(socket?.text ?? "", /apps\.connections\.open: (invalid_auth|token_revoked)/);
    assert.match(socket?.todo ?? "", /xapp-.*connections:write to SLACK_APP_TOKEN/);
  }
});

test("scopes that are missing are named, also by the check that needs them", async () => {
  const given = ["app_mentions:read", "chat:write", "commands", "im:history"];
  const manifest = {
    ...ownApp,
    oauth_config: { scopes: { bot: given } },
    settings: { ...ownApp.settings, event_subscriptions: { bot_events: ["app_mention"] } },
  };
  const { scopes, approvals } = await checksOf(() => ({ approvals: "C0ORDERS01" }), manifest);
  assert.match(scopes?.text ?? "", /missing: .*channels:read, .*users:read/);
  assert.ok(given.every((scope) => !(scopes?.text ?? "").includes(scope)));
  assert.match(scopes?.todo ?? "", /reinstall/);
  assert.match(approvals?.text ?? "", /missing_scope, it needs channels:read/);
});

test("a channel of approvals that is not there, archived, or without the bot is told with its id and the setting", async () => {
  for (const [channel, text, prepare] of [
    ["C0NOTHERE1", /channel_not_found/, () => undefined],
    ["C0FINANCE1", /channel_not_found|no member/, () => undefined],
    [
      "C0ORDERS01",
      /#orders is archived/,
      (slack: FakeSlack) => {
        const found = slack.workspace.channelBy("orders");
        assert.ok(found);
        found.archived = true;
      },
    ],
  ] as const) {
    const { approvals, "test card": card } = await checksOf((slack) => {
      prepare(slack);
      return { approvals: channel };
    });
    assert.match(approvals?.text ?? "", text);
    assert.match(approvals?.todo ?? "", new RegExp(`${channel}.*COUNTERSIGN_SLACK_APPROVALS`));
    assert.equal(card?.ok, false);
  }
});

test("a Slack that cannot be reached blames the way there, not the tokens", async () => {
  const { "bot token": bot, socket } = await checksOf((slack) => {
    slack.faults.api("*", { kind: "lost-request" }, 10);
    return {};
  });
  for (const check of [bot, socket]) {
    assert.match(check?.text ?? "", /no answer from Slack/);
    assert.match(check?.todo ?? "", /reaches slack\.com/);
  }
});
